// csv: reads the rows of CSV files.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "engine/core/cpu.h"
#include "engine/core/error.h"
#include "engine/core/hash.h"
#include "nodes/catalog.h"
#include "nodes/formats/csv_infer.h"
#include "nodes/formats/csv_reader.h"
#include "nodes/formats/file_source.h"
#include "nodes/formats/stream_options.h"
#include "nodes/sources/csv_options.h"

namespace flowrun::nodes {
namespace {

constexpr const char* kNotes =
    R"(The rows of all files, one file after the other, under one schema. Files may differ in the order of their
columns and in columns that the schema does not name; one that lacks a column of the schema ends the run.

`columns` declares the schema: the columns to read and their types; other columns of the files are skipped. Without it the
schema is found by looking at the first 1,000 rows (64 KiB) of the first files and shown by `flowrun plan`: int64, float64,
date, timestamp, timestamptz, else string. Declare the columns of whatever runs unattended: a sample cannot know the next file.

Rows end at LF or CRLF. Blank lines and comments are no rows. A field is quoted where its first character is the quote, and
then may hold delimiters and line ends; a quote inside it is doubled (or follows `escape`). A quote elsewhere is a plain
character. An unquoted field that is one of `nulls` is null; a quoted one is too, except in string columns, where `""` is an
empty text.

A row that cannot be read leaves on `rejected` with its reason, its text (up to 64 KiB) and its origin, `file:line:byte`: the
line is counted from 1, header included; the byte is the offset of the row's start, counted from 0, after decompression and as
UTF-8. Reasons: another number of fields than the header, text behind a closing quote, a quote that is never closed (everything
from there on is one row), a value that is not of its column's type, invalid UTF-8, a NUL byte, more than 16 MiB. White space
is part of a value, so " 1" is no number. A time without zone in a timestamptz column is taken for UTC; one with a zone other
than UTC does not fit a timestamp column.)";

NodeSpec csv_spec() {
  return {
      .name = "csv",
      .kind = NodeKind::source,
      .summary = "Reads the rows of CSV files, plain or compressed.",
      .notes = kNotes,
      .options =
          {
              files_option("\"data/*.csv\""),
              {.name = "columns",
               .kind = OptionKind::types,
               .help = "The columns to read and their types; found from a sample where absent.",
               .example =
                   "{ created_time = \"timestamptz\", channel = \"string\", value = \"float64\" }"},
              {.name = "header",
               .kind = OptionKind::boolean,
               .help = "Whether the first row of each file names its columns. Without one "
                       "`columns` names all of them, in order; where "
                       "that is absent, too, they are column1, column2 and so on.",
               .fallback = "true",
               .example = "false"},
              {.name = "others",
               .help =
                   "The type of the columns that `columns` does not name. With it all columns of "
                   "all files are read, and where a file lacks one it is null.",
               .example = "\"float64\""},
              {.name = "delimiter",
               .help = "The character between fields.",
               .fallback = ",",
               .example = "\"\\t\""},
              {.name = "quote",
               .help = "The character around fields that hold delimiters or line ends; \"\" where "
                       "fields are never quoted.",
               .fallback = "\"",
               .example = "\"'\""},
              {.name = "escape",
               .help = "The character in front of a quote inside a quoted field. Where absent, "
                       "such a quote is doubled.",
               .example = "\"\\\\\""},
              {.name = "comment",
               .help = "Lines that start with this character are skipped; \"\" for none.",
               .example = "\"#\""},
              {.name = "nulls",
               .kind = OptionKind::names,
               .help = "Texts that mean null. Where absent, the empty text does.",
               .example = "[\"\", \"NA\"]"},
              encoding_option(),
              compression_option(),
          },
      .example = R"([sources.readings]
type    = "csv"
path    = "data/*.csv"
columns = { created_time = "timestamptz", channel = "string", value = "float64" }
)"};
}

/// Finds the schema and reports what is wrong with it.
class CsvBinder {
 public:
  explicit CsvBinder(BindContext& context) : context_(context), options_(context.options()) {}

  Binding run() {
    const auto patterns = path_patterns(context_, "path");
    const auto format = csv_format(context_);
    ok_ = format.has_value() && !patterns.empty();
    Binding binding;
    auto schema = options_.has("columns") ? declared_columns(context_) : nullptr;
    ok_ = ok_ && (schema || !options_.has("columns"));
    const auto declared = schema ? schema->size() : 0;
    if (ok_ && schema) check_header(patterns, *format, *schema);
    const bool reads_others = options_.has("others");
    if (ok_ && reads_others) schema = with_others(patterns, *format, schema, binding);
    if (ok_ && !schema) schema = inferred(patterns, *format, binding);
    if (schema) binding.outputs = {{.schema = schema}};
    if (!ok_ || !schema) return binding;
    const auto required = reads_others ? std::optional(declared) : std::nullopt;
    binding.make_source = [patterns, format = *format, schema, required] {
      auto table = std::make_shared<CsvTable>(format, schema, chosen_simd());
      table->required = required;
      return make_file_source(
          patterns, [table = std::shared_ptr<const CsvTable>(std::move(table))](
                        const auto& input, auto number) { return open_csv(input, number, table); });
    };
    return binding;
  }

 private:
  void error(std::string_view option, std::string code, std::string message,
             std::string hint = {}) {
    context_.error(option, std::move(code), std::move(message), std::move(hint));
    ok_ = false;
  }

  /// Where a file is there already, says now what its header lacks.
  void check_header(const std::vector<PathPattern>& patterns, const CsvFormat& format,
                    const Schema& schema) {
    if (!format.header) return;
    looking([&] {
      const auto files = present_files(patterns);
      if (files.empty()) return;
      CsvFile file(files.front().path, files.front().name, format, csv_kernels(chosen_simd()));
      if (!file.read_header(kSampleBytes, {})) return;
      const auto& names = file.columns();
      for (const auto& field : schema.fields()) {
        if (names.empty() || std::find(names.begin(), names.end(), field.name) != names.end())
          continue;
        error("columns", "unknown-column",
              fmt::format("{} has no column \"{}\"; its header has: {}", file.name(), field.name,
                          fmt::join(names, ", ")),
              suggest(field.name, names));
      }
    });
  }

  /// The declared columns, then all others that the files have, each once, in order of first sight.
  SchemaRef with_others(const std::vector<PathPattern>& patterns, const CsvFormat& format,
                        const SchemaRef& declared, Binding& binding) {
    const auto type = parse_type(options_.text("others"));
    if (!type || !declared || !format.header) {
      error("others", "bad-value",
            !type       ? fmt::format("there is no type \"{}\"", options_.text("others"))
            : !declared ? "\"others\" are those that `columns` does not name, and there is none"
                        : "\"others\" have names only where the files have a header",
            !type ? std::string("types are ") + type_names() : "");
      return nullptr;
    }
    auto fields = declared->fields();
    looking([&] {
      for (const auto& input : present_files(patterns)) {
        CsvFile file(input.path, input.name, format, csv_kernels(chosen_simd()));
        if (!file.read_header(kSampleBytes, {})) continue;
        for (const auto& name : file.columns()) {
          const bool known = std::any_of(fields.begin(), fields.end(),
                                         [&](const Field& field) { return field.name == name; });
          if (!known) fields.push_back({name, *type});
        }
      }
    });
    auto schema = make_schema(std::move(fields));
    binding.notes.push_back(
        fmt::format("{} further columns in the headers", schema->size() - declared->size()));
    std::string names;
    for (const auto& name : schema->names()) names += name + '\n';
    binding.content_hash = fingerprint(names);
    return schema;
  }

  SchemaRef inferred(const std::vector<PathPattern>& patterns, const CsvFormat& format,
                     Binding& binding) {
    SchemaRef schema;
    looking([&] {
      const auto files = present_files(patterns);
      if (files.empty()) {
        report_no_sample(context_, patterns.front());
        return;
      }
      const auto found = infer_csv_schema(files, format);
      if (found.schema->size() == 0) {
        error("path", "no-sample",
              fmt::format("the files have no rows to find the columns from: {}",
                          fmt::join(found.files, ", ")),
              "declare `columns`");
        return;
      }
      schema = found.schema;
      note_sample(binding, fmt::format("{} rows", found.rows), found.files, *schema);
    });
    return schema;
  }

  /// Runs a look at the files; what goes wrong there is a problem of the path.
  template <typename Look>
  void looking(Look look) {
    try {
      look();
    } catch (const Error& problem) {
      error("path", "unreadable-file", problem.what());
    }
  }

  BindContext& context_;
  const Options& options_;
  bool ok_ = true;
};

Binding bind_csv(BindContext& context) { return CsvBinder(context).run(); }

}  // namespace

NodeType csv_source() { return {csv_spec(), bind_csv}; }

}  // namespace flowrun::nodes
