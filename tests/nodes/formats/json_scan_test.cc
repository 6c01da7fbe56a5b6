#include "nodes/formats/json_scan.h"

#include <string>

#include "tests/support/catch.h"

namespace {

using namespace flowrun::nodes;

/// How many characters of the text are a scalar; nothing where it starts with none.
std::string scalar(std::string text) {
  text += '\n' + std::string(16, ' ');  // what scans need: a newline, and bytes behind it
  const auto token = scan_scalar(text.data());
  return token.end == nullptr ? "(none)" : std::string(token.text());
}

std::string unescaped(std::string_view text) {
  std::string out(text.size(), '?');
  const auto written = unescape(text, out.data());
  if (written.problem != nullptr) return written.problem;
  return out.substr(0, static_cast<std::size_t>(written.end - out.data()));
}

}  // namespace

TEST_CASE("numbers are those of JSON's grammar") {
  for (const auto* text :
       {"0", "-0", "12", "-12.50", "1e5", "1E+5", "0.1e-7", "123456789012345678"}) {
    CHECK(scalar(text) == text);
  }
  CHECK(scalar("1.5.2") == "1.5");  // what follows is for the caller
  CHECK(scalar("1x") == "1");
  for (const auto* text :
       {"-", "+1", ".5", "1.", "1.e3", "1e", "1e+", "-a", "", "nan", "Infinity"}) {
    INFO(text);
    CHECK(scalar(text) == "(none)");
  }
}

TEST_CASE("words are exact") {
  CHECK(scalar("true") == "true");
  CHECK(scalar("false,") == "false");
  CHECK(scalar("null}") == "null");
  for (const auto* text : {"tru", "True", "fals", "nul", "NULL", "undefined"}) {
    CHECK(scalar(text) == "(none)");
  }
}

TEST_CASE("a string ends at its quote, wherever that stands") {
  for (std::size_t length = 0; length < 40; ++length) {
    const auto text = '"' + std::string(length, 'x') + '"';
    CHECK(scalar(text + "\"y") == text);
    const auto escaped = '"' + std::string(length, 'x') + "\\\"" + std::string(length, 'y') + '"';
    CHECK(scalar(escaped + "z") == escaped);
    CHECK(scalar('"' + std::string(length, 'x')) == "(none)");
    CHECK(scalar('"' + std::string(length, 'x') + "\x1f\"") == "(none)");
    CHECK(scalar('"' + std::string(length, 'x') + "\x7f\xff\"") ==
          '"' + std::string(length, 'x') + "\x7f\xff\"");
  }
}

TEST_CASE("escape sequences that do not exist break a string") {
  CHECK(scalar(R"("\"\\\/\b\f\n\r\t\u00e9\uD834\udd1e")") ==
        R"("\"\\\/\b\f\n\r\t\u00e9\uD834\udd1e")");
  for (const auto* text :
       {R"("\x")", R"("\u12")", R"("\u12G4")", R"("\U0041")", R"("\)", R"("\")", R"("\')"}) {
    INFO(text);
    CHECK(scalar(text) == "(none)");
  }
  CHECK(scalar(std::string("\"\\\0\"", 4)) == "(none)");
}

TEST_CASE("escape sequences become what they stand for") {
  CHECK(unescaped("") == "");
  CHECK(unescaped("plain") == "plain");
  CHECK(unescaped(R"(\"\\\/\b\f\n\r\t)") == "\"\\/\b\f\n\r\t");
  CHECK(unescaped(R"(a\u0041b\u007F\u0080\u07ff\u0800\uFFFF)") ==
        "aAb\x7f\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF");
  CHECK(unescaped(R"(\ud834\uDD1E!)") == "\xF0\x9D\x84\x9E!");
  CHECK(unescaped(R"(x\ud834)") == "holds half a surrogate pair");
  CHECK(unescaped(R"(\ud834\u0041)") == "holds half a surrogate pair");
  CHECK(unescaped(R"(\ud834\n)") == "holds half a surrogate pair");
  CHECK(unescaped(R"(\udd1e\ud834)") == "holds half a surrogate pair");
  CHECK(unescaped(R"(a\u0000b)") == "holds a NUL character");
}
