// ndjson: reads files of one JSON object a line.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "engine/core/cpu.h"
#include "engine/core/error.h"
#include "engine/core/hash.h"
#include "nodes/catalog.h"
#include "nodes/formats/file_source.h"
#include "nodes/formats/ndjson_infer.h"
#include "nodes/formats/ndjson_reader.h"
#include "nodes/formats/stream_options.h"

namespace flowrun::nodes {
namespace {

constexpr const char* kNotes =
    R"(The objects of all files, one file after the other, under one schema. `columns` declares it: a column takes the value of
the key of its name, or the one that `pointers` leads to (a JSON pointer, RFC 6901: `/a/b/0` is the first element of `b` in `a`;
`~1` stands for `/` in a key, `~0` for `~`). Keys may come in any order; other keys are skipped, though they must be valid; one
that is missing is null. Without `columns` the keys and types of the first 1,000 lines (64 KiB) of the first files are taken and
shown by `flowrun plan`: bool, int64, float64, date, timestamp, timestamptz, else string.

| column | is read from |
|---|---|
| bool | `true`, `false` |
| int64 | numbers without fraction and exponent |
| float64 | numbers; the strings `"nan"`, `"inf"`, `"-inf"` |
| decimal | numbers without exponent, with all their digits; strings that hold one |
| string | strings; anything else as the JSON text that it is, arrays and objects, too |
| date, timestamp, timestamptz | strings, as in the csv source |
| bytes | strings of hexadecimal digits |

Lines end at LF or CRLF; blank ones are skipped. A line that is not exactly one object leaves on `rejected` with its reason, its
text (up to 64 KiB) and its origin, `file:line:byte`, and so does one with a key twice, if a column takes its value or something
in it, with a value that its column does not take (column and value are named), with invalid UTF-8, with a NUL character
(`\u0000`) or half a surrogate pair in a value that is taken, with more than 512 levels, with more than 16 MiB.)";

NodeSpec ndjson_spec() {
  return {
      .name = "ndjson",
      .kind = NodeKind::source,
      .summary = "Reads files of one JSON object a line, plain or compressed.",
      .notes = kNotes,
      .options =
          {
              files_option("\"data/*.ndjson\""),
              {.name = "columns",
               .kind = OptionKind::types,
               .help = "The columns and their types; found from a sample where absent.",
               .example =
                   "{ created_time = \"timestamptz\", channel = \"string\", value = \"float64\" }"},
              {.name = "pointers",
               .kind = OptionKind::renames,
               .help = "Where values of columns are, if not under a key of the column's name: "
                       "column = \"/key/key\".",
               .example = "{ value = \"/reading/value\" }"},
              encoding_option(),
              compression_option(),
          },
      .example = R"([sources.readings]
type     = "ndjson"
path     = "data/*.ndjson.gz"
columns  = { created_time = "timestamptz", channel = "string", value = "float64" }
pointers = { value = "/reading/value" }
)"};
}

using Paths = std::vector<std::vector<std::string>>;

/// Finds the schema and where its values are, and reports what is wrong with them.
class NdjsonBinder {
 public:
  explicit NdjsonBinder(BindContext& context) : context_(context), options_(context.options()) {}

  Binding run() {
    Binding binding;
    const auto patterns = path_patterns(context_, "path");
    const auto stream = stream_format(options_);
    ok_ = !patterns.empty();
    auto schema = options_.has("columns") ? declared_columns(context_) : nullptr;
    ok_ = ok_ && (schema || !options_.has("columns"));
    if (ok_ && !schema) schema = inferred(patterns, stream, binding);
    if (!schema) return binding;
    binding.outputs = {{.schema = schema}};
    const auto paths = paths_of(*schema);
    if (!ok_) return binding;
    const auto layout = std::make_shared<const NdjsonLayout>(schema, paths);
    binding.make_source = [patterns, stream, layout] {
      auto table = std::make_shared<const NdjsonTable>(stream, layout, chosen_simd());
      return make_file_source(patterns, [table = std::move(table)](const auto& input, auto number) {
        return open_ndjson(input, number, table);
      });
    };
    return binding;
  }

 private:
  void error(std::string_view option, std::string code, std::string message,
             std::string hint = {}) {
    context_.error(option, std::move(code), std::move(message), std::move(hint));
    ok_ = false;
  }

  /// For each column, the keys that lead to its value.
  Paths paths_of(const Schema& schema) {
    Paths paths;
    for (const auto& field : schema.fields()) paths.push_back({field.name});
    const auto* pointers = options_.raw("pointers");
    if (pointers == nullptr) return paths;
    for (const auto& [name, pointer] : pointers->table()) {
      const auto column = schema.index_of(name);
      const auto path = parse_pointer(pointer.text());
      ok_ = ok_ && column && path;
      if (!column) {
        context_.error_at(
            pointer.key_span, "unknown-column",
            fmt::format("there is no column \"{}\" for a pointer", name),
            options_.has("columns") ? suggest(name, schema.names()) : "declare it in \"columns\"");
      } else if (!path) {
        context_.error_at(pointer.span, "option-value",
                          fmt::format("\"{}\" is no JSON pointer", pointer.text()),
                          "write for example \"/reading/value\"");
      } else {
        paths[*column] = *path;
      }
    }
    return paths;
  }

  SchemaRef inferred(const std::vector<PathPattern>& patterns, const StreamFormat& stream,
                     Binding& binding) {
    const auto files = present_files(patterns);
    if (files.empty()) {
      report_no_sample(context_, patterns.front());
      return nullptr;
    }
    try {
      const auto found = infer_ndjson_schema(files, stream);
      if (found.schema->size() > 0) {
        note_sample(binding, fmt::format("{} lines", found.rows), found.files, *found.schema);
        return found.schema;
      }
      error("path", "no-sample",
            fmt::format("the files have no objects to find the columns from: {}",
                        fmt::join(found.files, ", ")),
            "declare `columns`");
    } catch (const Error& problem) {
      error("path", "unreadable-file", problem.what());
    }
    return nullptr;
  }

  BindContext& context_;
  const Options& options_;
  bool ok_ = true;
};

Binding bind_ndjson(BindContext& context) { return NdjsonBinder(context).run(); }

}  // namespace

NodeType ndjson_source() { return {ndjson_spec(), bind_ndjson}; }

}  // namespace flowrun::nodes
