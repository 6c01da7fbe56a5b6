#include "nodes/formats/fast_number.h"

#include <bit>
#include <random>
#include <string>
#include <vector>

#include "engine/core/cpu.h"
#include "engine/data/text.h"
#include "nodes/formats/fast_time.h"
#include "tests/support/catch.h"

namespace {

using namespace flowrun;
using namespace flowrun::nodes;

const std::vector<std::string> kTexts = {"0",
                                         "1",
                                         "-1",
                                         "+1",
                                         "12.5",
                                         "-12.5",
                                         "85.8512",
                                         "0.1",
                                         ".5",
                                         "5.",
                                         ".",
                                         "-",
                                         "",
                                         "-.",
                                         "1.2.3",
                                         "1e5",
                                         "nan",
                                         "inf",
                                         " 1",
                                         "1 ",
                                         "123456789012345",
                                         "1234567890123456",
                                         "12345678901234567",
                                         "9007199254740992",
                                         "9007199254740993",
                                         "0.000000000000001",
                                         "1234567.89012345",
                                         "123456789.123456",
                                         "1234567890.12345",
                                         "-1234567890.1234",
                                         "00012",
                                         "-0",
                                         "-0.0",
                                         "9999999999999999",
                                         "99999999999999.9",
                                         "0.1234567890123",
                                         "1,5",
                                         "1_000",
                                         "0x10",
                                         "--1",
                                         "-+1",
                                         "1-",
                                         "/",
                                         ":",
                                         "1/2",
                                         "1:2",
                                         "\x7f",
                                         "1\xC3"};

/// The texts as a column: each between newlines.
struct Texts {
  explicit Texts(const std::vector<std::string>& texts) : text(64, '7') {
    index.push_back(static_cast<std::uint32_t>(text.size()));
    text += '\n';
    for (const auto& value : texts) {
      text += value;
      index.push_back(static_cast<std::uint32_t>(text.size()));
      text += '\n';
    }
    text += std::string(64, '7');
  }
  [[nodiscard]] FieldColumn fields() const {
    return {.text = text.data(), .index = index.data(), .stride = 1, .rows = index.size() - 1};
  }
  std::string text;
  std::vector<std::uint32_t> index;
};

/// What each kernel made of each text, as bits; nothing where it left it to the general parser.
void check_floats(const std::vector<std::string>& texts) {
  const Texts column(texts);
  for (const auto level : available_simd()) {
    std::vector<double> values(texts.size());
    std::vector<std::uint32_t> odd(texts.size() + 1);
    const auto count = csv_kernels(level).float64(column.fields(), values.data(), odd.data());
    std::size_t next = 0;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (next < count && odd[next] == i) {
        ++next;
        continue;
      }
      INFO(to_string(level) << ": " << texts[i]);
      const auto truth = parse_float64(texts[i]);
      REQUIRE(truth.has_value());
      CHECK(std::bit_cast<std::uint64_t>(*truth) == std::bit_cast<std::uint64_t>(values[i]));
    }
    CHECK(next == count);
  }
}

bool is_fast(const std::string& text) {
  double value = 0;
  const std::string padded = std::string(16, '9') + text + std::string(16, '9');
  return fast_float64(padded.data() + 16, text.size(), value);
}

}  // namespace

TEST_CASE("fast floats are exactly what the general parser gives, in every variant") {
  check_floats(kTexts);
  std::mt19937_64 random(7);
  std::vector<std::string> texts;
  for (int i = 0; i < 20000; ++i) {
    auto text = std::to_string(random() % 10'000'000'000'000'000ULL);
    text = text.substr(0, 1 + random() % 16);
    if (random() % 4 != 0)
      text.insert(text.begin() + static_cast<std::ptrdiff_t>(random() % (text.size() + 1)), '.');
    if (random() % 3 == 0) text.insert(text.begin(), '-');
    texts.push_back(text);
  }
  check_floats(texts);
}

TEST_CASE("usual decimals take the fast way") {
  for (const auto* text :
       {"0", "-1", "85.8512", "1234567.89012345", "123456789012345", "-0.000001", ".5", "5."}) {
    INFO(text);
    CHECK(is_fast(text));
  }
  for (const auto* text :
       {"", "-", ".", "1e5", "nan", "9007199254740993", "12345678901234567", "1.2.3", " 1"}) {
    INFO(text);
    CHECK_FALSE(is_fast(text));
  }
}

TEST_CASE("fast integers and decimals are exactly what the general parsers give") {
  const Texts column(kTexts);
  const auto fields = column.fields();
  int fast = 0;
  for (std::size_t i = 0; i < kTexts.size(); ++i) {
    INFO(kTexts[i]);
    const auto field = bare_field(fields, i);
    std::int64_t whole = 0;
    if (fast_int64(field.text, field.length, whole)) {
      ++fast;
      CHECK(parse_int64(kTexts[i]) == whole);
    }
    for (const auto type : {decimal_type(5, 2), decimal_type(18, 4), decimal_type(19, 0),
                            decimal_type(38, 10), decimal_type(38, 38), decimal_type(1, 1)}) {
      Int128 unscaled = 0;
      if (!fast_decimal(field.text, field.length, type, unscaled)) continue;
      ++fast;
      INFO(to_string(type));
      const auto truth = parse_decimal(kTexts[i], type);
      REQUIRE(truth.has_value());
      CHECK((*truth == unscaled));
    }
  }
  CHECK(fast > 50);
}

TEST_CASE("fast timestamps are exactly what the general parser gives") {
  FastTimestamp parse;
  int fast = 0;
  const std::vector<std::string> texts = {"2023-11-14T22:13:20Z",
                                          "2023-11-14T22:13:20Z",
                                          "2023-11-14T22:13:21Z",
                                          "2023-11-14 22:13:20",
                                          "2024-02-29T00:00:00Z",
                                          "2023-02-29T00:00:00Z",
                                          "2023-11-14T24:00:00Z",
                                          "2023-11-14T22:60:00Z",
                                          "2023-11-14T22:13:60Z",
                                          "2023-11-14T22:13:20.5Z",
                                          "2023-11-14T22:13:20.123456Z",
                                          "2023-11-14T22:13:20.123456789Z",
                                          "2023-11-14T22:13:20.1234567891Z",
                                          "2023-11-14T22:13:20.",
                                          "2023-11-14T22:13:20.Z",
                                          "2023-11-14T22:13:20+01:00",
                                          "2023-11-14X22:13:20Z",
                                          "2023/11/14T22:13:20Z",
                                          "2023-11-14T22-13:20Z",
                                          "2023-11-14T22:13:2oZ",
                                          "2023-11-14T2a:13:20Z",
                                          "2023-13-01T00:00:00Z",
                                          "0000-01-01T00:00:00Z",
                                          "9999-12-31T23:59:59.999999Z",
                                          "1969-12-31T23:59:59.999999",
                                          "2023-11-14t22:13:20z",
                                          "2023-11-14T22:13:20",
                                          "2023-11-14T22:13",
                                          "2023-11-14"};
  for (const auto& text : texts) {
    INFO(text);
    const std::string padded = text + std::string(16, 'x');
    std::int64_t micros = 0;
    if (!parse(padded.data(), text.size(), micros)) continue;
    ++fast;
    const auto truth = parse_timestamp(text);
    REQUIRE(truth.has_value());
    CHECK(truth->utc() == micros);
  }
  CHECK(fast >= 12);
}

TEST_CASE("every second of a year is parsed as counted by hand") {
  FastTimestamp parse;
  // 2023-11-14T22:13:20Z is 1,700,000,000 seconds after the epoch.
  for (std::int64_t second = 1'700'000'000; second < 1'731'536'000; second += 9'973) {
    const auto text = format_timestamptz(second * kSecond) + std::string(16, ' ');
    std::int64_t micros = 0;
    REQUIRE(parse(text.data(), 20, micros));
    CHECK(micros == second * kSecond);
  }
}
