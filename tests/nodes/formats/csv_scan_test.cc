#include "nodes/formats/csv_scan.h"

#include <random>
#include <string>
#include <vector>

#include "nodes/formats/csv_machine.h"
#include "tests/support/catch.h"

namespace {

using namespace flowrun;
using namespace flowrun::nodes;

/// What the state machine says: the truth that the kernels are held against.
struct Truth {
  std::vector<std::uint32_t> ends;
  std::vector<std::uint32_t> rows;
  bool open = false;
};

Truth walk(const std::string& text, bool quoted) {
  CsvDialect dialect;
  if (!quoted) dialect.quote.reset();
  CsvMachine machine(dialect);
  Truth truth;
  machine.run(
      text.data(), text.size(),
      [&](std::size_t at) { truth.ends.push_back(static_cast<std::uint32_t>(at)); },
      [&](std::size_t at) {
        truth.rows.push_back(static_cast<std::uint32_t>(at));
        return true;
      });
  truth.open = machine.open();
  return truth;
}

struct Indexed {
  CsvIndex counts;
  std::vector<std::uint32_t> ends;
  std::vector<std::uint32_t> rows;
};

Indexed index(const CsvKernels& kernels, const std::string& text, bool quoted) {
  auto padded = text + std::string(kScanSlack, ',');
  Indexed out;
  out.ends.resize(text.size() + kScanSlack);
  out.rows.resize(text.size() + kScanSlack);
  out.counts = kernels.index(padded.data(), text.size(), {.quoted = quoted}, out.ends.data(),
                             out.rows.data());
  out.ends.resize(out.counts.ends);
  out.rows.resize(out.counts.rows);
  return out;
}

CsvSurvey survey(const CsvKernels& kernels, const std::string& text) {
  const auto padded = text + std::string(kScanSlack, '\n');
  return kernels.survey(padded.data(), text.size(), {});
}

std::string random_text(std::mt19937& random, std::string_view alphabet) {
  std::string text(std::uniform_int_distribution<std::size_t>(0, 400)(random), ' ');
  std::uniform_int_distribution<std::size_t> pick(0, alphabet.size() - 1);
  for (auto& c : text) c = alphabet[pick(random)];
  return text;
}

/// Rows of well-formed fields, some quoted, with everything inside that may be there.
std::string well_formed(std::mt19937& random) {
  constexpr std::string_view kFields[] = {
      "a", "", "12.5", "\"\"", "\"a,b\"", "\"x\ny\"", "\"say \"\"hi\"\"\"", "\"\"\"\""};
  std::uniform_int_distribution<std::size_t> pick(0, std::size(kFields) - 1);
  std::string text;
  for (int row = 0; row < 60; ++row) {
    text += kFields[pick(random)];
    for (int field = 0; field < 3; ++field) (text += ',') += kFields[pick(random)];
    text += '\n';
  }
  return text;
}

}  // namespace

TEST_CASE("without quotes every variant of the scan finds all delimiters and newlines") {
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    const auto text = random_text(random, "ab,,\n\"");
    const auto truth = walk(text, false);
    for (const auto level : available_simd()) {
      const auto found = index(csv_kernels(level), text, false);
      INFO(to_string(level) << ": " << text);
      CHECK(found.ends == truth.ends);
      CHECK(found.rows == truth.rows);
    }
  }
}

TEST_CASE(
    "with quotes, wherever they stand, every variant of the scan agrees with the state machine") {
  std::mt19937 random(2);
  for (int round = 0; round < 4000; ++round) {
    const auto text = random_text(random, round % 2 == 0 ? "aaaaaaaa,,\n\"\"" : "\",\n");
    const auto truth = walk(text, true);
    for (const auto level : available_simd()) {
      const auto found = index(csv_kernels(level), text, true);
      const auto seen = survey(csv_kernels(level), text);
      INFO(to_string(level) << ": " << text);
      CHECK(found.ends == truth.ends);
      CHECK(found.rows == truth.rows);
      CHECK(seen.open == truth.open);
      CHECK(seen.last_row_end == (truth.rows.empty() ? 0 : truth.rows.back() + 1));
    }
  }
}

TEST_CASE("well-formed rows are found whole by every variant of the scan") {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    const auto text = well_formed(random);
    const auto truth = walk(text, true);
    CHECK(truth.rows.size() == 60);
    CHECK(truth.ends.size() == 240);
    for (const auto level : available_simd()) {
      const auto found = index(csv_kernels(level), text, true);
      INFO(to_string(level) << ": " << text);
      CHECK(found.ends == truth.ends);
      CHECK(found.rows == truth.rows);
    }
  }
}

TEST_CASE("a survey counts all newlines and finds quotes wherever they stand") {
  for (const auto level : available_simd()) {
    for (std::size_t at = 0; at < 200; ++at) {
      std::string text(200, 'x');
      text[at] = '"';
      text[at / 2] = '\n';
      INFO(to_string(level) << " " << at);
      const auto seen = survey(csv_kernels(level), text);
      CHECK(seen.quotes == (at > 0));
      CHECK(seen.newlines == 1);
    }
    CHECK_FALSE(survey(csv_kernels(level), std::string(300, 'x')).quotes);
    CHECK(survey(csv_kernels(level), "").last_row_end == 0);
  }
}

TEST_CASE("the scan tells CR, NUL and bytes beyond ASCII wherever they stand") {
  for (const auto level : available_simd()) {
    const auto& kernels = csv_kernels(level);
    for (std::size_t at = 0; at < 150; ++at) {
      std::string text(150, 'x');
      INFO(to_string(level) << " " << at);
      const auto plain = index(kernels, text, true).counts;
      CHECK_FALSE((plain.carriage_returns || plain.nul_bytes || plain.non_ascii));
      text[at] = '\r';
      CHECK(index(kernels, text, true).counts.carriage_returns);
      text[at] = '\0';
      CHECK(index(kernels, text, true).counts.nul_bytes);
      text[at] = '\xC3';
      CHECK(index(kernels, text, true).counts.non_ascii);
    }
  }
}

TEST_CASE("an instruction set that is not there or has no name is refused") {
  CHECK(choose_simd("portable") == Simd::portable);
  CHECK(choose_simd("") == available_simd().back());
  CHECK_THROWS_WITH(choose_simd("sse9"), Catch::Matchers::ContainsSubstring("sse9"));
}
