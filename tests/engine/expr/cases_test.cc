// PostgreSQL's answers: cases.tsv holds what PostgreSQL 15 made of every expression of cases.sql
// for every row of rows.txt (see make_cases).
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

#include "engine/data/builder.h"
#include "engine/data/text.h"
#include "tests/engine/expr/evaluating.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;

namespace {

std::ifstream opened(const std::string& name) {
  std::ifstream file(std::string(FLOWRUN_SOURCE_DIR) + "/tests/engine/expr/" + name);
  REQUIRE(file.good());
  return file;
}

std::vector<std::string> split(const std::string& line, char by) {
  std::vector<std::string> parts;
  std::istringstream in(line);
  for (std::string part; std::getline(in, part, by);) parts.push_back(part);
  if (!line.empty() && line.back() == by) parts.emplace_back();
  return parts;
}

const std::vector<Field> kFields{{"a", kInt64},
                                 {"b", kInt64},
                                 {"x", kFloat64},
                                 {"y", kFloat64},
                                 {"n", decimal_type(12, 3)},
                                 {"m", decimal_type(10, 2)},
                                 {"s", kString},
                                 {"u", kString},
                                 {"d", kDate},
                                 {"t", kTimestamp},
                                 {"z", kTimestamptz},
                                 {"f", kBoolean},
                                 {"g", kBoolean},
                                 {"r", kBytes}};

std::string bytes_of(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 2; i + 1 < text.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

BatchRef rows() {
  BatchBuilder builder(make_schema(kFields));
  auto file = opened("rows.txt");
  std::uint64_t row = 0;
  for (std::string line; std::getline(file, line);) {
    const auto values = split(line, '|');
    REQUIRE(values.size() == kFields.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      auto& column = builder.column(i);
      if (values[i] == "\\N") {
        column.append_null();
      } else if (kFields[i].type == kBytes) {
        column.append_text(bytes_of(values[i]));
      } else {
        REQUIRE(parse_append(column, values[i]));
      }
    }
    builder.end_row(row++);
  }
  return builder.finish();
}

/// A number without what it does not need: "1.50" and "1.5" are the same answer.
std::string plain(std::string text) {
  if (text.find('.') != std::string::npos &&
      text.find_first_not_of("-0123456789.") == std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  if (text == "-0") return "0";
  if (text == "infinity") return "inf";
  if (text == "-infinity") return "-inf";
  return text;
}

/// The same double may be written in two ways.
bool same(const std::string& a, const std::string& b) {
  if (a == b) return true;
  const bool exponent = (a + b).find('e') != std::string::npos;
  const auto x = parse_float64(a);
  const auto y = parse_float64(b);
  return exponent && x && y && *x == *y;
}

/// What differs on purpose, by expression: PostgreSQL's answer and ours need not be equal, and why.
const std::map<std::string, std::string>& on_purpose() {
  static const std::map<std::string, std::string> reasons{
      {"power(2, 0.5)", "powers are doubles"},
      {"1e300 * 1e10", "decimals have 38 digits; the rest is written as float8"},
      {"b::boolean", "PostgreSQL has the cast of its small integers only"},
      {"x::numeric(10, 2)", "decimals have no NaN: a reject"},
      {"concat(a, null, f)", "the text of a boolean is true or false everywhere"},
      {"d - 1", "the year before 1 is 0, as in ISO 8601"},
      {"d - interval '1 day'", "the year before 1 is 0, as in ISO 8601"},
      {"t - timestamp '2026-01-01'", "no column holds intervals"},
      {"z - timestamptz '2026-01-01 00:00:00+00'", "no column holds intervals"}};
  return reasons;
}

struct Case {
  std::string expression;
  std::vector<std::string> answers;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  auto file = opened("cases.tsv");
  for (std::string line; std::getline(file, line);) {
    auto fields = split(line, '\t');
    Case one{fields.front(), {}};
    one.answers.assign(fields.begin() + 1, fields.end());
    all.push_back(std::move(one));
  }
  return all;
}

/// Our answers in the form of cases.tsv.
std::vector<std::string> our_answers(const std::string& expression, const Batch& batch,
                                     std::string& refused) {
  expr::SyntaxError error;
  const auto compiled = expr::compile(expression, {&batch.schema(), kNow}, error);
  std::vector<std::string> answers;
  if (!compiled) {
    refused = error.message;
    answers.assign(static_cast<std::size_t>(batch.rows()), "!");
    return answers;
  }
  const auto values = compiled->evaluate(batch);
  for (std::int64_t row = 0; row < batch.rows(); ++row) {
    const bool failed = std::any_of(values.failures.begin(), values.failures.end(),
                                    [&](const expr::Failure& each) { return each.row == row; });
    answers.push_back(failed                         ? "!"
                      : values.column->is_valid(row) ? text_of(*values.column, row)
                                                     : "\\N");
  }
  return answers;
}

}  // namespace

TEST_CASE("expressions have PostgreSQL's answers for every row") {
  const auto batch = rows();
  const auto all = cases();
  CHECK(all.size() > 400);
  std::size_t compared = 0;
  for (const auto& [expression, answers] : all) {
    std::string refused;
    const auto ours = our_answers(expression, *batch, refused);
    REQUIRE(answers.size() == ours.size());
    std::string expected;
    std::string found;
    for (std::size_t row = 0; row < ours.size(); ++row) {
      const auto theirs = plain(answers[row]);
      const auto own = plain(ours[row]);
      expected += theirs + " | ";
      found += (same(own, theirs) ? theirs : own) + " | ";
      ++compared;
    }
    if (on_purpose().contains(expression)) {
      INFO(expression << " is the same now: take it out of the list");
      CHECK(found != expected);
      continue;
    }
    INFO(expression << (refused.empty() ? "" : ": " + refused));
    CHECK(found == expected);
  }
  CHECK(compared > 3000);
}
