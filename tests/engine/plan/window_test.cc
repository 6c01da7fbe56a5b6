// [window]: the grid, bounds, and its column in the sources.
#include "tests/engine/plan/planned.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;
using Catch::Matchers::ContainsSubstring;

namespace {

std::string with_window(const std::string& window, const std::string& type = "timestamp") {
  return "name = \"w\"\n[window]\n" + window +
         "\n[sources.in]\ntype = \"table\"\npath = \"a\"\ncolumns = { at = \"" + type +
         "\", v = \"int64\" }\n[sinks.out]\ntype = \"null\"\ninput = \"in\"\n";
}

WindowSpec window_of(const Planned& planned) {
  INFO(planned.shown());
  return planned.instance().window.value();
}

std::string bounds(const Planned& planned) {
  const auto window = window_of(planned);
  return (window.from ? format_timestamptz(*window.from) : "") + ".." +
         (window.until ? format_timestamptz(*window.until) : "");
}

}  // namespace

TEST_CASE("a window has a column and a width, and defaults for the rest") {
  const auto window = window_of(plan_text(with_window("column = \"at\"\nevery = \"2h\"")));
  CHECK(window.column == "at");
  CHECK(window.every == 2 * kHour);
  CHECK(window.align == 0);
  CHECK_FALSE(window.from.has_value());
  CHECK_FALSE(window.until.has_value());
  CHECK_FALSE(window.lateness.has_value());
  CHECK(window.in_flight == 4);
  CHECK(window.max_ahead == kHour);
  CHECK(window.late == LatePolicy::reject);
  const auto full = window_of(
      plan_text(with_window("column = \"at\"\nevery = \"2h\"\nlateness = \"10m\"\nin_flight = "
                            "2\nmax_ahead = \"1d\"\nlate = \"skip\"\n"
                            "align = \"30m\"\ntimezone = \"UTC\"")));
  CHECK(full.lateness == 10 * kMinute);
  CHECK(full.in_flight == 2);
  CHECK(full.max_ahead == kDay);
  CHECK(full.late == LatePolicy::skip);
  CHECK(full.align == 30 * kMinute);
}

TEST_CASE("rule 5: bounds snap down to the grid of UTC, relative ones too") {
  const std::string base = "column = \"at\"\nevery = \"2h\"\n";
  CHECK(bounds(plan_text(with_window(base + "from = \"now - 365d\"\nuntil = \"now\""))) ==
        "2025-07-15T10:00:00Z..2026-07-15T10:00:00Z");
  CHECK(bounds(plan_text(with_window(base + "from = 2026-01-01T05:59:59\nuntil = \"today\""))) ==
        "2026-01-01T04:00:00Z..2026-07-15T00:00:00Z");
  CHECK(bounds(plan_text(with_window(base + "align = \"30m\"\nfrom = \"2026-01-01T00:20:00\""))) ==
        "2025-12-31T22:30:00Z..");
  CHECK(bounds(plan_text(
            with_window(base + "align = \"2026-01-01T01:00:00Z\"\nfrom = \"2026-06-01\""))) ==
        "2026-05-31T23:00:00Z..");
  CHECK(bounds(plan_text(with_window(base + "from = \"2026-01-01T10:00:00+08:00\"",
                                     "timestamptz"))) == "2026-01-01T02:00:00Z..");
}

TEST_CASE("rule 5: now is taken once, and the grid does not depend on it") {
  const auto text = with_window("column = \"at\"\nevery = \"2h\"\nfrom = \"now - 1d\"");
  CHECK(bounds(plan_text(text, {}, "p.toml", kNow)) ==
        bounds(plan_text(text, {}, "p.toml", kNow + kHour)));
  CHECK(bounds(plan_text(text, {}, "p.toml", kNow + 2 * kHour)) == "2026-07-14T12:00:00Z..");
}

TEST_CASE("bounds of the command line count instead of those of the file") {
  const auto text =
      with_window("column = \"at\"\nevery = \"1d\"\nfrom = \"2020-01-01\"\nuntil = \"2020-02-01\"");
  PlanOptions options;
  options.window_from = "2026-01-01";
  options.window_until = "now - 1d";
  const auto planned = plan_text(text, options);
  CHECK(bounds(planned) == "2026-01-01T00:00:00Z..2026-07-14T00:00:00Z");
  CHECK(window_of(planned).bounds_as_written == "2020-01-01..2020-02-01");
  options.window_from = "soon";
  CHECK_THAT(plan_text(text, options).shown(),
             ContainsSubstring("error: --window-from: no moment: \"soon\""));
  CHECK_THAT(plan_text(small_pipeline(), options).shown(),
             ContainsSubstring("error: --window-from: the pipeline has no [window]"));
}

TEST_CASE("parameters and matrix values reach the window") {
  const auto good = plan_text(
      "name = \"w\"\n[params]\nsince = { type = \"timestamptz\", default = \"now - 2d\" }\n" +
      with_window("column = \"at\"\nevery = \"1d\"\nfrom = \"${since}\"").substr(11));
  CHECK(bounds(good) == "2026-07-13T00:00:00Z..");
  CHECK(window_of(good).bounds_as_written == "now - 2d..");
  CHECK(good.instance().name.empty());
}

TEST_CASE("bad windows are explained where they stand") {
  const auto shown = [](const std::string& window) {
    return plan_text(with_window(window)).shown();
  };
  CHECK(shown("column = \"att\"\nevery = \"2h\"") ==
        "p.toml:3:10: error: [window]: source \"in\" has no column \"att\"\n"
        "  3 | column = \"att\"\n"
        "    |          ^^^^^\n"
        "  = did you mean \"at\"?");
  CHECK(
      shown("column = \"v\"\nevery = \"2h\"") ==
      "p.toml:3:10: error: [window]: column \"v\" of source \"in\" is int64\n"
      "  3 | column = \"v\"\n"
      "    |          ^^^\n"
      "  = windows are made of a date, timestamp or timestamptz; cast the column where it is read");
  const std::string base = "column = \"at\"\nevery = \"2h\"\n";
  CHECK(shown(base + "from = \"2026-02-01\"\nuntil = \"2026-01-01\"") ==
        "p.toml:5:8: error: [window]: \"from\" is not before \"until\": 2026-02-01T00:00:00Z, "
        "2026-01-01T00:00:00Z\n"
        "  5 | from = \"2026-02-01\"\n"
        "    |        ^^^^^^^^^^^^");
  CHECK_THAT(
      shown(base + "from = \"2026-01-01T00:10:00\"\nuntil = \"2026-01-01T01:00:00\""),
      ContainsSubstring(
          "there is no whole window of 2h from 2026-01-01T00:10:00Z until 2026-01-01T01:00:00Z"));
  CHECK_THAT(shown(base + "from = \"tomorrow\""),
             ContainsSubstring(
                 "p.toml:5:8: error: [window]: option \"from\" is no moment: \"tomorrow\"") &&
                 ContainsSubstring("= write a moment as"));
  CHECK_THAT(shown("column = \"at\"\nevery = \"0s\""),
             ContainsSubstring("\"every\" must be longer than nothing: 0s"));
  CHECK_THAT(shown("column = \"at\"\nevery = \"-2h\""),
             ContainsSubstring("longer than nothing: -2h"));
  CHECK_THAT(shown("column = \"at\"\nevery = \"2 hours\""),
             ContainsSubstring("\"every\" is no duration"));
  CHECK_THAT(shown("column = \"at\""),
             ContainsSubstring("p.toml:2:2: error: [window]: option \"every\" is missing"));
  CHECK_THAT(shown(base + "align = \"noon\""),
             ContainsSubstring("\"align\" is neither a duration nor a moment"));
  CHECK_THAT(shown(base + "in_flight = 0"), ContainsSubstring("\"in_flight\" must be at least 1"));
  CHECK_THAT(shown(base + "lateness = \"-1h\""),
             ContainsSubstring("\"lateness\" must not be negative"));
  CHECK_THAT(shown(base + "late = \"drop\""), ContainsSubstring("= one of: reject, skip, fail"));
  CHECK_THAT(shown(base + "evry = 1"), ContainsSubstring("[window]: unknown option \"evry\""));
}

TEST_CASE("what later releases bring is said, not guessed") {
  const auto shown = [](const std::string& more) {
    return plan_text(with_window("column = \"at\"\nevery = \"2h\"\n" + more)).shown();
  };
  CHECK_THAT(shown("shift = \"-300m\""),
             ContainsSubstring("[window]: option \"shift\" is not supported yet"));
  CHECK_THAT(shown("lag = \"2m\""),
             ContainsSubstring("[window]: option \"lag\" is not supported yet"));
  CHECK(shown("timezone = \"Asia/Taipei\"") ==
        "p.toml:5:12: error: [window]: timezone \"Asia/Taipei\" is not supported yet\n"
        "  5 | timezone = \"Asia/Taipei\"\n"
        "    |            ^^^^^^^^^^^^^\n"
        "  = windows are anchored in UTC; align = \"16h\" starts days at 16:00 UTC");
}

TEST_CASE("rule 5: a naive column has a wall-clock grid, and its bounds have no zone") {
  const std::string window =
      "column = \"at\"\nevery = \"1d\"\nfrom = \"2026-01-01T00:00:00+08:00\"";
  CHECK_THAT(
      plan_text(with_window(window, "timestamp")).shown(),
      ContainsSubstring(
          "p.toml:5:8: error: [window]: column \"at\" of source \"in\" is timestamp, which has no "
          "zone, and the bound names one"));
  CHECK(plan_text(with_window(window, "timestamptz")).plan);
}

TEST_CASE("windows of a date column are whole days") {
  CHECK(plan_text(with_window("column = \"at\"\nevery = \"1d\"", "date")).plan);
  CHECK_THAT(
      plan_text(with_window("column = \"at\"\nevery = \"2h\"", "date")).shown(),
      ContainsSubstring(
          "p.toml:4:9: error: [window]: column \"at\" of source \"in\" is a date, and windows of "
          "2h are no whole days"));
}

TEST_CASE("every source must have the window column") {
  const auto planned = plan_text(with_window("column = \"at\"\nevery = \"1d\"") +
                                 "[sources.b]\ntype = \"table\"\npath = \"b\"\ncolumns = { k = "
                                 "\"int64\" }\n[sinks.o]\ntype = \"null\"\n"
                                 "input = \"b\"\n");
  CHECK_THAT(planned.shown(), ContainsSubstring("[window]: source \"b\" has no column \"at\""));
}

TEST_CASE("from = watermark goes on, and needs to know where to begin") {
  const std::string base = "column = \"at\"\nevery = \"2h\"\n";
  const auto window = window_of(plan_text(
      with_window(base + "from = \"watermark\"\ninitial = \"now - 1d\"\nuntil = \"now\"")));
  CHECK(window.from_watermark);
  CHECK(format_timestamptz(window.from.value()) == "2026-07-14T10:00:00Z");
  CHECK(window.bounds_as_written == "watermark..now from now - 1d");
  CHECK_THAT(plan_text(with_window(base + "from = \"watermark\"")).shown(),
             ContainsSubstring("nothing says where the first run begins"));
  CHECK_THAT(plan_text(with_window(base + "from = \"now - 1d\"\ninitial = \"now\"")).shown(),
             ContainsSubstring("\"initial\" means something with from = \"watermark\" only"));
}

TEST_CASE("windows may end where another pipeline began") {
  const std::string base = "column = \"at\"\nevery = \"2h\"\n";
  const auto window = window_of(plan_text(with_window(base + "until = \"origin:live or today\"")));
  CHECK(window.until_origin == "live");
  CHECK(format_timestamptz(window.until.value()) == "2026-07-15T00:00:00Z");
  const auto alone = window_of(plan_text(with_window(base + "until = \"origin:live\"")));
  CHECK(alone.until_origin == "live");
  CHECK_FALSE(alone.until.has_value());
  for (const std::string wrong :
       {"origin:", "origin: or now", "origin:live or soon", "start_of:live"}) {
    CAPTURE(wrong);
    CHECK_THAT(plan_text(with_window(base + "until = \"" + wrong + "\"")).shown(),
               ContainsSubstring("\"until\""));
  }
}
