#include "engine/core/diagnostic.h"

#include "tests/support/catch.h"

using namespace flowrun;

namespace {

std::shared_ptr<const SourceText> source(std::string text) {
  return std::make_shared<SourceText>(SourceText{"dir/p.toml", std::move(text)});
}

Diagnostic at(const std::string& text, std::uint32_t line, std::uint32_t column,
              std::uint32_t length) {
  return {Severity::error, {source(text), line, column, length}, "bad thing", "do that", "bad"};
}

}  // namespace

TEST_CASE("a diagnostic shows its line, a caret under every character, and the hint") {
  CHECK(render(at("a = 1\nkey = \"value\"\nb = 2\n", 2, 7, 7)) ==
        "dir/p.toml:2:7: error: bad thing\n"
        "  2 | key = \"value\"\n"
        "    |       ^^^^^^^\n"
        "  = do that");
}

TEST_CASE("a diagnostic without a position, or with a file only, has no caret") {
  Diagnostic diagnostic{Severity::warning, {}, "odd", "", "odd"};
  CHECK(render(diagnostic) == "warning: odd");
  diagnostic.span.source = source("a = 1\n");
  CHECK(render(diagnostic) == "dir/p.toml: warning: odd");
}

TEST_CASE("carets stand under their text behind tabs, accents and wide characters") {
  CHECK(render(at("\tk\té = \"x\"\r\n", 1, 4, 1)) ==
        "dir/p.toml:1:4: error: bad thing\n"
        "  1 | \tk\té = \"x\"\n"
        "    | \t \t^\n"
        "  = do that");
  CHECK(render(at("日本 = 5", 1, 6, 1)) ==
        "dir/p.toml:1:6: error: bad thing\n"
        "  1 | 日本 = 5\n"
        "    |      ^\n"
        "  = do that");
}

TEST_CASE("carets end with the line, and one stands even behind its end") {
  CHECK(render(at("ab", 1, 2, 99)) ==
        "dir/p.toml:1:2: error: bad thing\n  1 | ab\n    |  ^\n  = do that");
  CHECK(render(at("ab", 1, 3, 0)) ==
        "dir/p.toml:1:3: error: bad thing\n  1 | ab\n    |   ^\n  = do that");
  CHECK(render(at("ab", 9, 1, 1)) ==
        "dir/p.toml:9:1: error: bad thing\n  9 | \n    | ^\n  = do that");
}

TEST_CASE("the caret line keeps its place under line numbers of several digits") {
  const std::string text = std::string(11, '\n') + "x = 1";
  CHECK(render(at(text, 12, 1, 1)) ==
        "dir/p.toml:12:1: error: bad thing\n  12 | x = 1\n     | ^\n  = do that");
}

TEST_CASE("colour changes nothing but the colour") {
  auto text = render(at("key = 1", 1, 1, 3), true);
  CHECK(text.find("\x1b[1;31m") != std::string::npos);
  for (auto from = text.find('\x1b'); from != std::string::npos; from = text.find('\x1b')) {
    text.erase(from, text.find('m', from) + 1 - from);
  }
  CHECK(text == render(at("key = 1", 1, 1, 3)));
}

TEST_CASE("diagnostics are ordered by position and equal ones kept once") {
  const auto one = source("a\nb\nc\n");
  Diagnostics diagnostics;
  diagnostics.error("x", {one, 3, 1, 1}, "third");
  diagnostics.error("x", {one, 1, 2, 1}, "second");
  diagnostics.warning("x", {one, 1, 1, 1}, "first");
  diagnostics.error("x", {one, 3, 1, 1}, "other");
  diagnostics.error("x", {one, 3, 1, 1}, "third");  // the same again, not as a neighbour
  diagnostics.error("x", {}, "nowhere");
  diagnostics.sort();
  std::vector<std::string> messages;
  for (const auto& diagnostic : diagnostics.all()) messages.push_back(diagnostic.message);
  CHECK(messages == std::vector<std::string>{"nowhere", "first", "second", "third", "other"});
  CHECK(diagnostics.has_errors());
}

TEST_CASE("warnings alone are no errors") {
  Diagnostics diagnostics;
  CHECK(diagnostics.empty());
  CHECK_FALSE(diagnostics.has_errors());
  diagnostics.warning("x", {}, "odd");
  CHECK_FALSE(diagnostics.has_errors());
}

TEST_CASE("the closest name is at most a third of the letters away") {
  const std::vector<std::string> names{"columns", "path", "delimiter"};
  CHECK(closest("colums", names) == "columns");
  CHECK(closest("coluns", names) == "columns");
  CHECK(closest("paht", names) == "path");  // neighbours swapped: one slip
  CHECK(closest("delimeter", names) == "delimiter");
  CHECK(closest("pa", names) == std::nullopt);
  CHECK(closest("header", names) == std::nullopt);
  CHECK(closest("", names) == std::nullopt);
}

TEST_CASE("a suggestion names the closest candidate, else the candidates, else nothing") {
  CHECK(suggest("pahts", {"paths", "columns"}) == "did you mean \"paths\"?");
  CHECK(suggest("zzz", {"a", "b"}) == "one of: a, b");
  CHECK(suggest("zzz", {"alone"}) == "there is only: alone");
  CHECK(suggest("zzz", {}).empty());
  std::vector<std::string> many;
  for (char c = 'a'; c <= 'n'; ++c) many.emplace_back(3, c);
  CHECK(suggest("x", many) ==
        "one of: aaa, bbb, ccc, ddd, eee, fff, ggg, hhh, iii, jjj, kkk, lll, … (14 in all)");
}
