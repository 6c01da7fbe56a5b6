#include "engine/plan/grammar.h"

#include <algorithm>

namespace flowrun {

const SectionSpec& window_section() {
  static const SectionSpec section{
      .name = "window",
      .help =
          "Which rows are loaded, committed and resumed together: cells of a grid of event time.",
      .options =
          {{.name = "column",
            .kind = OptionKind::text,
            .help =
                "The column with the event time; a date, timestamp or timestamptz of every source.",
            .required = true,
            .example = "\"created_time\""},
           {.name = "every",
            .kind = OptionKind::duration,
            .help = "Width of a window.",
            .required = true,
            .example = "\"2h\""},
           {.name = "align",
            .kind = OptionKind::text,
            .help = "A moment at which a window starts, or how far the grid is moved from midnight "
                    "UTC of "
                    "1970-01-01.",
            .example = "\"30m\""},
           {.name = "from",
            .kind = OptionKind::text,
            .help =
                "First moment to load, put back to the start of its window; \"watermark\": go on "
                "where the last run stopped; absent: all there is.",
            .example = "\"now - 365d\""},
           {.name = "initial",
            .kind = OptionKind::text,
            .help = "from = \"watermark\": where the first run begins.",
            .example = "\"now\""},
           {.name = "until",
            .kind = OptionKind::text,
            .help = "End of what is loaded, exclusive, put back to the start of its window; "
                    "\"origin:NAME or now\": where the pipeline NAME began with from = "
                    "\"watermark\", or now while it has not.",
            .example = "\"today\""},
           {.name = "revisit",
            .kind = OptionKind::duration,
            .help =
                "Windows that were loaded sooner than this after their end are loaded once more "
                "when it has passed, for rows that arrive late; sinks that can load a window "
                "again only.",
            .example = "\"6h\""},
           {.name = "timezone",
            .kind = OptionKind::text,
            .help = "Zone in which whole days are anchored; UTC only so far.",
            .fallback = "UTC"},
           {.name = "lateness",
            .kind = OptionKind::duration,
            .help = "How far the rows of a file may be out of order; absent: all of the file.",
            .example = "\"1h\""},
           {.name = "in_flight",
            .kind = OptionKind::integer,
            .help = "Windows read at once from a source that can read a range of time.",
            .fallback = "4"},
           {.name = "max_ahead",
            .kind = OptionKind::duration,
            .help = "Rows further ahead of now than this are rejected.",
            .fallback = "1h"},
           {.name = "late",
            .kind = OptionKind::choice,
            .help = "What happens to rows of a window that is closed already.",
            .fallback = "reject",
            .choices = {"reject", "skip", "fail"}}},
      .later = {"shift", "overlap", "lag"}};
  return section;
}

const SectionSpec& retry_section() {
  static const SectionSpec section{.name = "retry",
                                   .help = "How often a failed run is tried again.",
                                   .options = {{.name = "attempts",
                                                .kind = OptionKind::integer,
                                                .help = "Attempts in all; 1: none again.",
                                                .fallback = "3"},
                                               {.name = "backoff",
                                                .kind = OptionKind::text,
                                                .help = "Pause before the second attempt, doubled "
                                                        "each time: \"2s\", or \"2s..2m\" with the "
                                                        "longest one.",
                                                .fallback = "1s..30s"}},
                                   .later = {}};
  return section;
}

const SectionSpec& rejects_section() {
  static const SectionSpec section{
      .name = "rejects",
      .help =
          "What happens to rejected rows that no sink takes, for nodes that do not say it "
          "themselves.",
      .options = {{.name = "on_error",
                   .kind = OptionKind::choice,
                   .help =
                       "fail: the first such row ends the run; skip: they are kept in the journal.",
                   .choices = {"fail", "skip"}},
                  {.name = "max_rejects",
                   .kind = OptionKind::integer,
                   .help = "Most such rows of a window or load.",
                   .example = "100"},
                  {.name = "max_reject_ratio",
                   .kind = OptionKind::number,
                   .help = "Largest share of such rows in a window or load, from 0 to 1.",
                   .example = "0.01"}},
      .later = {}};
  return section;
}

const SectionSpec& limits_section() {
  static const SectionSpec section{
      .name = "limits",
      .help = "What the whole process may use.",
      .options = {{.name = "memory",
                   .kind = OptionKind::size,
                   .help = "Memory for rows in flight, accumulators and staging together.",
                   .fallback = "256 MiB"}},
      .later = {}};
  return section;
}

const SectionSpec& logs_section() {
  static const SectionSpec section{
      .name = "logs",
      .help = "The log files, one per instance; `flowrun logs` reads them.",
      .options = {{.name = "folder",
                   .kind = OptionKind::path,
                   .help = "Where they are; \"-\" for none.",
                   .fallback = ".flowrun/logs",
                   .example = "\"/var/log/flowrun\""},
                  {.name = "size",
                   .kind = OptionKind::size,
                   .help = "A larger file is turned over.",
                   .fallback = "100 MiB"},
                  {.name = "keep",
                   .kind = OptionKind::duration,
                   .help = "Turned-over files are removed after so long.",
                   .fallback = "30d"}},
      .later = {}};
  return section;
}

const SectionSpec& schedule_section() {
  static const SectionSpec section{
      .name = "schedule",
      .help = "When the pipeline runs, for as long as `flowrun run --follow` keeps it running.",
      .options = {{.name = "every",
                   .kind = OptionKind::duration,
                   .help =
                       "A run begins at every multiple of this since midnight UTC of 1970-01-01; "
                       "one that takes longer is followed by the next at once.",
                   .required = true,
                   .example = "\"1m\""}},
      .later = {"cron", "timezone", "overlap", "catch_up"}};
  return section;
}

const SectionSpec& cursor_section() {
  static const SectionSpec section{
      .name = "cursor",
      .help =
          "Loads only rows beyond those that earlier runs loaded: incremental loading by a column "
          "that grows.",
      .options =
          {{.name = "column",
            .kind = OptionKind::text,
            .help = "The column that tells new rows from old ones: a date, timestamp, timestamptz, "
                    "int64, decimal or string.",
            .required = true,
            .example = "\"collected_at\""},
           {.name = "per",
            .kind = OptionKind::names,
            .help = "Columns whose values each have a mark of their own.",
            .example = "\"chokepoint\""},
           {.name = "initial",
            .kind = OptionKind::text,
            .help = "The least value to load where there is no mark yet; absent: all there is.",
            .example = "\"now - 30d\""},
           {.name = "lag",
            .kind = OptionKind::duration,
            .help = "Rows younger than this wait for a later run; columns with times only.",
            .fallback = "0s"},
           {.name = "max_ahead",
            .kind = OptionKind::duration,
            .help = "Rows further ahead of now than this are rejected, and move nothing.",
            .fallback = "1h"},
           {.name = "on_missing",
            .kind = OptionKind::choice,
            .help = "What happens to rows without a value in the column; load: every run loads "
                    "them, as nothing tells whether they were loaded before.",
            .fallback = "reject",
            .choices = {"reject", "skip", "load"}}},
      .later = {}};
  return section;
}

const SectionSpec& test_section() {
  static const SectionSpec section{
      .name = "test",
      .help = "Rows in, rows out: what `flowrun test` runs on the real graph, writing nothing.",
      .options =
          {{.name = "name",
            .kind = OptionKind::text,
            .help = "What it shows.",
            .required = true,
            .example = "\"a channel that no list knows is rejected\""},
           {.name = "sources",
            .kind = OptionKind::any,
            .help = "Rows by source; a source that is not named has none.",
            .example = "{ readings = { rows = [{ ship = \"a\", value = 1.5 }] } }",
            .shape = "a table of tables with `rows`, `csv`, `file` or `raw`"},
           {.name = "expect",
            .kind = OptionKind::any,
            .help = "Rows that leave a node or port (`by_system.rejected`), or arrive at a sink.",
            .example = "{ wide = { rows = [{ ship = \"a\", rpm = 1.5 }] } }",
            .shape = "a table of tables with `rows`, `csv`, `file` or `count`"},
           {.name = "error",
            .kind = OptionKind::text,
            .help = "The run must end with an error that contains this text."},
           {.name = "now",
            .kind = OptionKind::text,
            .help = "What `now` and `today` stand for; absent: the clock.",
            .example = "\"2026-01-01T00:00:00Z\""},
           {.name = "params",
            .kind = OptionKind::any,
            .help = "Values of parameters.",
            .example = "{ least = 5 }",
            .shape = "a table"},
           {.name = "matrix",
            .kind = OptionKind::any,
            .help = "Which instance of [matrix] is run; absent: the first.",
            .example = "{ ship = \"IMO9976903\" }",
            .shape = "a table"}},
      .later = {}};
  return section;
}

const SectionSpec& test_rows_section() {
  static const SectionSpec section{
      .name = "rows of a test",
      .help =
          "Of an expected row only the columns that some row names are compared, and a column that "
          "this row leaves out must be null. A value may be a matcher: `{ any = true }`, "
          "`{ matches = \"regular expression\" }`, `{ near = 1.5, within = 0.01 }`.",
      .options =
          {{.name = "rows",
            .kind = OptionKind::any,
            .help = "A table per row; a column that is left out is null.",
            .example = "[{ ship = \"a\", value = 1.5 }]",
            .shape = "a list of tables"},
           {.name = "csv",
            .kind = OptionKind::text,
            .help = "The rows as CSV with a header; an empty field is null, `\"\"` an empty text."},
           {.name = "file",
            .kind = OptionKind::path,
            .help = "The same in a file.",
            .example = "\"tests/readings.csv\""},
           {.name = "raw",
            .kind = OptionKind::text,
            .help = "Sources that read files: the bytes of the file, read as the source reads its "
                    "own, bad rows included."},
           {.name = "count",
            .kind = OptionKind::integer,
            .help = "Expectations: how many rows there are, whatever is in them."},
           {.name = "ordered",
            .kind = OptionKind::boolean,
            .help = "Expectations: the rows come in this order.",
            .fallback = "false"}},
      .later = {}};
  return section;
}

const std::vector<std::string>& param_types() {
  static const std::vector<std::string> types{"string", "int64",     "float64",     "bool",
                                              "date",   "timestamp", "timestamptz", "duration"};
  return types;
}

const SectionSpec& param_section() {
  static const SectionSpec section{
      .name = "params",
      .help = "Values that --param NAME=VALUE sets and ${NAME} stands for. A scalar is a default.",
      .options = {{.name = "type",
                   .kind = OptionKind::choice,
                   .help = "Type of the value; by default that of `default`.",
                   .choices = param_types()},
                  {.name = "default",
                   .kind = OptionKind::any,
                   .help = "Value where none is given; without it the parameter is required.",
                   .shape = "a value of the parameter's type"},
                  {.name = "help", .kind = OptionKind::text, .help = "What it is for."},
                  {.name = "secret",
                   .kind = OptionKind::boolean,
                   .help = "Never shown anywhere.",
                   .fallback = "false"}},
      .later = {}};
  return section;
}

std::vector<OptionSpec> common_options(NodeKind kind, bool many_inputs) {
  std::vector<OptionSpec> options{
      {.name = "type", .kind = OptionKind::text, .help = "Which node it is.", .required = true},
      {.name = "connection",
       .kind = OptionKind::text,
       .help = "Name of a [connections] table whose keys count as written here."}};
  if (kind == NodeKind::source) {
    options.push_back(
        {.name = "cursor",
         .kind = OptionKind::any,
         .help = "Loads only rows beyond those that earlier runs loaded; not with [window].",
         .example = "{ column = \"collected_at\", per = \"chokepoint\" }",
         .shape = "a table: `column`, `per`, `initial`, `lag`, `max_ahead`, `on_missing`"});
  } else {
    options.push_back({.name = "input",
                       .kind = OptionKind::text,
                       .help = "The node, or node.port, whose rows arrive here.",
                       .example = "\"by_system.engine\""});
    if (many_inputs) {
      options.push_back({.name = "inputs",
                         .kind = OptionKind::names,
                         .help = "Several inputs with the same columns.",
                         .example = "[\"a\", \"b.rejected\"]"});
    }
  }
  if (kind == NodeKind::transform) {
    options.push_back(
        {.name = "memory",
         .kind = OptionKind::size,
         .help = "Most memory for the rows that the node keeps; nodes that keep rows only.",
         .example = "\"64 MiB\""});
  }
  if (kind != NodeKind::sink) {
    options.push_back(
        {.name = "after",
         .kind = OptionKind::names,
         .help = "Sinks that must have committed before the sources behind this node read.",
         .example = "\"dim_route\""});
  }
  for (const auto& option : rejects_section().options) options.push_back(option);
  return options;
}

const std::vector<std::string>& top_level_keys() {
  static const std::vector<std::string> names{
      "name",  "params",  "matrix",     "window",      "state",    "retry", "rejects", "limits",
      "sinks", "sources", "transforms", "connections", "schedule", "logs",  "test"};
  return names;
}

const std::vector<std::string>& later_top_level_keys() {
  static const std::vector<std::string> names{"steps", "checks"};
  return names;
}

std::string_view table_of(NodeKind kind) {
  switch (kind) {
    case NodeKind::source:
      return "sources";
    case NodeKind::transform:
      return "transforms";
    case NodeKind::sink:
      return "sinks";
  }
  return "";
}

bool is_name(std::string_view name) {
  constexpr std::string_view kForbidden = "./\\\"'${}=,";
  return !name.empty() && std::none_of(name.begin(), name.end(), [&](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == '\x7f' ||
           kForbidden.find(c) != std::string_view::npos;
  });
}

}  // namespace flowrun
