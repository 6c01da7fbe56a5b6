// The two channels: data on stdout, everything else on stderr.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace flowrun::command {

/// Writes to stdout. A reader that has gone away (closed pipe) is no error: the rest is dropped.
/// Throws Error(io) where stdout cannot be written for another reason, such as a full disk. One
/// thread.
void write_out(std::string_view text);

/// True once the reader of stdout has gone away: there is no point in going on for its sake.
[[nodiscard]] bool stdout_closed();

/// Writes a whole file, or leaves what was there: under a temporary name first. Throws Error(io).
void write_file(const std::string& path, std::string_view text);

/// Writes to stderr in one piece; failures are ignored, there is nowhere left to report them. Any
/// thread.
void write_err(std::string_view text);

enum class ColorChoice { automatic, always, never };

/// Whether to colour what goes to `fd`: on a terminal, unless NO_COLOR is set or TERM is "dumb".
[[nodiscard]] bool use_color(ColorChoice choice, int fd);

[[nodiscard]] bool is_terminal(int fd);

/// Cells in a line of the terminal at `fd`; $COLUMNS or 80 where it does not say.
[[nodiscard]] std::size_t terminal_width(int fd);

}  // namespace flowrun::command
