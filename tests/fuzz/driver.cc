// The main function of a fuzz target without libFuzzer: runs it on given inputs and on some changes
// of them by chance, the same ones every time.
//
//   TARGET [--changes N] PATH…     N changes, twenty times as many where FLOWRUN_SOAK is set; a
//                                  folder stands for its files; of FILE.tsv every line up to the
//                                  first tab is an input
//
// An input that ends the process is left in the file found_input.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
// There in an executable with a sanitizer.
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());

namespace {

constexpr std::size_t kMostBytes = 4096;  // as libFuzzer's own limit
constexpr long kSoakFactor = 20;
constexpr std::string_view kTelling = "\"'\\,;:.{}[]()$#=-+0179eE \t\r\n\xC3\xA9\xFF";

std::string at_hand;  // the input that runs

/// Uses nothing that a signal handler may not.
void keep_input() {
  const int fd = ::open("found_input", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) return;
  const auto written = ::write(fd, at_hand.data(), at_hand.size());
  static_cast<void>(::close(fd));
  constexpr std::string_view kSaid = "fuzz: the input is in the file found_input\n";
  if (written >= 0) static_cast<void>(!::write(STDERR_FILENO, kSaid.data(), kSaid.size()));
}

void on_signal(int number) {
  keep_input();
  ::signal(number, SIG_DFL);
  ::raise(number);
}

void run(std::string input) {
  at_hand = std::move(input);
  // A copy of its own size: a sanitizer sees a read beyond it.
  const std::vector<std::uint8_t> bytes(at_hand.begin(), at_hand.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

std::string read_whole(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in.is_open()) {
    std::fprintf(stderr, "fuzz: cannot read %s\n", path.c_str());
    std::exit(EXIT_FAILURE);
  }
  return text;
}

void add_inputs(const std::filesystem::path& path, std::vector<std::string>& inputs) {
  if (std::filesystem::is_directory(path)) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(path)) files.push_back(entry);
    std::sort(files.begin(), files.end());
    for (const auto& file : files) add_inputs(file, inputs);
  } else if (path.extension() == ".tsv") {
    std::ifstream in(path);
    for (std::string line; std::getline(in, line);)
      inputs.push_back(line.substr(0, line.find('\t')));
  } else {
    inputs.push_back(read_whole(path));
  }
}

/// Changes inputs by chance. Numbers are made by remainders, because the standard's distributions
/// differ from library to library.
class Changes {
 public:
  explicit Changes(const std::vector<std::string>& inputs) : inputs_(inputs) {}

  std::string make() {
    auto text = inputs_[below(inputs_.size())];
    for (auto times = 1 + below(4); times > 0; --times) change(text);
    if (text.size() > kMostBytes) text.resize(kMostBytes);
    return text;
  }

 private:
  std::size_t below(std::size_t count) { return count == 0 ? 0 : random_() % count; }

  void change(std::string& text) {
    const auto at = below(text.size() + 1);
    const auto length = 1 + below(8);
    const char telling = kTelling[below(kTelling.size())];
    switch (below(6)) {
      case 0:
        text.insert(at, 1, telling);
        break;
      case 1:
        text.erase(at, length);
        break;
      case 2:
        if (at < text.size()) text[at] = telling;
        break;
      case 3:
        if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << below(8)));
        break;
      case 4:
        text.insert(below(text.size() + 1), text.substr(at, length * length));
        break;
      default: {
        const auto& other = inputs_[below(inputs_.size())];
        text.insert(at, other.substr(below(other.size() + 1), length * length));
      }
    }
  }

  const std::vector<std::string>& inputs_;
  std::mt19937 random_{20'260'715};
};

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> inputs;
  long changes = 0;
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--changes" && i + 1 < argc) {
      changes = std::strtol(argv[++i], nullptr, 10);
    } else {
      add_inputs(argv[i], inputs);
    }
  }
  if (inputs.empty()) {
    std::fprintf(stderr, "fuzz: no inputs; name files or folders that hold some\n");
    return EXIT_FAILURE;
  }
  if (std::getenv("FLOWRUN_SOAK") != nullptr) changes *= kSoakFactor;
  if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(keep_input);
  for (const int number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) ::signal(number, on_signal);
  for (const auto& input : inputs) run(input);
  Changes made(inputs);
  for (long i = 0; i < changes; ++i) run(made.make());
  std::printf("%zu inputs and %ld changes of them\n", inputs.size(), changes);
  return EXIT_SUCCESS;
}
