// Reading TOML, and where things stand in it.
#include "engine/plan/moment.h"
#include "engine/plan/source_position.h"
#include "engine/plan/toml_reader.h"
#include "tests/engine/plan/planned.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;

namespace {

OptionValue read(const std::string& text) {
  Diagnostics diagnostics;
  auto value = read_toml(std::make_shared<SourceText>(SourceText{"p.toml", text}), diagnostics);
  for (const auto& diagnostic : diagnostics.all()) FAIL(render(diagnostic));
  return value.value();
}

/// "line:column+length".
std::string place(const SourceSpan& span) {
  return std::to_string(span.line) + ":" + std::to_string(span.column) + "+" +
         std::to_string(span.length);
}

/// Where `part` of the decoded string at key `s` stands.
std::string part_of(const std::string& text, const std::string& part) {
  const auto root = read(text);
  const auto& value = *root.find("s");
  const auto offset = value.text().find(part);
  REQUIRE(offset != std::string::npos);
  return place(span_inside(value.span, offset, part.size()));
}

}  // namespace

TEST_CASE("tables keep the order of the file, and every key and value its position") {
  const auto root = read("z = 1\na = [1, \"two\"]\n\n[m.y]\n\tb = { d = true, c = 2.5 }\n");
  REQUIRE(root.table().size() == 3);
  CHECK(root.table()[0].first == "z");
  CHECK(root.table()[1].first == "a");
  CHECK(place(root.find("z")->key_span) == "1:1+1");
  CHECK(place(root.find("z")->span) == "1:5+1");
  CHECK(place(root.find("a")->list()[1].span) == "2:9+5");
  const auto& inner = *root.find("m")->find("y");
  CHECK(place(inner.key_span) == "4:4+1");
  CHECK(inner.find("b")->table()[0].first == "d");
  CHECK(place(inner.find("b")->find("c")->key_span) == "5:18+1");
  CHECK(std::get<double>(inner.find("b")->find("c")->value) == 2.5);
}

TEST_CASE("dates and times are read as they are written") {
  const auto root = read("d = 2026-01-31\nt = 2026-01-31T10:00:00+08:00\nl = 07:32:00\n");
  CHECK(root.find("d")->text() == "2026-01-31");
  CHECK(root.find("t")->text() == "2026-01-31T10:00:00+08:00");
  CHECK(root.find("l")->text() == "07:32:00");
  CHECK_FALSE(is_quoted(root.find("d")->span));
}

TEST_CASE("the first syntax error is reported where it stands, with advice") {
  CHECK(plan_text("name = \"x\"\nk = = 2\n").shown() ==
        "p.toml:2:5: error: not valid TOML: could not determine value type\n"
        "  2 | k = = 2\n"
        "    |     ^\n"
        "  = put strings in quotes: key = \"text\"");
  CHECK(plan_text("name = \"x\nk = 2\n").shown() ==
        "p.toml:1:10: error: not valid TOML: unescaped control characters other than TAB (U+0009) "
        "are "
        "explicitly prohibited\n"
        "  1 | name = \"x\n"
        "    |          ^\n"
        "  = close the string on its line, or write \"\"\" for several lines");
  CHECK(plan_text("\xEF\xBB\xBFnaïve = 1\nname = 1\nname = 2\n").shown() ==
        "p.toml:1:3: error: not valid TOML: expected '=', saw 'ï'\n"
        "  1 | naïve = 1\n"
        "    |   ^");
  CHECK(plan_text("k = [1").shown() ==
        "p.toml:1:7: error: not valid TOML: encountered end-of-file\n"
        "  1 | k = [1\n"
        "    |       ^");
  CHECK(plan_text("[a]\n[a]\n").shown() ==
        "p.toml:2:1: error: not valid TOML: cannot redefine existing table 'a'\n"
        "  2 | [a]\n"
        "    | ^\n"
        "  = a key and a [table] may stand only once in a file");
}

TEST_CASE("a position is never outside of its text") {
  const auto text = std::make_shared<SourceText>(SourceText{"p.toml", "ab\ncdé\n"});
  CHECK(place(position_in(text, 2, 3)) == "2:3+0");
  CHECK(place(position_in(text, 2, 9)) == "2:4+0");
  CHECK(place(position_in(text, 1, 4)) == "1:3+0");
  CHECK(place(position_in(text, 3, 2)) == "3:1+0");
  CHECK(place(position_in(text, 7, 1)) == "3:1+0");
}

TEST_CASE("positions inside strings are those of the raw text") {
  SECTION("plain strings") {
    CHECK(part_of("s = \"ab${x}\"", "${x}") == "1:8+4");
    CHECK(part_of("s = 'ab${x}'", "${x}") == "1:8+4");
  }
  SECTION("tabs and accents count one column each") {
    CHECK(part_of("\ts = \"é\té${x}\"", "${x}") == "1:10+4");
  }
  SECTION("an escape is longer in the file than in the string") {
    CHECK(part_of(R"(s = "\u00e9\n\"${x}")", "${x}") == "1:16+4");
    CHECK(part_of(R"(s = "\U0001F600${x}")", "${x}") == "1:16+4");
    CHECK(part_of(R"(s = '\n${x}')", "${x}") == "1:8+4");
  }
  SECTION("several lines") {
    CHECK(part_of("s = \"\"\"\nfirst\n  é ${x}\"\"\"", "${x}") == "3:5+4");
    CHECK(part_of("s = '''\nfirst\n\\${x}'''", "${x}") == "3:2+4");
    CHECK(part_of("s = \"\"\"first\n${x}\"\"\"", "${x}") == "2:1+4");
  }
  SECTION("CRLF is one character of the string") {
    CHECK(part_of("s = \"\"\"\r\na\r\nb ${x}\"\"\"\r\n", "${x}") == "3:3+4");
  }
  SECTION("a backslash at the end of a line swallows white space") {
    CHECK(part_of("s = \"\"\"\\\n   a \\  \n\n   ${x}\"\"\"", "${x}") == "4:4+4");
  }
}

TEST_CASE("the span of a value without quotes is the whole value") {
  const auto root = read("s = 2026-01-31");
  CHECK(place(span_inside(root.find("s")->span, 5, 2)) == "1:5+10");
  CHECK(place(span_inside({}, 5, 2)) == "0:0+0");
}

TEST_CASE("single values and values as TOML text") {
  CHECK(std::get<std::int64_t>(read_toml_value("5").value().value) == 5);
  CHECK(read_toml_value("[1, 2]").value().list().size() == 2);
  CHECK_FALSE(read_toml_value("a b").has_value());
  CHECK_FALSE(read_toml_value("").has_value());
  const auto root = read("v = { a = [1, 2.5, true], \"b c\" = \"x\\\"y\\n\", d = {} }");
  CHECK(toml_text(*root.find("v")) == R"({ a = [1, 2.5, true], "b c" = "x\"y\n", d = {} })");
}

TEST_CASE("moments are RFC 3339 or relative to now") {
  const auto shown = [](std::string_view text) {
    const auto moment = parse_moment(text, kNow);
    return moment ? format_timestamptz(moment->at) : "none";
  };
  CHECK(shown("2026-01-31T10:00:00+08:00") == "2026-01-31T02:00:00Z");
  CHECK(shown("2026-01-31") == "2026-01-31T00:00:00Z");
  CHECK(shown("now") == "2026-07-15T10:20:30Z");
  CHECK(shown(" now - 365d ") == "2025-07-15T10:20:30Z");
  CHECK(shown("now-90s") == "2026-07-15T10:19:00Z");
  CHECK(shown("today") == "2026-07-15T00:00:00Z");
  CHECK(shown("today - 1d + 6h30m") == "2026-07-14T06:30:00Z");
  for (const auto* bad :
       {"", "nowadays", "now 5d", "now -", "now - -5d", "now - 5", "yesterday", "12:00"}) {
    CHECK(shown(bad) == "none");
  }
  CHECK(parse_moment("now", kNow)->relative);
  CHECK_FALSE(parse_moment("2026-01-31", kNow)->relative);
  CHECK_FALSE(parse_moment("2026-01-31", kNow)->offset.has_value());
}
