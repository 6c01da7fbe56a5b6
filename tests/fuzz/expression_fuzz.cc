// expression: a text is compiled against columns of all types and evaluated. Whatever it says, it
// is refused with a place in it, or every row has a value of its type, a null or a failure, and the
// same whether rows come together, one by one, or with their texts dictionary-encoded.
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "engine/data/builder.h"
#include "engine/data/text.h"
#include "engine/expr/expression.h"
#include "tests/fuzz/fuzzing.h"
#include "tests/support/batches.h"

namespace {

using namespace flowrun;
using namespace flowrun::fuzzing;
using flowrun::testing::batch_of;
using flowrun::testing::with_dictionary;

/// 2026-07-15T10:20:30Z.
constexpr Micros kNow = 1'784'110'830 * kSecond;

BatchRef make_rows() {
  return batch_of(
      "a int64, b int64, x float64, y float64, n decimal(10,2), m decimal(38,0), s string, "
      "p string, d date, t timestamp, z timestamptz, f bool, r bytes",
      "1,2,1.5,0.1,2.50,7,abc,b,2026-01-31,2026-01-31T10:00:00,2026-01-31T10:00:00Z,true,00ff\n"
      "-9223372036854775808,-1,-inf,-0.0,-99999999.99,-99999999999999999999999999999999999999,\"\","
      "\"\",0001-01-01,0001-01-01T00:00:00,0001-01-01T00:00:00Z,false,\"\"\n"
      ",,,,,,,,,,,,\n"
      "9223372036854775807,0,nan,1e308,0.00,99999999999999999999999999999999999999,\"a_%\\é\",%,"
      "9999-12-31,9999-12-31T23:59:59.999999,9999-12-31T23:59:59.999999Z,true,61\n"
      "42,64,1e-308,inf,0.01,1,Europe/Berlin,month,1970-01-01,1969-12-31T23:59:59.5,"
      "2026-03-29T01:30:00Z,false,e9\n");
}

/// The same and two rows more that no text could say, but other sources could.
BatchRef with_extremes(const Batch& written) {
  BatchBuilder builder(written.schema_ref());
  for (std::int64_t row = 0; row < written.rows(); ++row) builder.append_from(written, row);
  for (const bool least : {true, false}) {
    for (std::size_t i = 0; i < written.columns().size(); ++i) {
      auto& column = builder.column(i);
      switch (column.type().id) {
        case TypeId::date:
          column.append_date(least ? std::numeric_limits<std::int32_t>::min()
                                   : std::numeric_limits<std::int32_t>::max());
          break;
        case TypeId::timestamp:
        case TypeId::timestamptz:
          column.append_int64(least ? std::numeric_limits<Micros>::min()
                                    : std::numeric_limits<Micros>::max());
          break;
        default:
          column.append_from(written.column(i), least ? 1 : 3);
      }
    }
    builder.end_row(static_cast<std::uint64_t>(builder.rows()));
  }
  return builder.finish();
}

/// A row's value, or why there is none.
std::vector<std::string> values_of(const expr::Expression& expression, const Batch& batch) {
  const auto values = expression.evaluate(batch);
  const auto& column = *values.column;
  if (column.length() != batch.rows()) broken("there is one value a row");
  if (column.type() != expression.type()) broken("values have the type that was declared");
  std::vector<std::string> out;
  for (std::int64_t row = 0; row < batch.rows(); ++row) {
    out.push_back(column.is_valid(row) ? "=" + text_of(column, row) : "null");
  }
  std::int64_t before = -1;
  for (const auto& failure : values.failures) {
    const std::int64_t row = failure.row;
    if (row <= before || row >= batch.rows()) broken("failures are in order, one a row");
    if (failure.reason.empty()) broken("a failure has a reason");
    if (column.is_valid(row)) broken("where there is a failure there is no value");
    out[static_cast<std::size_t>(row)] = "!" + failure.reason + ": " + failure.value;
    before = row;
  }
  return out;
}

void expect_same(const std::vector<std::string>& found, const std::vector<std::string>& expected,
                 std::string_view promise) {
  for (std::size_t row = 0; row < expected.size(); ++row) {
    if (found[row] != expected[row]) broken(promise, found[row] + "\n" + expected[row]);
  }
}

void check_error(const expr::SyntaxError& error, std::string_view text) {
  if (error.message.empty() || error.at > text.size()) broken("a refusal says what and where");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto rows = with_extremes(*make_rows());
  static const auto coded = with_dictionary(*with_dictionary(*rows, "s", 7), "p", 8);
  static const expr::Scope scope{
      &rows->schema(),
      kNow,
      {expr::constant_vector(expr::value_type(kInt64), std::int64_t{3}),
       expr::constant_vector(expr::value_type(kString), std::string("b"))}};
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  expr::SyntaxError error;
  if (!expr::parse_target(text, error)) check_error(error, text);
  error = {};
  const auto expression = expr::compile(text, scope, error);
  if (!expression) {
    check_error(error, text);
    return 0;
  }
  const auto values = values_of(*expression, *rows);
  expect_same(values_of(*expression, *coded), values, "dictionaries change nothing");
  for (std::int64_t row = 0; row < rows->rows(); ++row) {
    const auto alone = values_of(*expression, *slice(*rows, row, 1));
    if (alone[0] != values[static_cast<std::size_t>(row)]) {
      broken("a row has its value alone, too",
             alone[0] + "\n" + values[static_cast<std::size_t>(row)]);
    }
  }
  return 0;
}
