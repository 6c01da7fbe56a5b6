#include "nodes/formats/file_source.h"

#include <fmt/format.h>

#include <utility>

#include "engine/core/error.h"
#include "engine/core/hash.h"

namespace flowrun::nodes {
namespace {

class FileSource final : public Source {
 public:
  FileSource(std::vector<PathPattern> patterns, OpenFile open)
      : patterns_(std::move(patterns)), open_(std::move(open)) {}

  std::vector<Input> inputs(const SourceContext& context) override {
    return list_files(patterns_, context);
  }
  std::unique_ptr<Reader> open(const Input& input, std::uint64_t number,
                               const Interval* /*range*/) override {
    return open_(input, number);
  }

 private:
  std::vector<PathPattern> patterns_;
  OpenFile open_;
};

}  // namespace

std::unique_ptr<Source> make_file_source(std::vector<PathPattern> patterns, OpenFile open) {
  return std::make_unique<FileSource>(std::move(patterns), std::move(open));
}

OptionSpec files_option(std::string example) {
  return {.name = "path",
          .kind = OptionKind::any,
          .help =
              "Files to read. A pattern (`*`, `?`, `[…]`) stands for all files that match "
              "it, by name; `-` is stdin.",
          .required = true,
          .example = std::move(example),
          .shape = "a path, a pattern, or a list of them"};
}

SchemaRef declared_columns(BindContext& context) {
  std::vector<Field> fields;
  for (const auto& [name, text] : context.options().pairs("columns")) {
    const auto type = parse_type(text);
    if (!type) bug("the planner let the type \"{}\" pass", text);
    fields.push_back({name, *type});
  }
  if (!fields.empty()) return make_schema(std::move(fields));
  context.error("columns", "option-value", "\"columns\" declares no column",
                "leave it out to have them found from a sample");
  return nullptr;
}

void note_sample(Binding& binding, const std::string& rows, const std::vector<std::string>& files,
                 const Schema& schema) {
  const auto found = to_string(schema);
  binding.notes.push_back(
      fmt::format("schema found from {} of {}: {}", rows, fmt::join(files, ", "), found));
  binding.content_hash = fingerprint(found);
}

void report_no_sample(BindContext& context, const PathPattern& pattern) {
  if (pattern.path == kStdinPath) {
    context.error("path", "no-sample", "the columns of stdin cannot be found from a sample",
                  "declare `columns`");
  } else if (is_pattern(pattern.path)) {
    context.error("path", "no-file", fmt::format("no file matches {}", pattern.written),
                  "declare `columns` to plan before the files are there");
  } else {
    context.error("path", "no-file", fmt::format("there is no file {}", pattern.written),
                  "declare `columns` to plan before the file is there");
  }
}

}  // namespace flowrun::nodes
