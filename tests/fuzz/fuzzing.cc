#include "tests/fuzz/fuzzing.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace flowrun::fuzzing {

void broken(std::string_view promise, std::string_view details) {
  std::fprintf(stderr, "fuzz: this does not hold: %.*s\n%.*s\n", static_cast<int>(promise.size()),
               promise.data(), static_cast<int>(details.size()), details.data());
  std::abort();
}

std::string_view take_until(std::string_view& text, char end) {
  const auto at = std::min(text.find(end), text.size());
  const auto taken = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return taken;
}

char Letters::next(char otherwise) {
  if (text_.empty()) return otherwise;
  const char letter = text_.front();
  text_.remove_prefix(1);
  return letter;
}

std::size_t Letters::pick(std::size_t count) {
  return static_cast<std::size_t>(static_cast<unsigned char>(next() - '0')) % count;
}

MemoryFile::MemoryFile(std::string_view content) : fd_(::memfd_create("input", MFD_CLOEXEC)) {
  if (fd_ < 0) throw std::runtime_error("cannot make a file in memory");
  while (!content.empty()) {
    const auto written = ::write(fd_, content.data(), content.size());
    if (written <= 0) throw std::runtime_error("cannot write a file in memory");
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  path_ = "/proc/self/fd/" + std::to_string(fd_);
}

MemoryFile::~MemoryFile() { ::close(fd_); }

}  // namespace flowrun::fuzzing
