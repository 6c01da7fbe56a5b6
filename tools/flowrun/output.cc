#include "tools/flowrun/output.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "engine/core/error.h"
#include "engine/core/file.h"

namespace flowrun::command {
namespace {

constexpr std::size_t kDefaultWidth = 80;

std::atomic<bool> reader_gone{false};

/// Writes all of `text`; 0, or the errno of what went wrong.
int put_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(fd, text.data(), text.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

}  // namespace

void write_out(std::string_view text) {
  if (reader_gone) return;
  const int error = put_all(STDOUT_FILENO, text);
  if (error == EPIPE) {
    reader_gone = true;
  } else if (error != 0) {
    throw Error(Errc::io, "stdout cannot be written: {}", std::strerror(error));
  }
}

bool stdout_closed() { return reader_gone; }

void write_file(const std::string& path, std::string_view text) {
  const auto temporary = path + ".tmp";
  {
    const auto file = open_file(temporary, O_WRONLY | O_CREAT | O_TRUNC);
    write_all(file.fd(), text, temporary);
  }
  if (std::rename(temporary.c_str(), path.c_str()) != 0) {
    throw Error(Errc::io, "{} cannot be written: {}", path, std::strerror(errno));
  }
}

void write_err(std::string_view text) { static_cast<void>(put_all(STDERR_FILENO, text)); }

bool is_terminal(int fd) { return ::isatty(fd) == 1; }

bool use_color(ColorChoice choice, int fd) {
  if (choice != ColorChoice::automatic) return choice == ColorChoice::always;
  const char* no_color = std::getenv("NO_COLOR");
  if (no_color != nullptr && *no_color != '\0') return false;
  const char* terminal = std::getenv("TERM");
  if (terminal == nullptr || std::string_view(terminal) == "dumb") return false;
  return is_terminal(fd);
}

std::size_t terminal_width(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  if (const char* columns = std::getenv("COLUMNS"); columns != nullptr) {
    if (const auto width = std::strtoul(columns, nullptr, 10); width > 0) return width;
  }
  return kDefaultWidth;
}

}  // namespace flowrun::command
