#include "nodes/files/stdout_writer.h"

#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "engine/core/error.h"

namespace flowrun::nodes {

void StdoutWriter::put(std::string_view text) {
  while (!text.empty() && !reader_gone_) {
    const auto written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EPIPE) {
      reader_gone_ = true;
      log_->info("stdout was closed by its reader");
      return;
    }
    if (written < 0) {
      const auto reason = errno;
      throw Error(Errc::io, "stdout cannot be written: {}",
                  std::generic_category().message(reason));
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace flowrun::nodes
