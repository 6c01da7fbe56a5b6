// Expressions put together by chance: whatever comes out, nothing crashes and every row has a
// value, a null or a failure.
#include <array>
#include <cstdlib>
#include <random>

#include "engine/data/text.h"
#include "tests/engine/expr/evaluating.h"
#include "tests/support/batches.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;

namespace {

const char* const kFields =
    "a int64, x float64, n decimal(10,2), s string, d date, t timestamp, z timestamptz, f bool, r "
    "bytes";

BatchRef rows() {
  return batch_of(kFields,
                  "1,1.5,2.50,abc,2026-01-31,2026-01-31T10:00:00,2026-01-31T10:00:00Z,true,00ff\n"
                  "-9223372036854775808,-inf,-99999999.99,,0001-01-01,1999-12-31T23:59:59.999999,"
                  "1969-12-31T23:59:59Z,false,\n"
                  ",,,,,,,,\n"
                  "9223372036854775807,nan,0,\"a_%\\é\",9999-12-31,2262-04-11T00:00:00,"
                  "2026-10-25T00:30:00Z,true,61");
}

/// Makes expressions, mostly sound ones.
class Maker {
 public:
  explicit Maker(std::uint32_t seed) : random_(seed) {}

  std::string make(int depth) {
    if (depth == 0 || pick(5) == 0) return leaf();
    switch (pick(12)) {
      case 0:
        return "(" + make(depth - 1) + " " + one_of(kOperators) + " " + make(depth - 1) + ")";
      case 1:
        return "(" + make(depth - 1) + ")::" + one_of(kTypes);
      case 2:
        return "case when " + make(depth - 1) + " then " + make(depth - 1) + " else " +
               make(depth - 1) + " end";
      case 3:
        return "coalesce(" + make(depth - 1) + ", " + make(depth - 1) + ")";
      case 4:
        return "(" + make(depth - 1) + " in (" + make(depth - 1) + ", " + make(depth - 1) + "))";
      case 5:
        return "(not " + make(depth - 1) + ")";
      case 6:
        return "(" + make(depth - 1) + " is " + one_of(kTests) + ")";
      case 7:
        return "nullif(" + make(depth - 1) + ", " + make(depth - 1) + ")";
      case 8:
        return std::string(one_of(kUnary)) + "(" + make(depth - 1) + ")";
      case 9:
        return std::string(one_of(kBinary)) + "(" + make(depth - 1) + ", " + make(depth - 1) + ")";
      case 10:
        return "greatest(" + make(depth - 1) + ", " + make(depth - 1) + ")";
      default:
        return "(" + make(depth - 1) + " between " + make(depth - 1) + " and " + make(depth - 1) +
               ")";
    }
  }

 private:
  static constexpr std::array kLeaves{"a",
                                      "x",
                                      "n",
                                      "s",
                                      "d",
                                      "t",
                                      "z",
                                      "f",
                                      "r",
                                      "0",
                                      "1",
                                      "-1",
                                      "2",
                                      "7.25",
                                      "1e9",
                                      "''",
                                      "'abc'",
                                      "'%b_'",
                                      "null",
                                      "true",
                                      "'12'",
                                      "12",
                                      "'x1y2'",
                                      "'hex'",
                                      "9223372036854775807",
                                      "interval '1 month'",
                                      "date '2026-02-28'",
                                      "timestamp '2000-01-01'",
                                      "'Europe/Berlin'",
                                      "'2026-01-01'",
                                      "0.0000000001",
                                      "'('",
                                      "'month'"};
  static constexpr std::array kOperators{
      "+",           "-",  "*",  "/", "%",  "^",   "=",
      "<>",          "<",  "<=", ">", ">=", "||",  "like",
      "and",         "or", "~",  "&", "|",  "!~*", "is distinct from",
      "at time zone"};
  static constexpr std::array kTypes{"text",           "bigint",   "float8",    "numeric",
                                     "numeric(12, 4)", "date",     "timestamp", "timestamptz",
                                     "bool",           "interval", "bytea"};
  static constexpr std::array kTests{"null", "not null", "true", "not false", "unknown"};
  static constexpr std::array kUnary{"abs",   "lower",   "upper",        "length",      "ceil",
                                     "floor", "round",   "md5",          "sqrt",        "ln",
                                     "trim",  "reverse", "sign",         "initcap",     "exp",
                                     "trunc", "sha256",  "to_timestamp", "char_length", "-"};
  static constexpr std::array kBinary{
      "left",   "right",  "repeat",      "lpad",        "strpos",   "round",
      "mod",    "power",  "date_trunc",  "starts_with", "timezone", "encode",
      "concat", "substr", "regexp_like", "btrim",       "decode",   "regexp_substr"};

  std::size_t pick(std::size_t count) { return random_() % count; }
  template <typename List>
  const char* one_of(const List& list) {
    return list[pick(list.size())];
  }
  std::string leaf() { return one_of(kLeaves); }

  std::mt19937 random_;
};

}  // namespace

TEST_CASE("expressions made by chance never crash, and a row fails or has a value") {
  const int count = std::getenv("FLOWRUN_SOAK") != nullptr ? 2'000'000 : 30'000;
  const auto batch = rows();
  Maker maker(20'260'131);
  int compiled = 0;
  for (int i = 0; i < count; ++i) {
    const auto text = maker.make(1 + i % 4);
    expr::SyntaxError error;
    const auto expression = expr::compile(text, {&batch->schema(), kNow}, error);
    if (!expression) {
      REQUIRE_FALSE(error.message.empty());
      REQUIRE(error.at <= text.size());
      continue;
    }
    ++compiled;
    const auto values = expression->evaluate(*batch);
    const bool sound =
        values.column->length() == batch->rows() && values.column->type() == expression->type();
    if (!sound) FAIL(text);
    std::int64_t before = -1;
    for (const auto& failure : values.failures) {
      if (failure.row <= before || failure.row >= batch->rows() || failure.reason.empty())
        FAIL(text);
      before = failure.row;
    }
    for (std::int64_t row = 0; row < batch->rows(); ++row) {
      static_cast<void>(text_of(*values.column, row));
    }
  }
  CHECK(compiled > count / 10);
}

TEST_CASE("bytes made by chance never crash the parser") {
  std::mt19937 random(7);
  constexpr std::string_view kAlphabet = "ab1'\"().,+-*/%<>=|&~!^ \n\t$;:[]{}\\éx\xFF";
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (std::size_t length = random() % 24; length > 0; --length) {
      text += kAlphabet[random() % kAlphabet.size()];
    }
    expr::SyntaxError error;
    if (!expr::parse_expression(text, error)) REQUIRE(error.at <= text.size());
    if (!expr::parse_target(text, error)) REQUIRE(error.at <= text.size());
  }
}
