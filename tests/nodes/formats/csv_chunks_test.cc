// Results do not depend on how much is read or decoded at once, nor on the instruction set.
#include <random>
#include <string>
#include <vector>

#include "tests/nodes/formats/csv_testing.h"
#include "tests/support/catch.h"

namespace {

using namespace flowrun;
using namespace flowrun::testing;

const std::vector<Field> kColumns = {
    {"t", kTimestamptz}, {"s", kString}, {"v", kFloat64}, {"n", kInt64}};

void check_same(const ReadRows& a, const ReadRows& b) {
  CHECK(a.rows == b.rows);
  CHECK(a.ordinals == b.ordinals);
  REQUIRE(a.rejects.size() == b.rejects.size());
  for (std::size_t i = 0; i < a.rejects.size(); ++i) {
    CHECK(a.rejects[i].reason == b.rejects[i].reason);
    CHECK(a.rejects[i].column == b.rejects[i].column);
    CHECK(a.rejects[i].value == b.rejects[i].value);
    CHECK(a.rejects[i].record == b.rejects[i].record);
    CHECK(a.rejects[i].origin == b.rejects[i].origin);
    CHECK(a.rejects[i].ordinal == b.rejects[i].ordinal);
  }
}

/// Rows of every kind, good and broken, as files have them.
std::string mixed_rows(int rows, bool crlf) {
  std::mt19937 random(11);
  const std::vector<std::string> good = {
      "2023-11-14T22:13:20Z,ch_00,85.8512,1",     "2023-11-14T22:13:21Z,\"a,b\",-1.5,\"2\"",
      "2023-11-14T22:13:20.5Z,\"two\nlines\",,3", ",\"say \"\"hi\"\"\",1e3,",
      "2023-11-14 22:13:20+01:00,é,0.1,-4",       "\"2023-11-14T22:13:20Z\",\"\",nan,0"};
  const std::vector<std::string> odd = {"",
                                        "x,y,z",
                                        "a,b,c,d,e",
                                        "yesterday,a,1,1",
                                        "2023-11-14T22:13:20Z,a,one,1",
                                        "2023-11-14T22:13:20Z,\"a\"b,1,1",
                                        "2023-11-14T22:13:20Z,5\" pipe,1,1",
                                        "2023-11-14T22:13:20Z,\xFF,1,1",
                                        "2023-11-14T22:13:20Z,a,1,99999999999999999999"};
  const std::string end = crlf ? "\r\n" : "\n";
  std::string text = "t,s,v,n" + end;
  for (int row = 0; row < rows; ++row) {
    const auto& kind = random() % 10 == 0 ? odd : good;
    text += kind[random() % kind.size()] + end;
  }
  return text;
}

}  // namespace

TEST_CASE("any size of pieces and batches gives the same rows, rejects and positions") {
  for (const bool crlf : {false, true}) {
    const auto text = mixed_rows(3000, crlf);
    const auto whole = read_text(text, {.columns = kColumns});
    REQUIRE(whole.rows.size() > 2000);
    REQUIRE(whole.rejects.size() > 100);
    for (const std::int64_t bytes : {1, 64, 1000, 65'536}) {
      for (const std::int64_t rows : {1, 3, 4096}) {
        INFO(bytes << " bytes, " << rows << " rows");
        const auto read =
            read_text(text, {.columns = kColumns, .request = {.bytes = bytes, .rows = rows}});
        check_same(read, whole);
        for (const auto size : read.batch_rows) REQUIRE(size <= rows);
      }
    }
  }
}

TEST_CASE("every instruction set gives the same rows, rejects and positions") {
  for (const bool crlf : {false, true}) {
    const auto text = mixed_rows(5000, crlf);
    const auto portable = read_text(text, {.columns = kColumns, .simd = Simd::portable});
    for (const auto level : available_simd()) {
      INFO(to_string(level));
      check_same(read_text(text, {.columns = kColumns, .simd = level}), portable);
    }
  }
}

TEST_CASE("a quoted newline at every offset around the edge of a piece") {
  constexpr std::int64_t kBytes = 256;
  for (std::size_t shift = 0; shift < 140; ++shift) {
    // The quoted field opens before, on and behind the edge as the padding grows.
    std::string text = "a,b\n";
    while (text.size() + 8 < kBytes - 70) text += "xxx,yyy\n";
    text += std::string(shift, 'p') + ",\"one\ntwo \"\"three\"\"\n\nfour\"\nlast,row\n";
    for (const auto level : available_simd()) {
      INFO(to_string(level) << ", shifted by " << shift);
      // The first piece is the header's; so read on with small requests from a file whose header is
      // behind.
      const auto read =
          read_text(text, {.columns = letters(2), .request = {.bytes = kBytes}, .simd = level});
      REQUIRE(read.rejects.empty());
      const auto& row = read.rows[read.rows.size() - 2];
      CHECK(row[0].value_or("") == std::string(shift, 'p'));
      CHECK(row[1] == "one\ntwo \"three\"\n\nfour");
      CHECK(read.ordinals.back() - read.ordinals[read.ordinals.size() - 2] == 4);
    }
  }
}

TEST_CASE("a quoted newline wherever a file larger than one piece is cut") {
  // 64 KiB are read for the header, then pieces of 1,000 bytes: rows of 37 bytes put the cut at
  // every offset of a row.
  const std::string row = "2023,\"a\nb\",\"c,\"\"d\"\"\n\",\"\n\",12345678,z\n";
  REQUIRE(row.size() == 37);
  std::string text = "a,b,c,d,e,f\n";
  constexpr std::size_t kRows = 6000;
  for (std::size_t i = 0; i < kRows; ++i) text += row;
  for (const std::int64_t bytes : {997, 1000, 4099}) {
    for (const auto level : available_simd()) {
      const auto read =
          read_text(text, {.columns = letters(6), .request = {.bytes = bytes}, .simd = level});
      REQUIRE(read.rows.size() == kRows);
      REQUIRE(read.rejects.empty());
      for (const auto& values : read.rows) {
        REQUIRE(values == TextRow{"2023", "a\nb", "c,\"d\"\n", "\n", "12345678", "z"});
      }
      CHECK(read.ordinals.back() == Ordinals::pack(kInputNumber, 2 + (kRows - 1) * 4));
    }
  }
}

TEST_CASE("ordinals are consecutive where every line is a row") {
  std::string text = "a,b\n";
  for (int i = 0; i < 40'000; ++i) text += std::to_string(i) + ",x\n";
  const auto read = read_text(text, {.columns = {{"a", kInt64}, {"b", kString}}});
  REQUIRE(read.rows.size() == 40'000);
  for (std::size_t i = 0; i < read.rows.size(); ++i) {
    REQUIRE(read.ordinals[i] == Ordinals::pack(kInputNumber, i + 2));
    REQUIRE(read.rows[i][0] == std::to_string(i));
  }
}

TEST_CASE("fields of every length from 0 to 200 come through in every kind of string column") {
  std::string text = "a,b,c\n";
  for (std::size_t length = 0; length <= 200; ++length) {
    const std::string value(length, static_cast<char>('a' + length % 26));
    text += value + ",\"" + value + "\"\"\"," + value + "\n";
  }
  for (const bool dictionaries : {true, false}) {
    const auto read = read_text(text, {.columns = letters(3), .dictionaries = dictionaries});
    REQUIRE(read.rows.size() == 201);
    for (std::size_t length = 1; length <= 200; ++length) {
      const std::string value(length, static_cast<char>('a' + length % 26));
      CHECK(read.rows[length] == TextRow{value, value + "\"", value});
    }
  }
}
