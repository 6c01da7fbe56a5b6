#include "nodes/files/output.h"

#include <utility>

#include "engine/core/hash.h"
#include "engine/data/spool.h"

namespace flowrun::nodes {

OptionSpec file_path_option(const std::string& example) {
  return {
      .name = "path",
      .kind = OptionKind::path,
      .help =
          "The file to write; `-` is stdout. With `${window}` in it there is one file per window.",
      .required = true,
      .example = example};
}

const char* file_sink_notes() {
  return "There is no `mode`: what a window wrote is replaced when that window is loaded again, "
         "and so is an earlier load "
         "when one of its inputs is loaded again; a load of inputs not seen before adds its "
         "rows.\n\n"
         "Rows stand in the order of their input, windows in the order of time, rows without a "
         "time last.\n\n"
         "The file is always whole: it appears (or is replaced) in one step, at the end of a run "
         "in which every unit "
         "committed. Until then committed rows wait in `PATH.parts/`. With `${window}` in the path "
         "each window has a file "
         "of its own, named after its start, which appears when the window commits; a window "
         "without rows has none.\n\n"
         "A file that was deleted or changed since is loaded again. Rows go to stdout (`-`) unit "
         "by unit as they commit, and "
         "no coverage is kept of them.";
}

std::unique_ptr<Encoded> encode_lines(const FileOutput& output, BatchRef batch) {
  return std::make_unique<Encoded>(output.encode(*sorted_by_ordinal(std::move(batch))));
}

Binding bind_file_sink(BindContext& context, FileOutput output) {
  const auto& written = context.options().text("path");
  const bool per_unit = written.find(kWindowInPath) != std::string::npos;
  const auto name = written.substr(written.rfind('/') + 1);
  if (written.empty() || written.back() == '/') {
    context.error("path", "bad-path", "path names no file: \"" + written + "\"");
  }
  if (per_unit && name.find(kWindowInPath) == std::string::npos) {
    context.error("path", "bad-path",
                  "${window} must be part of the file's name, not of a folder's");
  }
  if (per_unit && context.window_column().empty()) {
    context.error("path", "no-window", "the path names ${window}, but there are no windows",
                  "add a [window] table, or take ${window} out of the path");
  }
  output.path = context.resolve(written);
  output.format =
      fingerprint(output.format + '\n' + output.header + '\n' + to_string(context.input()));
  const bool out = output.path == "-";
  Binding binding;
  binding.sink = {.target = out ? std::string(kStdoutTarget) : output.path,
                  .mode = "",
                  .idempotent = true,
                  .keeps_coverage = !out,
                  .file_per_unit = per_unit,
                  .replaces_by_unit = true};
  const auto shared = std::make_shared<const FileOutput>(std::move(output));
  binding.make_sink = [shared, per_unit, out] {
    if (out) return make_stdout_sink(shared);
    return per_unit ? make_unit_file_sink(shared) : make_joined_file_sink(shared);
  };
  return binding;
}

}  // namespace flowrun::nodes
