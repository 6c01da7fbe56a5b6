#include "tools/flowrun/test_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/core/json.h"
#include "engine/observe/numbers.h"
#include "tools/flowrun/session.h"

namespace flowrun::command {
namespace {

std::int64_t failures(const std::vector<TestOutcome>& outcomes) {
  return std::count_if(outcomes.begin(), outcomes.end(),
                       [](const TestOutcome& outcome) { return !outcome.passed; });
}

/// Text for XML: what it cannot hold becomes "?".
std::string xml_text(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += static_cast<unsigned char>(c) < ' ' && c != '\n' && c != '\t' ? '?' : c;
    }
  }
  return out;
}

}  // namespace

std::string tests_as_text(const std::vector<TestOutcome>& outcomes, bool color) {
  const auto* green = color ? "\x1b[32m" : "";
  const auto* red = color ? "\x1b[1;31m" : "";
  const auto* reset = color ? "\x1b[0m" : "";
  std::string out;
  for (const auto& outcome : outcomes) {
    if (outcome.passed) {
      out += fmt::format("{}ok{}    {}\n", green, reset, outcome.name);
      continue;
    }
    out += fmt::format("{}FAIL{}  {} ({})\n", red, reset, outcome.name, outcome.place);
    for (const auto& line : outcome.lines) out += "      " + line + "\n";
  }
  const auto all = counted(static_cast<std::int64_t>(outcomes.size()), "test");
  const auto failed = failures(outcomes);
  return out + (failed == 0 ? all + " passed\n"
                            : fmt::format("{}, {} failed\n", all, with_commas(failed)));
}

std::string tests_as_json(const std::string& file, const std::vector<TestOutcome>& outcomes) {
  JsonWriter json;
  begin_record(json, "flowrun.test/1", file);
  json.field("failed", failures(outcomes)).key("tests").begin_array();
  for (const auto& outcome : outcomes) {
    json.begin_object()
        .field("name", outcome.name)
        .field("place", outcome.place)
        .field("passed", outcome.passed)
        .field("differences", outcome.lines)
        .field("seconds", outcome.seconds)
        .end_object();
  }
  json.end_array().end_object();
  return json.str() + "\n";
}

std::string tests_as_junit(const std::string& suite, const std::vector<TestOutcome>& outcomes) {
  double seconds = 0;
  for (const auto& outcome : outcomes) seconds += outcome.seconds;
  auto out = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"{}\" "
      "tests=\"{}\" failures=\"{}\" errors=\"0\" time=\"{:.3f}\">\n",
      xml_text(suite), outcomes.size(), failures(outcomes), seconds);
  for (const auto& outcome : outcomes) {
    out += fmt::format("    <testcase classname=\"{}\" name=\"{}\" time=\"{:.3f}\"",
                       xml_text(suite), xml_text(outcome.name), outcome.seconds);
    if (outcome.passed) {
      out += "/>\n";
      continue;
    }
    std::string text = outcome.place + "\n";
    for (const auto& line : outcome.lines) text += line + "\n";
    out +=
        fmt::format(">\n      <failure message=\"{}\">{}</failure>\n    </testcase>\n",
                    xml_text(outcome.lines.empty() ? "" : outcome.lines.front()), xml_text(text));
  }
  return out + "  </testsuite>\n</testsuites>\n";
}

}  // namespace flowrun::command
