// cursor = {…}: its columns, its defaults, and what it cannot go with.
#include "tests/engine/plan/planned.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;
using Catch::Matchers::ContainsSubstring;

namespace {

std::string with_cursor(const std::string& cursor, const std::string& more = "") {
  return "name = \"c\"\n" + more +
         "[sources.in]\ntype = \"table\"\npath = \"a\"\ncolumns = { place = \"string\", at = "
         "\"timestamp\", day = \"date\", n = \"int64\", x = \"float64\" }\ncursor = " +
         cursor + "\n[sinks.out]\ntype = \"null\"\ninput = \"in\"\n";
}

CursorSpec cursor_of(const Planned& planned) {
  INFO(planned.shown());
  return planned.node("in").cursor.value();
}

}  // namespace

TEST_CASE("a cursor has a column, and defaults for the rest") {
  const auto cursor = cursor_of(plan_text(with_cursor("{ column = \"at\" }")));
  CHECK(cursor.column == 1);
  CHECK(cursor.per.empty());
  CHECK_FALSE(cursor.initial.has_value());
  CHECK(cursor.lag == 0);
  CHECK(cursor.max_ahead == kHour);
  CHECK(cursor.on_missing == OnMissing::reject);
  const auto full = cursor_of(plan_text(
      with_cursor("{ column = \"at\", per = [\"place\", \"n\"], initial = \"now - 1d\", lag = "
                  "\"5m\", max_ahead = \"0s\", on_missing = \"load\" }")));
  CHECK(full.per == std::vector<std::size_t>{0, 3});
  CHECK(full.initial == "2026-07-14T10:20:30");
  CHECK(full.lag == 5 * kMinute);
  CHECK(full.max_ahead == 0);
  CHECK(full.on_missing == OnMissing::load);
  CHECK(cursor_of(plan_text(with_cursor("{ column = \"day\", initial = \"today\" }"))).initial ==
        "2026-07-15");
  CHECK(cursor_of(plan_text(with_cursor("{ column = \"n\", initial = \"007\" }"))).initial == "7");
}

TEST_CASE("a cursor that cannot work is a diagnostic where it stands") {
  const auto problem = [](const std::string& cursor) {
    return plan_text(with_cursor(cursor)).shown();
  };
  CHECK_THAT(problem("\"at\""), ContainsSubstring("p.toml:6:10: error: source \"in\": cursor must "
                                                  "be a table, not a string"));
  CHECK_THAT(problem("{ column = \"ta\" }"),
             ContainsSubstring("p.toml:6:21: error: source \"in\": cursor: the source has no "
                               "column \"ta\"") &&
                 ContainsSubstring("did you mean \"at\"?"));
  CHECK_THAT(problem("{ column = \"x\" }"), ContainsSubstring("column \"x\" is float64"));
  CHECK_THAT(problem("{ column = \"n\", lag = \"5m\" }"),
             ContainsSubstring("option \"lag\" wants a column with times"));
  CHECK_THAT(problem("{ column = \"at\", initial = \"soon\" }"),
             ContainsSubstring("option \"initial\" is no moment: \"soon\""));
  CHECK_THAT(problem("{ column = \"n\", initial = \"x\" }"),
             ContainsSubstring("option \"initial\" is no int64: \"x\""));
  CHECK_THAT(problem("{ colum = \"at\" }"), ContainsSubstring("unknown option \"colum\""));
  CHECK_THAT(
      plan_text(with_cursor("{ column = \"at\" }", "[window]\ncolumn = \"at\"\nevery = \"1h\"\n"))
          .shown(),
      ContainsSubstring("cursor cannot go with [window]"));
}

TEST_CASE("all sources that are read together have a cursor, or none has") {
  const std::string other =
      "[sources.more]\ntype = \"table\"\npath = \"b\"\ncolumns = { n = \"int64\" }\n"
      "[sinks.second]\ntype = \"null\"\ninput = \"more\"\n";
  CHECK_THAT(plan_text(with_cursor("{ column = \"at\" }") + other).shown(),
             ContainsSubstring("source \"more\" has no cursor, and source \"in\" has one"));
}

TEST_CASE("the plan hash knows what a cursor goes by, and not how far it lags") {
  const auto hash = [](const std::string& cursor) {
    return plan_text(with_cursor(cursor)).node("out").plan_hash;
  };
  CHECK(hash("{ column = \"at\" }") == hash("{ column = \"at\", lag = \"5m\" }"));
  CHECK(hash("{ column = \"at\" }") != hash("{ column = \"day\" }"));
  CHECK(hash("{ column = \"at\" }") != hash("{ column = \"at\", per = \"place\" }"));
}
