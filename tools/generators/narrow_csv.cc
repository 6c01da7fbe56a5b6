// narrow_csv: writes sensor readings as CSV, the same for the same options on every machine.
//   narrow_csv [--rows N] [--devices N] [--channels N] [--shuffle-window N] [--missing SHARE]
//   [--duplicates SHARE] [--random 1] [--json 1] [--notes 1] [--hostile 1] [--seed N] [PATH]
// Lines such as 2023-11-14T22:13:20Z,dev-000000,ch_00,85.8512: each second every device reports
// every channel. `rows` readings (20 million, 928 MB) are taken from that grid; then SHARE of them
// is left out or written twice, and rows are shuffled inside blocks of N. With --random each row is
// one of the grid's at random, so that many come several times and in no order. --json writes
// objects. --notes adds a text column, and --hostile makes it what real files have: 2 % of the texts
// hold commas, quotes and line ends, lines end in CRLF, and one row in a thousand is bad in one of
// four ways; the note of a bad row begins with "bad". Without PATH rows go to stdout; their number,
// and that of the bad ones, goes to stderr.
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/core/hash.h"
#include "engine/core/time.h"

namespace {

using namespace flowrun;

constexpr Micros kFirstSecond = 1'700'000'000 * kSecond;  // 2023-11-14T22:13:20Z
constexpr std::uint64_t kValues = 1'800'000;              // 0.0000 to 179.9999
constexpr std::size_t kLongestLine = 256;
constexpr std::uint64_t kForMissing = 101;
constexpr std::uint64_t kForDuplicates = 102;
constexpr std::uint64_t kForRandom = 103;
constexpr std::uint64_t kForNotes = 104;
constexpr std::size_t kBufferBytes = 1 << 20;

struct Settings {
  std::uint64_t rows = 20'000'000;
  std::uint64_t devices = 1000;
  std::uint64_t channels = 20;
  std::uint64_t shuffle_window = 0;
  std::uint64_t random = 0;
  std::uint64_t json = 0;
  std::uint64_t notes = 0;
  std::uint64_t hostile = 0;
  double missing = 0;
  double duplicates = 0;
  std::uint64_t seed = 1;
  std::string path;
};

template <typename T>
T number_of(const std::string& option, std::string_view text) {
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw std::runtime_error(option + " wants a number, not \"" + std::string(text) + "\"");
  }
  return number;
}

Settings read_settings(const std::vector<std::string>& words) {
  Settings settings;
  const std::map<std::string, std::uint64_t*> counts{{"--rows", &settings.rows},
                                                     {"--devices", &settings.devices},
                                                     {"--channels", &settings.channels},
                                                     {"--shuffle-window", &settings.shuffle_window},
                                                     {"--random", &settings.random},
                                                     {"--json", &settings.json},
                                                     {"--notes", &settings.notes},
                                                     {"--hostile", &settings.hostile},
                                                     {"--seed", &settings.seed}};
  const std::map<std::string, double*> shares{{"--missing", &settings.missing},
                                              {"--duplicates", &settings.duplicates}};
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto count = counts.find(words[i]);
    const auto share = shares.find(words[i]);
    if (count == counts.end() && share == shares.end()) {
      if (words[i].starts_with("-")) throw std::runtime_error("there is no option " + words[i]);
      settings.path = words[i];
      continue;
    }
    if (i + 1 == words.size()) throw std::runtime_error(words[i] + " wants a value");
    if (count != counts.end()) *count->second = number_of<std::uint64_t>(words[i], words[i + 1]);
    if (share != shares.end()) *share->second = number_of<double>(words[i], words[i + 1]);
    ++i;
  }
  if (settings.devices == 0 || settings.channels == 0)
    throw std::runtime_error("no devices or channels");
  return settings;
}

/// Writes lines through a buffer of its own. One thread.
class Writer {
 public:
  Writer(const Settings& settings, std::FILE* file)
      : settings_(settings), file_(file), buffer_(kBufferBytes) {}

  /// Appends the reading with number `at` of the grid.
  void line(std::uint64_t at) {
    if (used_ + kLongestLine > buffer_.size()) flush();
    const auto second = at / (settings_.devices * settings_.channels);
    if (second != second_ || moment_.empty()) {
      second_ = second;
      moment_ = format_timestamptz(kFirstSecond + static_cast<Micros>(second) * kSecond);
    }
    char* out = buffer_.data() + used_;
    out = settings_.json != 0 ? object(out, at) : fields(out, at);
    used_ = static_cast<std::size_t>(out - buffer_.data());
    ++lines_;
  }

  void text_line(std::string_view line) {
    text(buffer_.data() + used_, line);
    used_ += line.size();
  }

  void flush() {
    if (std::fwrite(buffer_.data(), 1, used_, file_) != used_ || std::fflush(file_) != 0) {
      throw std::runtime_error(std::string("the output cannot be written: ") +
                               std::strerror(errno));
    }
    used_ = 0;
  }

  [[nodiscard]] std::uint64_t lines() const { return lines_; }
  [[nodiscard]] std::uint64_t bad() const { return bad_; }

 private:
  char* device(char* out, std::uint64_t at) const {
    return digits(text(out, "dev-"), at / settings_.channels % settings_.devices, 6);
  }
  char* channel(char* out, std::uint64_t at) const {
    return digits(text(out, "ch_"), at % settings_.channels, 2);
  }
  char* value(char* out, std::uint64_t at) const {
    const auto value = mix(settings_.seed, at) % kValues;
    out = std::to_chars(out, out + 4, value / 10'000).ptr;
    *out++ = '.';
    return digits(out, value % 10'000, 4);
  }

  char* object(char* out, std::uint64_t at) const {
    out = text(text(text(out, "{\"ts\":\""), moment_), "\",\"device\":\"");
    out = text(device(out, at), "\",\"channel\":\"");
    out = text(channel(out, at), "\",\"value\":");
    return text(value(out, at), "}\n");
  }

  char* fields(char* out, std::uint64_t at) {
    constexpr std::uint64_t kBadOneIn = 1000;
    const auto draw = mix(mix(settings_.seed, kForNotes), lines_);
    const bool is_bad = settings_.hostile != 0 && draw % kBadOneIn == 0;
    bad_ += is_bad ? 1 : 0;
    // A time that is none, a number that is none, a field too few, a field too many.
    const auto fault = is_bad ? 1 + draw / kBadOneIn % 4 : 0;
    out = fault == 1 ? text(out, "yesterday") : text(out, moment_);
    *out++ = ',';
    out = device(out, at);
    *out++ = ',';
    out = channel(out, at);
    *out++ = ',';
    if (fault != 3) out = fault == 2 ? text(out, "12.5.1") : value(out, at);
    if (settings_.notes != 0) {
      if (fault != 3) *out++ = ',';
      out = note(out, draw, is_bad);
    }
    if (fault == 4) out = text(out, ",more");
    return text(out, settings_.hostile != 0 ? "\r\n" : "\n");
  }

  char* note(char* out, std::uint64_t draw, bool is_bad) const {
    constexpr std::uint64_t kQuotedOneIn = 50;
    out = text(out, is_bad ? "bad " : "");
    const bool is_quoted = settings_.hostile != 0 && !is_bad && draw / 7 % kQuotedOneIn == 0;
    if (!is_quoted) return digits(text(out, "note "), draw % 100'000, 5);
    return text(digits(text(out, "\"said \"\"stop\"\", then\r\n"), draw % 100'000, 5), ", and went\"");
  }

  static char* text(char* out, std::string_view text) {
    std::memcpy(out, text.data(), text.size());
    return out + text.size();
  }

  /// `number` with at least `width` digits.
  static char* digits(char* out, std::uint64_t number, int width) {
    char reversed[20];
    int count = 0;
    for (; number > 0 || count < width; number /= 10)
      reversed[count++] = static_cast<char>('0' + number % 10);
    while (count > 0) *out++ = reversed[--count];
    return out;
  }

  const Settings& settings_;
  std::FILE* file_;
  std::vector<char> buffer_;
  std::size_t used_ = 0;
  std::uint64_t lines_ = 0;
  std::uint64_t bad_ = 0;
  std::uint64_t second_ = 0;
  std::string moment_;
};

/// A number from 0 to 1 that depends on the reading and on what it is for.
double chance(const Settings& settings, std::uint64_t at, std::uint64_t purpose) {
  return static_cast<double>(mix(mix(settings.seed, purpose), at) >> 11U) * 0x1p-53;
}

void write_block(std::vector<std::uint64_t>& block, const Settings& settings, std::uint64_t number,
                 Writer& writer) {
  for (std::size_t left = block.size(); left > 1; --left) {
    std::swap(block[left - 1], block[mix(mix(settings.seed, number), left) % left]);
  }
  for (const auto at : block) writer.line(at);
  block.clear();
}

void write_all(const Settings& settings, Writer& writer) {
  if (settings.json == 0) {
    writer.text_line(settings.notes != 0 ? "ts,device,channel,value,note\n"
                                         : "ts,device,channel,value\n");
  }
  std::vector<std::uint64_t> block;
  std::uint64_t blocks = 0;
  for (std::uint64_t at = 0; at < settings.rows; ++at) {
    if (settings.missing > 0 && chance(settings, at, kForMissing) < settings.missing) continue;
    const bool twice =
        settings.duplicates > 0 && chance(settings, at, kForDuplicates) < settings.duplicates;
    for (int copies = twice ? 2 : 1; copies > 0; --copies) {
      if (settings.random != 0) {
        writer.line(mix(mix(settings.seed, kForRandom), at) % settings.rows);
        continue;
      }
      if (settings.shuffle_window == 0) {
        writer.line(at);
        continue;
      }
      block.push_back(at);
      if (block.size() == settings.shuffle_window) write_block(block, settings, blocks++, writer);
    }
  }
  write_block(block, settings, blocks, writer);
  writer.flush();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const auto settings = read_settings({argv + 1, argv + argc});
    const auto close = [](std::FILE* file) { std::fclose(file); };
    std::unique_ptr<std::FILE, decltype(close)> owned(
        settings.path.empty() ? nullptr : std::fopen(settings.path.c_str(), "wb"), close);
    if (!settings.path.empty() && !owned)
      throw std::runtime_error(settings.path + " cannot be opened: " + std::strerror(errno));
    Writer writer(settings, owned ? owned.get() : stdout);
    write_all(settings, writer);
    std::fprintf(stderr, "%llu rows, %llu bad\n", static_cast<unsigned long long>(writer.lines()),
                 static_cast<unsigned long long>(writer.bad()));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "narrow_csv: %s\n", error.what());
    return 2;
  }
}
