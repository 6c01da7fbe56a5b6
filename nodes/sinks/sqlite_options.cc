#include "nodes/sinks/sqlite_options.h"

#include <fmt/format.h>

#include <map>

#include "engine/sqlite/connection.h"

namespace flowrun::nodes {
namespace {

constexpr const char* kNotes =
    "Types: bool and int64 become INTEGER, float64 REAL, bytes BLOB, all others TEXT: decimals "
    "with all their digits, dates `2026-01-31`, timestamps `2026-01-31T10:20:30.5`, timestamptz "
    "the same with `Z`. SQLite has no NaN: it is stored as NULL. A row that SQLite refuses (a "
    "constraint) or whose key is null is a reject; the others go in. Rows go in in the order of "
    "the input, so that the last of several with one key stays.\n\nModes: `append` adds rows; "
    "`upsert` updates the columns that arrive where the key is there already; `insert_new` leaves "
    "such rows alone; `replace` deletes what the table holds of a window first, or everything "
    "without `[window]`.\n\nWhat was loaded is kept in the same file, in the tables "
    "flowrun_coverage, flowrun_inputs and flowrun_epoch, written in the transaction of the rows. A "
    "dropped table is loaded anew. A database that flowrun creates has a write-ahead log (readers "
    "never wait); one that exists keeps its journal mode.";

std::vector<OptionSpec> sqlite_options() {
  return {
      {.name = "path",
       .kind = OptionKind::path,
       .help = "The database file.",
       .required = true,
       .example = "\"readings.db\""},
      {.name = "table", .help = "The table.", .required = true, .example = "\"engine\""},
      {.name = "mode",
       .kind = OptionKind::choice,
       .help = "What happens to rows that are there already.",
       .required = true,
       .choices = {"append", "upsert", "insert_new", "replace"},
       .example = "\"upsert\""},
      {.name = "key",
       .kind = OptionKind::columns,
       .help = "Columns that identify a row; upsert and insert_new need it. A table that is "
               "created gets it as primary key.",
       .example = "[\"ship_id\", \"created_time\"]"},
      {.name = "create",
       .kind = OptionKind::boolean,
       .help = "Makes the file and the table where they are missing.",
       .fallback = "false",
       .example = "true"},
      {.name = "evolve",
       .kind = OptionKind::choice,
       .help = "What happens to columns that the table lacks: an error, or they are added.",
       .fallback = "freeze",
       .choices = {"freeze", "add_columns"},
       .example = "\"add_columns\""},
      {.name = "nulls",
       .kind = OptionKind::choice,
       .help = "upsert: whether a null leaves the old value or overwrites it. Without it, nulls of "
               "columns that a pivot made leave it, all others overwrite.",
       .choices = {"keep", "write"},
       .example = "\"keep\""},
      {.name = "version",
       .kind = OptionKind::column,
       .help = "upsert: a column that says how new a row is; an older row never overwrites a newer "
               "one. Strings compare by bytes.",
       .example = "\"updated_at\""},
      {.name = "busy_timeout",
       .kind = OptionKind::duration,
       .help = "How long to wait while another process has the file locked.",
       .fallback = "60s",
       .example = "\"5m\""},
  };
}

}  // namespace

NodeSpec sqlite_sink_spec() {
  return {.name = "sqlite",
          .kind = NodeKind::sink,
          .summary = "Writes rows into a table of an SQLite database.",
          .notes = kNotes,
          .options = sqlite_options(),
          .many_inputs = true,
          .example =
              "[sinks.engine]\ntype   = \"sqlite\"\ninput  = \"engine_wide\"\npath   = "
              "\"readings.db\"\ntable  = \"engine\"\nmode   = \"upsert\"\nkey    = [\"ship_id\", "
              "\"created_time\"]\ncreate = true\n"};
}

namespace {

void check_table_name(BindContext& context) {
  const auto& table = context.options().text("table");
  const bool reserved =
      table.empty() || table.starts_with("sqlite_") || table.starts_with("flowrun_");
  if (reserved) {
    context.error("table", "bad-table", "\"" + table + "\" cannot be a table's name",
                  "names that begin with sqlite_ or flowrun_ are taken");
  }
}

void check_mode(BindContext& context, const std::string& mode) {
  const auto& options = context.options();
  const bool keyed = mode == "upsert" || mode == "insert_new";
  if (keyed && options.names("key").empty()) {
    context.error("mode", "missing-key", "mode \"" + mode + "\" needs a key",
                  "add key = [...], the columns that identify a row");
  }
  for (const char* option : {"nulls", "version"}) {
    if (mode == "upsert" || !options.has(option)) continue;
    context.error(option, "option-without-effect",
                  std::string("\"") + option + "\" means something with mode \"upsert\" only");
  }
}

void check_columns(BindContext& context) {
  const auto& fields = context.input().fields();
  if (fields.size() > static_cast<std::size_t>(sqlite::kMaxColumns)) {
    context.error("table", "too-many-columns",
                  fmt::format("an SQLite table has at most {} columns; the input has {}",
                              sqlite::kMaxColumns, fields.size()),
                  "split the columns over several tables with select");
    return;
  }
  std::map<std::string, std::string> seen;
  for (const auto& field : fields) {
    const auto [other, fresh] = seen.try_emplace(folded_name(field.name), field.name);
    if (fresh) continue;
    context.error("table", "same-column",
                  fmt::format("columns \"{}\" and \"{}\" are one to SQLite, which ignores case",
                              other->second, field.name),
                  "rename one of them with select");
  }
}

void check_version(BindContext& context) {
  if (!context.options().has("version")) return;
  const auto column = context.input().index_of(context.options().text("version"));
  if (!column || context.input().field(*column).type.id != TypeId::decimal) return;
  context.error("version", "bad-version",
                "SQLite keeps decimals as text, which does not compare as a number",
                "cast the column to int64 or float64");
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

SqliteSinkSettings make_settings(BindContext& context, const std::string& mode) {
  const auto& options = context.options();
  SqliteSinkSettings settings;
  settings.path = context.resolve(options.text("path"));
  settings.replace = mode == "replace";
  settings.window_column = window_column(context, mode);
  settings.busy_timeout = options.duration("busy_timeout");
  settings.wish = {.table = options.text("table"),
                   .schema = context.input_ref(),
                   .key = options.names("key"),
                   .needs_key = mode == "upsert" || mode == "insert_new",
                   .index = settings.window_column ? settings.window_column->name : "",
                   .create = options.boolean("create"),
                   .add_columns = options.text("evolve") == "add_columns"};
  auto& insert = settings.insert;
  insert = {.table = settings.wish.table, .schema = context.input_ref(), .key = settings.wish.key};
  if (mode == "upsert") {
    insert.on_conflict = OnConflict::update;
    insert.keep_nulls = keep_nulls(context);
    insert.version = options.text_or("version", "");
  } else if (mode == "insert_new") {
    insert.on_conflict = OnConflict::ignore;
  }
  if (!settings.wish.needs_key) return settings;
  for (const auto& name : settings.wish.key) {
    if (const auto column = context.input().index_of(name)) settings.key.push_back(*column);
  }
  return settings;
}

}  // namespace

std::optional<SqliteSinkSettings> sqlite_sink_settings(BindContext& context) {
  const auto& mode = context.options().text("mode");
  check_table_name(context);
  check_mode(context, mode);
  check_columns(context);
  check_version(context);
  if (context.options().text("path") == "-") {
    context.error("path", "bad-path", "a database cannot be standard output", "name a file");
  }
  if (context.diagnostics().has_errors()) return std::nullopt;
  auto settings = make_settings(context, mode);
  if (context.diagnostics().has_errors()) return std::nullopt;
  return settings;
}

}  // namespace flowrun::nodes
