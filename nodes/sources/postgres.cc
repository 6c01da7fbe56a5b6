// postgres: reads a table or a query of a PostgreSQL database.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/hash.h"
#include "engine/expr/query.h"
#include "nodes/catalog.h"
#include "nodes/postgres/relation_source.h"
#include "nodes/postgres/settle.h"
#include "nodes/postgres/source_select.h"
#include "nodes/postgres/source_sessions.h"
#include "nodes/sources/postgres_options.h"

namespace flowrun::nodes {
namespace {

constexpr const char* kNotes =
    R"(The rows of a table, a view or a query, by binary COPY in sessions that read only. Without `columns` all columns are
read; a list of names chooses some, a table of names and types says how they are read. Values of filters, of a query's `${…}`
and of windows and cursors go to the server as quoted constants of their column's type.

| type in the server | is read as | and, declared so, as |
|---|---|---|
| boolean | bool | string |
| smallint, integer, bigint | int64 | float64, decimal, string |
| real, double precision | float64 | int64, decimal, string |
| numeric(p,s), p up to 38 | decimal(p,s) | int64, float64, another decimal, string |
| numeric | has to be declared | |
| text, varchar, char, name, enums | string | any type that their texts spell |
| date | date | timestamp, timestamptz, string |
| timestamp, timestamptz | the same | each other (in UTC), string |
| bytea | bytes | string |
| uuid, json, jsonb, xml, time, interval, arrays | string, as the server writes them | |
| a domain | what it stands on | |
| any other | has to be declared | string |

A value that its column does not take (infinity, NaN in a decimal, more digits than declared, a text that spells no number)
rejects its row, with the primary key as origin where all of it is read.

With `[window]` on a date or time column, only its windows are read, one COPY each; rows without a time are in none of them.
With `cursor`, the server leaves out rows below the mark of their key, where it compares the columns as flowrun does (numbers
but floats, text, varchar, dates, times) and there are at most 5,000 marks. A load without either is known by its run: each
run reads everything.

Rows have no order of their own; `order_by` gives them one, by the server's collation.

A transaction may commit rows stamped before the end of a window after that was read. So before a window is read, the source
waits until every transaction of other clients that is older than the window's end has ended, for at most `settle`; after that
it reads, and warns. Transactions of other users are seen by members of pg_read_all_stats only.)";

NodeSpec postgres_source_spec() {
  NodeSpec spec{
      .name = "postgres",
      .kind = NodeKind::source,
      .summary = "Reads a table or a query of a PostgreSQL database.",
      .notes = kNotes,
      .options =
          {{.name = "table",
            .help = "The table or view to read.",
            .example = "\"tenant.readings\""},
           {.name = "query",
            .kind = OptionKind::query,
            .help = "A query to read instead; a `${…}` in it is bound as a value.",
            .example = "\"select id, total from orders where day >= ${day}\""},
           {.name = "columns",
            .kind = OptionKind::any,
            .help = "The columns to read, perhaps with types.",
            .example = "[\"created_time\", \"channel_id\", \"value\"]",
            .shape = "a list of names, or a table: name -> type"},
           {.name = "filter",
            .kind = OptionKind::any,
            .help = "Only rows with these values: the server leaves the others out.",
            .example = "{ ship_id = \"${ship}\", kind = [\"a\", \"b\"], gone = { null = true } }",
            .shape = "a table: column -> value, list of values or { null = true | false }"},
           {.name = "order_by",
            .kind = OptionKind::names,
            .help = "Columns that say in which order rows are read.",
            .example = "[\"valid_from\"]"},
           {.name = "snapshot",
            .kind = OptionKind::boolean,
            .help = "Read everything as it was at one moment; a session holds that open for as "
                    "long as any source of the pipeline reads.",
            .fallback = "false"},
           {.name = "settle",
            .kind = OptionKind::duration,
            .help = "How long to wait for older transactions before a window is read; 0s does not "
                    "look for them.",
            .fallback = "10s",
            .example = "\"30s\""},
           {.name = "connections",
            .kind = OptionKind::integer,
            .help = "How many sessions of this process may read from one server at once.",
            .fallback = "8",
            .example = "4"}},
      .example =
          "[sources.readings]\ntype    = \"postgres\"\n"
          "url     = \"postgresql://localhost/ships\"\n"
          "table   = \"tenant.readings\"\n"
          "columns = { created_time = \"timestamptz\", channel_id = \"string\", "
          "value = \"float64\" }\n"
          "filter  = { ship_id = \"IMO9976903\" }\n"};
  auto address = postgres::address_options();
  spec.options.insert(spec.options.begin(), address.begin(), address.begin() + 1);
  spec.options.insert(spec.options.end(), address.begin() + 1, address.end());
  return spec;
}

class PostgresBinder {
 public:
  explicit PostgresBinder(BindContext& context) : context_(context), options_(context.options()) {}

  Binding run() {
    Binding binding;
    if (!read_options()) return binding;
    auto schema = declared_schema();
    if (!plan_.wish.query.empty()) read_text_of_query(binding);
    if (context_.offline()) {
      if (!schema) {
        error("url", "offline", "without the network the types of columns cannot be found",
              "declare `columns` with types");
      }
    } else {
      schema = look(std::move(schema), binding);
    }
    if (schema) binding.outputs = {{.schema = schema}};
    if (!ok_) return binding;
    binding.ordered = !plan_.wish.order_by.empty();
    plan_.schema = schema;
    const auto plan = std::make_shared<const postgres::RelationPlan>(std::move(plan_));
    binding.make_source = [plan] { return postgres::make_relation_source(plan); };
    return binding;
  }

 private:
  void error(std::string_view option, std::string code, std::string message,
             std::string hint = {}) {
    context_.error(option, std::move(code), std::move(message), std::move(hint));
    ok_ = false;
  }
  void error_at(const SourceSpan& span, std::string code, std::string message,
                std::string hint = {}) {
    context_.error_at(span, std::move(code), std::move(message), std::move(hint));
    ok_ = false;
  }
  [[nodiscard]] const char* relation_option() const { return plan_.wish.table ? "table" : "query"; }

  bool read_options() {
    const auto address = postgres::read_address(context_);
    auto read = read_postgres_options(context_);
    const auto connections = options_.integer("connections");
    constexpr int kMostConnections = 1'000;
    if (connections < 1 || connections > kMostConnections) {
      error("connections", "out-of-range",
            fmt::format("\"connections\" lies between 1 and {}", kMostConnections));
    }
    if (options_.duration("settle") < 0) {
      error("settle", "out-of-range", "\"settle\" must not be negative");
    }
    if (!address || !read) return false;
    wanted_ = std::move(*read);
    plan_.address = *address;
    plan_.pipeline = context_.pipeline();
    plan_.wish = wanted_.wish;
    plan_.connections = static_cast<int>(connections);
    plan_.snapshot = options_.boolean("snapshot");
    plan_.settle = options_.duration("settle");
    return ok_;
  }

  /// What the text of the query says by itself: that it reads only, what it reads, and which
  /// columns it gives. The server's grammar may be newer than ours, so syntax is for it to judge.
  void read_text_of_query(Binding& binding) {
    expr::SyntaxError problem;
    const auto parts = expr::read_query(plan_.wish.query, problem);
    if (!parts) {
      if (!problem.is_syntax)
        error("query", "bad-query", "the query cannot be read: " + problem.message);
      return;
    }
    if (!parts->tables.empty()) {
      binding.notes.push_back(fmt::format("the query reads {}", fmt::join(parts->tables, ", ")));
    }
    if (parts->columns.empty()) return;
    for (const auto& wanted : wanted_.columns) {
      if (std::find(parts->columns.begin(), parts->columns.end(), wanted.name) !=
          parts->columns.end()) {
        continue;
      }
      error_at(wanted.span, "unknown-column",
               fmt::format("the query has no column \"{}\"", wanted.name),
               suggest(wanted.name, parts->columns));
    }
  }

  /// Null where the server has to be asked.
  [[nodiscard]] SchemaRef declared_schema() const {
    if (!wanted_.has_types) return nullptr;
    std::vector<Field> fields;
    for (const auto& column : wanted_.columns) fields.push_back({column.name, *column.type});
    return make_schema(std::move(fields));
  }

  /// Asks the server; returns the schema, null after a diagnostic. Throws where it is away.
  SchemaRef look(SchemaRef declared, Binding& binding) {
    const auto session =
        postgres::ReaderSession::take(plan_.address, plan_.connections, std::stop_token());
    auto& connection = session->connection();
    auto found = find(connection);
    if (!found) {
      const bool may_come = declared && context_.waits() && ok_;
      if (!may_come && ok_) report_no_table();
      return declared;
    }
    check_columns(*found);
    check_filter(connection, *found);
    check_names(*found, plan_.wish.order_by, "order_by");
    if (!context_.window_column().empty() && plan_.settle > 0) {
      if (const auto fault = postgres::fault_of_settling(connection); !fault.empty()) {
        context_.warning("settle", "cannot-settle",
                         "rows that become visible late may be missed: " + fault,
                         "settle = \"0s\" if that is well");
      }
    }
    auto schema = ok_ ? schema_of(*found) : declared;
    if (ok_ && !declared) note_schema(*schema, binding);
    plan_.planned = std::move(found);
    return schema;
  }

  std::optional<postgres::RelationFound> find(postgres::Connection& connection) {
    try {
      return postgres::look_at(connection, plan_.wish);
    } catch (const Error& problem) {
      // What a person wrote wrong, unlike a server that fails.
      if (problem.code() != Errc::plan && problem.code() != Errc::data) throw;
      error(relation_option(), "bad-query", problem.what());
      return std::nullopt;
    }
  }

  void report_no_table() {
    error("table", "no-table",
          fmt::format("there is no table {} in {}", plan_.wish.table->shown(),
                      postgres::shown_address(plan_.address)),
          "where a sink of this pipeline makes it, write after = \"SINK\" and declare `columns`");
  }

  void check_columns(const postgres::RelationFound& found) {
    for (const auto& wanted : wanted_.columns) {
      if (found.find(wanted.name) != nullptr) continue;
      error_at(wanted.span, "unknown-column",
               fmt::format("{} has no column \"{}\"", plan_.wish.shown(), wanted.name),
               suggest(wanted.name, found.names()));
    }
  }

  void check_names(const postgres::RelationFound& found, const std::vector<std::string>& names,
                   const char* option) {
    for (const auto& name : names) {
      if (found.find(name) != nullptr) continue;
      error(option, "unknown-column",
            fmt::format("{} has no column \"{}\"", plan_.wish.shown(), name),
            suggest(name, found.names()));
    }
  }

  /// The server itself says whether a text is a value of a column's type.
  void check_filter(postgres::Connection& connection, const postgres::RelationFound& found) {
    for (const auto& [name, span] : wanted_.filter_columns) {
      if (found.find(name) != nullptr) continue;
      error_at(span, "unknown-column",
               fmt::format("{} has no column \"{}\"", plan_.wish.shown(), name),
               suggest(name, found.names()));
    }
    for (const auto& value : wanted_.filter_values) {
      const auto* column = found.find(value.column);
      if (column == nullptr) continue;
      try {
        connection.execute(fmt::format("select $1::{}", postgres::sql_type(*column)), {value.text});
      } catch (const postgres::ServerError& problem) {
        if (problem.lost() || problem.code() == Errc::io) throw;
        error_at(value.span, "bad-value",
                 fmt::format("column \"{}\" is {} and cannot be \"{}\": {}", column->name,
                             column->shown, value.text, problem.message().text));
      }
    }
  }

  /// The schema that is read: as declared, as found otherwise.
  SchemaRef schema_of(const postgres::RelationFound& found) {
    auto wanted = wanted_.columns;
    if (wanted.empty()) {
      for (const auto& name : found.names()) {
        wanted.push_back({name, std::nullopt, options_.span(relation_option())});
      }
    }
    std::vector<Field> fields;
    for (const auto& each : wanted) {
      const auto& column = *found.find(each.name);
      const auto type = each.type ? each.type : postgres::natural_type(column);
      if (!type) {
        error_at(each.span, "no-type",
                 fmt::format("column \"{}\" is {}, which has no counterpart here", column.name,
                             column.shown),
                 column.type == postgres::kNumericOid
                     ? "declare it in `columns`, as decimal(p,s), float64 or string"
                     : "declare it as string in `columns`, or cast it in a query");
      } else if (!postgres::wire_of(column, *type)) {
        error_at(each.span, "wrong-type",
                 fmt::format("column \"{}\" is {} and cannot be read as {}", column.name,
                             column.shown, to_string(*type)),
                 "cast it in a query, or declare it as string");
      } else {
        fields.push_back({each.name, *type});
      }
    }
    check_twice(fields);
    return ok_ ? make_schema(std::move(fields)) : nullptr;
  }

  void check_twice(const std::vector<Field>& fields) {
    for (std::size_t i = 0; i < fields.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (fields[i].name != fields[j].name) continue;
        error(relation_option(), "duplicate-column",
              fmt::format("the query has two columns \"{}\"", fields[i].name),
              "name them apart by `as`");
      }
    }
  }

  void note_schema(const Schema& schema, Binding& binding) const {
    const auto text = to_string(schema);
    binding.notes.push_back(fmt::format("schema found in {}: {}", plan_.name(), text));
    binding.content_hash = fingerprint(text);
  }

  BindContext& context_;
  const Options& options_;
  PostgresOptions wanted_;
  postgres::RelationPlan plan_;
  bool ok_ = true;
};

Binding bind_postgres_source(BindContext& context) { return PostgresBinder(context).run(); }

}  // namespace

NodeType postgres_source() { return {postgres_source_spec(), bind_postgres_source}; }

}  // namespace flowrun::nodes
