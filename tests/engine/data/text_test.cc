#include "engine/data/text.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <random>

#include "tests/support/catch.h"

using namespace flowrun;

static std::string shown(double value, int hint = 0) {
  std::string out;
  append_float(out, value, hint);
  return out;
}

static std::string shortest(double value) {
  std::array<char, 400> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

/// The digits of the shortest scientific form, without zeros around them.
static std::string digits(std::string text) {
  text = text.substr(0, text.find('e'));
  std::erase_if(text, [](char c) { return c < '0' || c > '9'; });
  text.erase(0, text.find_first_not_of('0'));
  return text.substr(0, text.find_last_not_of('0') + 1);
}

static double random_float(std::mt19937_64& random, int i) {
  switch (i % 4) {
    case 0:
      return std::bit_cast<double>(random());
    case 1:
      return static_cast<double>(static_cast<std::int64_t>(random() % 2'000'000) - 1'000'000) / 1e4;
    case 2:
      return static_cast<double>(static_cast<std::int64_t>(random())) /
             static_cast<double>(1ULL << (random() % 64));
    default:
      return static_cast<double>(random() % 100'000'000'000ULL) /
             std::pow(10.0, static_cast<double>(random() % 12));
  }
}

TEST_CASE("floats are written with the fewest digits that read back, whatever the hint") {
#ifdef FLOWRUN_SANITIZED
  constexpr int kValues = 300'000;
#else
  constexpr int kValues = 4'000'000;
#endif
  std::mt19937_64 random(1);
  int hint = 0;
  for (int i = 0; i < kValues; ++i) {
    const double value = random_float(random, i);
    if (std::isnan(value)) continue;
    std::string text;
    if (i % 1000 == 0) hint = static_cast<int>(random() % 10);
    append_float(text, value, hint);
    double back = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), back);
    if (std::bit_cast<std::uint64_t>(back) != std::bit_cast<std::uint64_t>(value))
      FAIL(text << " reads back as another value");
    if (end != text.data() + text.size() || error != std::errc()) FAIL(text << " is no number");
    if (text == shortest(value)) continue;
    if (text != shown(value)) FAIL(text << " depends on the hint: " << shown(value));
    std::array<char, 400> scientific{};
    char* last = std::to_chars(scientific.data(), scientific.data() + 400, value,
                               std::chars_format::scientific)
                     .ptr;
    if (digits(text) != digits(std::string(scientific.data(), last)))
      FAIL(text << " has not the fewest digits");
  }
}

TEST_CASE("floats of up to 15 digits and 9 decimals are written without exponent") {
  for (int hint = 0; hint < 10; ++hint) {
    CHECK(shown(0, hint) == "0");
    CHECK(shown(-0.0, hint) == "-0");
    CHECK(shown(1, hint) == "1");
    CHECK(shown(100'000, hint) == "100000");
    CHECK(shown(999'999'999'999'999, hint) == "999999999999999");
    CHECK(shown(-12.5, hint) == "-12.5");
    CHECK(shown(85.8512, hint) == "85.8512");
    CHECK(shown(0.1, hint) == "0.1");
    CHECK(shown(0.000000001, hint) == "0.000000001");
    CHECK(shown(123456.789012345, hint) == "123456.789012345");
    CHECK(shown(99999999, hint) == "99999999");
    CHECK(shown(100000000.5, hint) == "100000000.5");
    CHECK(shown(9999999.9, hint) == "9999999.9");
  }
  CHECK(shown(1e15) == "1e+15");
  CHECK(shown(1e-10) == "1e-10");
  CHECK(shown(5e-324) == "5e-324");
  CHECK(shown(std::numeric_limits<double>::max()) == "1.7976931348623157e+308");
  CHECK(shown(0.1 + 0.2) == "0.30000000000000004");
  CHECK(shown(std::numeric_limits<double>::quiet_NaN()) == "nan");
  CHECK(shown(-std::numeric_limits<double>::infinity()) == "-inf");
}

TEST_CASE("the hint is the most decimals seen") {
  int hint = 0;
  std::string out;
  for (const double value : {1.25, 1.5, 7.0, 0.125, 0.5}) append_float(out, value, hint);
  CHECK(hint == 3);
  CHECK(out == "1.251.570.1250.5");
}

TEST_CASE("values of every type are read, and written in one form") {
  const auto canonical = [](const char* type, const char* text) -> std::string {
    ColumnBuilder builder(*parse_type(type));
    if (!parse_append(builder, text)) return "refused";
    return text_of(*builder.finish(), 0);
  };
  CHECK(canonical("bool", "T") == "true");
  CHECK(canonical("bool", "0") == "false");
  CHECK(canonical("bool", "yes") == "refused");
  CHECK(canonical("int64", "+5") == "5");
  CHECK(canonical("int64", "-9223372036854775808") == "-9223372036854775808");
  CHECK(canonical("int64", "9223372036854775808") == "refused");
  CHECK(canonical("int64", "5.0") == "refused");
  CHECK(canonical("int64", "+-5") == "refused");
  CHECK(canonical("int64", "") == "refused");
  CHECK(canonical("int64", " 5") == "refused");
  CHECK(canonical("float64", "1e3") == "1000");
  CHECK(canonical("float64", "+.5") == "0.5");
  CHECK(canonical("float64", "NaN") == "nan");
  CHECK(canonical("float64", "0x10") == "refused");
  CHECK(canonical("float64", "1,5") == "refused");
  CHECK(canonical("decimal(10,2)", "5") == "5.00");
  CHECK(canonical("decimal(10,2)", "-.5") == "-0.50");
  CHECK(canonical("decimal(10,2)", "5.100") == "5.10");
  CHECK(canonical("decimal(10,2)", "5.101") == "refused");
  CHECK(canonical("decimal(10,2)", "12345678.99") == "12345678.99");
  CHECK(canonical("decimal(10,2)", "123456789") == "refused");
  CHECK(canonical("decimal(10,2)", "000000000001.5") == "1.50");
  CHECK(canonical("decimal(10,2)", ".") == "refused");
  CHECK(canonical("decimal(10,2)", "1.2.3") == "refused");
  CHECK(canonical("decimal(38,0)", "-99999999999999999999999999999999999999") ==
        "-99999999999999999999999999999999999999");
  CHECK(canonical("decimal(38,38)", "0.00000000000000000000000000000000000001") ==
        "0.00000000000000000000000000000000000001");
  CHECK(canonical("decimal(38,0)", "100000000000000000000000000000000000000") == "refused");
  CHECK(canonical("date", "2024-02-29") == "2024-02-29");
  CHECK(canonical("date", "2023-02-29") == "refused");
  CHECK(canonical("timestamp", "2024-02-29 01:02:03.50") == "2024-02-29T01:02:03.5");
  CHECK(canonical("timestamp", "2024-02-29T01:02:03Z") == "2024-02-29T01:02:03");
  CHECK(canonical("timestamp", "2024-02-29T01:02:03+01:00") == "refused");
  CHECK(canonical("timestamptz", "2024-02-29T01:02:03+01:00") == "2024-02-29T00:02:03Z");
  CHECK(canonical("timestamptz", "2024-02-29T01:02:03") == "2024-02-29T01:02:03Z");
  CHECK(canonical("string", "") == "");
  CHECK(canonical("bytes", "00FFa0") == "00ffa0");
  CHECK(canonical("bytes", "0") == "refused");
  CHECK(canonical("bytes", "0g") == "refused");
}

TEST_CASE("text of a null is empty") {
  ColumnBuilder builder(kInt64);
  builder.append_null();
  CHECK(text_of(*builder.finish(), 0).empty());
}

TEST_CASE("decimals read back exactly") {
  std::mt19937_64 random(2);
  for (int i = 0; i < 20'000; ++i) {
    const auto precision = static_cast<int>(random() % 38) + 1;
    const auto scale = static_cast<int>(random() % static_cast<unsigned>(precision + 1));
    Int128 limit = 1;
    for (int d = 0; d < precision; ++d) limit *= 10;
    auto value = (static_cast<Int128>(random()) << 63) ^ static_cast<Int128>(random());
    value %= limit;
    const auto text = format_decimal(value, scale);
    const auto back = parse_decimal(text, decimal_type(precision, scale));
    if (!back || *back != value) FAIL(text);
  }
}
