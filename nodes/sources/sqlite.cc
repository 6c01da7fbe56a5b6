// sqlite: reads a table or a query of an SQLite database.
#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/core/hash.h"
#include "nodes/catalog.h"
#include "nodes/formats/file_source.h"
#include "nodes/sqlite/relation_reader.h"
#include "nodes/sqlite/relation_source.h"

namespace flowrun::nodes {
namespace {

constexpr const char* kNotes =
    R"(The rows of a table, or of a view or a query, as they are at one moment. The database is opened for reading only, is
never made, and may be written meanwhile; one that the same pipeline writes window by window should have a write-ahead log, or
reading and writing wait for each other.

`columns` declares what is read. Without it all columns are, with types from their declarations: BOOLEAN, DATE, TIMESTAMP or
DATETIME, TIMESTAMPTZ, DECIMAL(p,s) and NUMERIC(p,s) by name, else by SQLite's affinity (int64, float64, string, bytes); any
other name is a string, and a column without a declaration, or one that a query computes, has to be declared here.

| column | is read from |
|---|---|
| int64 | integers; floats without a fraction; texts that hold one |
| float64 | floats; integers that are one exactly; texts that hold one |
| decimal | integers; texts; a float where the shortest decimal that is that float fits |
| bool | 0 and 1; texts as in the csv source |
| string | texts; numbers as text |
| date, timestamp, timestamptz | texts, as in the csv source |
| bytes | blobs |

NULL is null. A row with a value that its column does not take leaves on `rejected` with the column, the value, and the rowid
or the primary key as origin, and so does one with a text that is not valid UTF-8 or has a NUL character, or with more than
16 MiB.

Rows of a table come in the order of its rowid (of its primary key, if it is WITHOUT ROWID); those of a query or a view have an
order only where `order_by` says so. With `[window]` the table is read once, from its first row to its last. A table is known
again by what it holds in the columns that are read: a fingerprint of all its rows, for which it is read once more before a
run. So what else happens to the file changes nothing, and whatever happens to those rows does.)";

NodeSpec sqlite_source_spec() {
  return {.name = "sqlite",
          .kind = NodeKind::source,
          .summary = "Reads a table or a query of an SQLite database.",
          .notes = kNotes,
          .options =
              {{.name = "path",
                .kind = OptionKind::path,
                .help = "The database file.",
                .required = true,
                .example = "\"mart.db\""},
               {.name = "table", .help = "The table or view to read.", .example = "\"dim_route\""},
               {.name = "query",
                .kind = OptionKind::query,
                .help = "A query to read instead, in SQLite's language; a `${…}` in it is bound "
                        "as a value.",
                .example = "\"select id, total from orders where day >= ${day}\""},
               {.name = "columns",
                .kind = OptionKind::types,
                .help = "The columns to read and their types; found from the declarations "
                        "where absent.",
                .example = "{ route_id = \"string\", valid_from = \"timestamp\" }"},
               {.name = "order_by",
                .kind = OptionKind::names,
                .help = "Columns that say in which order rows are read.",
                .example = "[\"valid_from\"]"},
               {.name = "missing",
                .kind = OptionKind::choice,
                .help = "What a file or a table that is not there is: an error, or one "
                        "without rows.",
                .fallback = "fail",
                .choices = {"fail", "empty"},
                .example = "\"empty\""}},
          .example =
              "[sources.stored]\ntype    = \"sqlite\"\npath    = \"vault.db\"\n"
              "table   = \"sat_customer\"\nmissing = \"empty\"\n"
              "columns = { customer_id = \"int64\", city = \"string\", seen = \"timestamp\" }\n"};
}

class SqliteBinder {
 public:
  explicit SqliteBinder(BindContext& context) : context_(context), options_(context.options()) {}

  Binding run() {
    Binding binding;
    if (!read_options()) return binding;
    auto schema = options_.has("columns") ? declared_columns(context_) : nullptr;
    ok_ = schema || !options_.has("columns");
    const auto shape = look();
    if (!ok_) return binding;
    if (schema && shape) check_columns(*schema, *shape);
    if (!schema) schema = found_columns(shape, binding);
    if (shape) check_order(*shape);
    if (schema) binding.outputs = {{.schema = schema}};
    if (!ok_) return binding;
    const bool has_own_order = !relation_.table.empty() && !(shape && shape->is_view);
    binding.ordered = has_own_order || !relation_.order_by.empty();
    relation_.any_order = !binding.ordered;
    binding.make_source = [relation = relation_, schema] {
      return make_relation_source(relation, schema);
    };
    return binding;
  }

 private:
  void error(std::string_view option, std::string code, std::string message,
             std::string hint = {}) {
    context_.error(option, std::move(code), std::move(message), std::move(hint));
    ok_ = false;
  }

  bool read_options() {
    relation_ = {.path = context_.resolve(options_.text("path")),
                 .shown = options_.text("path"),
                 .table = options_.text_or("table", ""),
                 .query = options_.text_or("query", ""),
                 .order_by = options_.names("order_by"),
                 .empty_if_missing = options_.text("missing") == "empty"};
    if (relation_.shown == "-") {
      error("path", "bad-path", "a database cannot be standard input", "name a file");
    }
    if (relation_.table.empty() == relation_.query.empty()) {
      const bool none = relation_.table.empty();
      error(none ? "path" : "query", none ? "missing-option" : "conflicting-options",
            none ? "neither \"table\" nor \"query\" says what to read"
                 : "both \"table\" and \"query\" are given",
            "give one of them");
    }
    if (const auto* query = options_.raw("query"); query != nullptr) relation_.bound = query->bound;
    return ok_;
  }

  /// Nothing where the file or the table is not there yet, which may be well.
  std::optional<RelationShape> look() {
    try {
      auto shape = look_at(relation_);
      const bool may_come = relation_.empty_if_missing || context_.waits();
      if (shape || (options_.has("columns") && may_come)) return shape;
      const bool has_file = size_of_file(relation_.path) >= 0;
      if (has_file && !relation_.table.empty()) {
        error("table", "no-table",
              fmt::format("there is no table \"{}\" in {}", relation_.table, relation_.shown),
              hint());
      } else if (has_file) {
        error("query", "no-table",
              fmt::format("a table of the query is not in {}", relation_.shown), hint());
      } else if (!options_.has("columns")) {
        error("path", "no-file", fmt::format("there is no file {}", relation_.shown), hint());
      }
    } catch (const Error& problem) {
      if (problem.code() == Errc::internal) throw;
      error(relation_.query.empty() ? "path" : "query", "unreadable-file", problem.what());
    }
    return std::nullopt;
  }

  [[nodiscard]] std::string hint() const {
    return options_.has("columns") ? "where a sink of this pipeline makes it, write after = "
                                     "\"SINK\"; where that means no rows, missing = \"empty\""
                                   : "declare `columns` to plan before it is there";
  }

  void check_columns(const Schema& schema, const RelationShape& shape) {
    for (const auto& field : schema.fields()) {
      if (shape.find(field.name) != nullptr) continue;
      error("columns", "unknown-column",
            fmt::format("{} has no column \"{}\"", relation_.name(), field.name),
            suggest(field.name, shape.names()));
    }
  }

  void check_order(const RelationShape& shape) {
    for (const auto& name : relation_.order_by) {
      if (shape.find(name) != nullptr) continue;
      error("order_by", "unknown-column",
            fmt::format("{} has no column \"{}\"", relation_.name(), name),
            suggest(name, shape.names()));
    }
  }

  SchemaRef found_columns(const std::optional<RelationShape>& shape, Binding& binding) {
    std::vector<Field> fields;
    for (const auto& column : shape->columns) {
      if (column.type) {
        fields.push_back({column.name, *column.type});
      } else {
        error(
            "path", "no-type",
            fmt::format("column \"{}\" of {} has no declared type", column.name, relation_.name()),
            "declare `columns`");
      }
    }
    if (!ok_) return nullptr;
    auto schema = make_schema(std::move(fields));
    const auto found = to_string(*schema);
    binding.notes.push_back(
        fmt::format("schema found from the declarations of {}: {}", relation_.name(), found));
    binding.content_hash = fingerprint(found);
    return schema;
  }

  BindContext& context_;
  const Options& options_;
  SqliteRelation relation_;
  bool ok_ = true;
};

Binding bind_sqlite_source(BindContext& context) { return SqliteBinder(context).run(); }

}  // namespace

NodeType sqlite_source() { return {sqlite_source_spec(), bind_sqlite_source}; }

}  // namespace flowrun::nodes
