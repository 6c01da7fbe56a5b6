#include "nodes/sinks/postgres_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace flowrun::nodes {
namespace {

constexpr const char* kNotes =
    "A created table has boolean, bigint, double precision, numeric(p,s), text, date, timestamp, "
    "timestamptz and bytea columns. An existing one may have others: smallint, integer, real, "
    "numeric of any size, varchar, char, json, jsonb, uuid, enums, and from strings every type "
    "that "
    "PostgreSQL reads from text (arrays, inet, interval …). A value that does not fit, text that "
    "is not UTF-8 or holds a NUL character, a null key, and whatever PostgreSQL refuses (a "
    "constraint, a length) is a reject with its words and SQLSTATE; the others go in. Of several "
    "rows with one key the last stays.\n\nModes: `append` adds rows; `upsert` updates the columns "
    "that arrive where the key is there already, and only rows that change; `insert_new` leaves "
    "such rows alone; `replace` deletes what the table holds of a window first, or everything "
    "without `[window]`. It deletes rather than truncates, so that readers see the old rows until "
    "the new ones are committed, and never wait.\n\nHow rows go in is chosen from what is found: "
    "COPY straight into the table where none of their keys is there, else COPY into a temporary "
    "table and one MERGE (or INSERT … ON CONFLICT before PostgreSQL 15, or while another run "
    "writes "
    "the same table). Runs that write one table at once take turns, or touch its rows in the order "
    "of their keys: they do not deadlock.\n\n`before` and `after` may run more than once: after a "
    "crash, a failed attempt, or a run with nothing to load. Write them so that this does no "
    "harm.\n\nWhat was loaded is kept in the same database, in the tables coverage, inputs and "
    "epoch of the schema flowrun, written in the transaction of the rows. A dropped table is "
    "loaded anew.";

void add_writing(std::vector<OptionSpec>& all) {
  all.push_back({.name = "table",
                 .help = "The table, perhaps with its schema; letters keep their case, and a part "
                         "in double quotes may hold dots.",
                 .required = true,
                 .example = "\"tenant.engine\""});
  all.push_back({.name = "mode",
                 .kind = OptionKind::choice,
                 .help = "What happens to rows that are there already.",
                 .required = true,
                 .choices = {"append", "upsert", "insert_new", "replace"},
                 .example = "\"upsert\""});
  all.push_back({.name = "key",
                 .kind = OptionKind::columns,
                 .help = "Columns that identify a row; upsert and insert_new need it, and a unique "
                         "index on it. A table that is created gets it as primary key.",
                 .example = "[\"ship_id\", \"created_time\"]"});
  all.push_back({.name = "nulls",
                 .kind = OptionKind::choice,
                 .help =
                     "upsert: whether a null leaves the old value or overwrites it. Without it, "
                     "nulls of columns that a pivot made leave it, all others overwrite.",
                 .choices = {"keep", "write"},
                 .example = "\"keep\""});
  all.push_back({.name = "version",
                 .kind = OptionKind::column,
                 .help = "upsert: a column that says how new a row is; an older row never "
                         "overwrites a newer one.",
                 .example = "\"updated_at\""});
  all.push_back({.name = "prefer",
                 .kind = OptionKind::choice,
                 .help = "upsert: which value stays in a column that has one already. With "
                         "\"stored\" only empty ones are filled, so that what somebody corrected "
                         "outlives a window that is loaded again.",
                 .fallback = "arriving",
                 .choices = {"arriving", "stored"},
                 .example = "\"stored\""});
  all.push_back({.name = "plan",
                 .kind = OptionKind::choice,
                 .help = "upsert: \"delete_insert\" deletes old rows and inserts new ones, which "
                         "can be faster where most rows change; triggers and foreign keys see "
                         "deletions, and every column of the table must arrive.",
                 .fallback = "auto",
                 .choices = {"auto", "delete_insert"},
                 .example = "\"delete_insert\""});
}

void add_table(std::vector<OptionSpec>& all) {
  all.push_back({.name = "create",
                 .kind = OptionKind::boolean,
                 .help = "Makes the table where it is missing; its schema must be there.",
                 .fallback = "false",
                 .example = "true"});
  all.push_back(
      {.name = "evolve",
       .kind = OptionKind::choice,
       .help = "What happens to columns that the table lacks: an error, or they are added.",
       .fallback = "freeze",
       .choices = {"freeze", "add_columns"},
       .example = "\"add_columns\""});
  all.push_back({.name = "before",
                 .kind = OptionKind::names,
                 .help = "SQL that runs before the table is looked at, in one transaction.",
                 .example = "[\"create schema if not exists tenant\"]"});
  all.push_back({.name = "after",
                 .kind = OptionKind::names,
                 .help = "SQL that runs after a run in which everything was committed, in one "
                         "transaction.",
                 .example = "[\"analyze tenant.engine\"]"});
  all.push_back({.name = "lock_timeout",
                 .kind = OptionKind::duration,
                 .help = "How long to wait for a table that somebody else has locked.",
                 .fallback = "60s",
                 .example = "\"5m\""});
}

}  // namespace

NodeSpec postgres_sink_spec() {
  auto options = postgres::address_options();
  add_writing(options);
  add_table(options);
  return {.name = "postgres",
          .kind = NodeKind::sink,
          .summary = "Writes rows into a table of a PostgreSQL database.",
          .notes = kNotes,
          .options = std::move(options),
          .many_inputs = true,
          .example =
              "[sinks.engine]\ntype   = \"postgres\"\ninput  = \"engine_wide\"\nurl    = "
              "\"${env:DATABASE_URL}\"\ntable  = \"tenant.engine\"\nmode   = \"upsert\"\nkey "
              "   = [\"ship_id\", \"created_time\"]\ncreate = true\n"};
}

namespace {

void check_mode(BindContext& context, const std::string& mode) {
  const auto& options = context.options();
  const bool keyed = mode == "upsert" || mode == "insert_new";
  if (keyed && options.names("key").empty()) {
    context.error("mode", "missing-key", "mode \"" + mode + "\" needs a key",
                  "add key = [...], the columns that identify a row");
  }
  const std::map<std::string, bool> given{{"nulls", options.has("nulls")},
                                          {"version", options.has("version")},
                                          {"prefer", options.text("prefer") != "arriving"},
                                          {"plan", options.text("plan") != "auto"}};
  for (const auto& [option, is_given] : given) {
    if (mode == "upsert" || !is_given) continue;
    context.error(option, "option-without-effect",
                  "\"" + option + "\" means something with mode \"upsert\" only");
  }
  if (given.at("prefer") && given.at("version")) {
    context.error("prefer", "conflicting-options",
                  "\"version\" says which row is newer, and prefer = \"stored\" that it does not "
                  "matter",
                  "give one of them");
  }
}

void check_columns(BindContext& context) {
  const auto& fields = context.input().fields();
  if (fields.size() > postgres::kMaxColumns) {
    context.error("table", "too-many-columns",
                  fmt::format("a table of PostgreSQL has at most {} columns; the input has {}",
                              postgres::kMaxColumns, fields.size()),
                  "split the columns over several tables with select");
  }
  std::map<std::string, std::string> kept;
  for (const auto& field : fields) {
    const auto [other, fresh] =
        kept.try_emplace(field.name.substr(0, postgres::kMaxNameBytes), field.name);
    if (!fresh) {
      context.error("table", "same-column",
                    fmt::format("columns \"{}\" and \"{}\" are one to PostgreSQL, which keeps {} "
                                "bytes of a name",
                                other->second, field.name, postgres::kMaxNameBytes),
                    "give them shorter names with select");
    } else if (field.name.size() > postgres::kMaxNameBytes || field.name.empty() ||
               field.name.find('\0') != std::string::npos) {
      context.error("table", "bad-column",
                    fmt::format("\"{}\" cannot be a column's name: PostgreSQL takes 1 to {} bytes, "
                                "none of them NUL",
                                field.name, postgres::kMaxNameBytes),
                    "give it another name with select");
    }
  }
}

std::optional<postgres::TableName> table_name(BindContext& context) {
  const auto& text = context.options().text("table");
  auto name = postgres::parse_table_name(text);
  if (!name || text.find('\0') != std::string::npos) {
    context.error("table", "bad-table", "\"" + text + "\" is no table's name",
                  "write table or schema.table, parts with dots in double quotes");
    return std::nullopt;
  }
  for (const auto& part : {name->schema, name->table}) {
    if (part.size() <= postgres::kMaxNameBytes) continue;
    context.error("table", "bad-table",
                  fmt::format("\"{}\" is longer than the {} bytes that PostgreSQL keeps of a name",
                              part, postgres::kMaxNameBytes));
    return std::nullopt;
  }
  if (name->schema == "flowrun") {
    context.error("table", "bad-table", "the schema flowrun is taken", "name another schema");
  }
  return name;
}

/// The column by which a window's old rows are found; nothing where the mode is another or there
/// are no windows.
std::optional<Field> window_column(BindContext& context, const std::string& mode) {
  const auto& name = context.window_column();
  if (mode != "replace" || name.empty()) return std::nullopt;
  const auto column = context.input().index_of(name);
  if (!column) {
    context.error(
        "mode", "no-window-column",
        "mode \"replace\" deletes a window's rows by \"" + name + "\", which does not arrive here",
        "keep that column, or use mode \"upsert\" with a key");
    return std::nullopt;
  }
  const auto& field = context.input().field(*column);
  if (field.type.is_time() || field.type == kDate) return field;
  context.error("mode", "bad-window-column",
                "mode \"replace\" needs \"" + name + "\" as a date or a timestamp; it is " +
                    to_string(field.type));
  return std::nullopt;
}

std::vector<bool> keep_nulls(const BindContext& context) {
  const auto nulls = context.options().text_or("nulls", "");
  if (nulls.empty()) return context.sparse();
  return std::vector<bool>(context.input().size(), nulls == "keep");
}

void check_delete_insert(BindContext& context, const postgres::WriterSettings& writer) {
  if (!writer.deletes_first) return;
  if (writer.stored_wins || std::find(writer.keep_nulls.begin(), writer.keep_nulls.end(), true) !=
                                writer.keep_nulls.end()) {
    context.error("plan", "bad-plan", "plan \"delete_insert\" cannot keep old values",
                  "set nulls = \"write\" without prefer, or leave plan out");
  }
  if (!writer.version.empty()) {
    context.error("plan", "bad-plan", "plan \"delete_insert\" does not look at versions",
                  "leave plan out");
  }
}

PostgresSinkSettings make_settings(BindContext& context, postgres::Address address,
                                   const postgres::TableName& table) {
  const auto& options = context.options();
  const auto& mode = options.text("mode");
  const bool keyed = mode == "upsert" || mode == "insert_new";
  PostgresSinkSettings settings{.address = std::move(address)};
  settings.window_column = window_column(context, mode);
  settings.before = options.names("before");
  settings.after = options.names("after");
  settings.wish = {.table = table,
                   .schema = context.input_ref(),
                   .key = options.names("key"),
                   .needs_key = keyed,
                   .index = settings.window_column ? settings.window_column->name : "",
                   .create = options.boolean("create"),
                   .add_columns = options.text("evolve") == "add_columns",
                   .whole_rows = options.text("plan") == "delete_insert"};
  auto& writer = settings.writer;
  writer = {.table = table,
            .schema = context.input_ref(),
            .key = keyed ? settings.wish.key : std::vector<std::string>{},
            .deletes_first = settings.wish.whole_rows,
            .replaces = mode == "replace",
            .lock_timeout = options.duration("lock_timeout")};
  if (mode == "upsert") {
    writer.on_conflict = postgres::OnConflict::update;
    writer.keep_nulls = keep_nulls(context);
    writer.version = options.text_or("version", "");
    writer.stored_wins = options.text("prefer") == "stored";
  } else if (mode == "insert_new") {
    writer.on_conflict = postgres::OnConflict::ignore;
  }
  check_delete_insert(context, writer);
  return settings;
}

}  // namespace

std::optional<PostgresSinkSettings> postgres_sink_settings(BindContext& context) {
  check_mode(context, context.options().text("mode"));
  check_columns(context);
  const auto table = table_name(context);
  auto address = postgres::read_address(context);
  if (!table || !address || context.diagnostics().has_errors()) return std::nullopt;
  auto settings = make_settings(context, std::move(*address), *table);
  if (context.diagnostics().has_errors()) return std::nullopt;
  return settings;
}

}  // namespace flowrun::nodes
