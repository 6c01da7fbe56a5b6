// What file sinks are told by their options, whatever the format.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/spec/node_type.h"

namespace flowrun::nodes {

/// A file to be written. Immutable, shared by the sinks that write it.
struct FileOutput {
  std::string path;    ///< absolute; "-" is stdout; may name ${window}
  std::string header;  ///< what the file begins with
  std::string format;  ///< fingerprint of all that decides how rows are written: rows in another
                       ///< format are written anew
  /// The lines of a batch (line_schema(), same ordinals). Any thread.
  std::function<BatchRef(const Batch&)> encode;
};
using FileOutputRef = std::shared_ptr<const FileOutput>;

inline constexpr std::string_view kWindowInPath = "${window}";

/// The `path` option of file sinks.
[[nodiscard]] OptionSpec file_path_option(const std::string& example);
/// What every file sink's page says of modes, order and commits.
[[nodiscard]] const char* file_sink_notes();

/// Binds a file sink: checks the path, states the facts, picks the class that writes such a path.
/// `output` lacks only its path.
[[nodiscard]] Binding bind_file_sink(BindContext& context, FileOutput output);

/// One file that holds all units (joined.cc), one file per unit (per_unit.cc), stdout (stdout.cc).
[[nodiscard]] std::unique_ptr<Sink> make_joined_file_sink(FileOutputRef output);
[[nodiscard]] std::unique_ptr<Sink> make_unit_file_sink(FileOutputRef output);
[[nodiscard]] std::unique_ptr<Sink> make_stdout_sink(FileOutputRef output);

/// Sorts the batch by ordinal and encodes it: what all three do in encode().
[[nodiscard]] std::unique_ptr<Encoded> encode_lines(const FileOutput& output, BatchRef batch);

}  // namespace flowrun::nodes
