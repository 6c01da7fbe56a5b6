// Rows, dialects and positions: what is a row, a field, a line.
#include "nodes/formats/csv_reader.h"

#include <string>
#include <vector>

#include "engine/core/error.h"
#include "tests/nodes/formats/csv_testing.h"
#include "tests/support/catch.h"

namespace {

using namespace flowrun;
using namespace flowrun::nodes;
using namespace flowrun::testing;
using namespace std::string_literals;
using Lines = std::vector<std::string>;

Reading of(std::size_t columns) { return {.columns = letters(columns)}; }

std::uint64_t at_line(std::uint64_t line) { return Ordinals::pack(kInputNumber, line); }

}  // namespace

TEST_CASE("rows end at LF or CRLF, the last one with or without") {
  const Lines expected{"1|2", "3|4"};
  for (const auto* text : {"a,b\n1,2\n3,4\n", "a,b\n1,2\n3,4", "a,b\r\n1,2\r\n3,4\r\n",
                           "a,b\r\n1,2\r\n3,4", "a,b\n1,2\r\n3,4\n",
                           "\xEF\xBB\xBF"
                           "a,b\n1,2\n3,4\n"}) {
    INFO(text);
    const auto read = read_text(text, of(2));
    CHECK(read.lines() == expected);
    CHECK(read.rejects.empty());
    CHECK(read.ordinals == std::vector<std::uint64_t>{at_line(2), at_line(3)});
  }
}

TEST_CASE("a CR inside a field stays") {
  const auto read = read_text("a,b\n1\r2,x\ry\r\r\n\"q\rq\",z\n", of(2));
  CHECK(read.lines() == Lines{"1\r2|x\ry\r", "q\rq|z"});
}

TEST_CASE("files without rows have none") {
  for (const auto* text : {"", "a,b\n", "a,b", "\n\n", "\xEF\xBB\xBF",
                           "\xEF\xBB\xBF"
                           "a,b\r\n"}) {
    INFO(text);
    const auto read = read_text(text, of(2));
    CHECK(read.rows.empty());
    CHECK(read.rejects.empty());
  }
}

TEST_CASE("blank lines and comments are no rows, and lines are still counted") {
  auto reading = of(2);
  reading.format.dialect.comment = '#';
  const auto read = read_text(
      "# made by hand, \"really\n\na,b\n\n1,2\r\n\r\n#3,4\n5,#6\n\"#7\",8\n # 9\n", reading);
  CHECK(read.lines() == Lines{"1|2", "5|#6", "#7|8"});
  CHECK(read.ordinals == std::vector<std::uint64_t>{at_line(5), at_line(8), at_line(9)});
  CHECK(read.reasons() == Lines{"10:expected 2 fields, found 1"});
}

TEST_CASE("in a file of one column, too, blank lines are no rows") {
  const auto read = read_text("a\nx\n\n\"\"\r\n\r\ny", of(1));
  CHECK(read.lines() == Lines{"x", "", "y"});
  CHECK(read.ordinals == std::vector<std::uint64_t>{at_line(2), at_line(4), at_line(6)});
}

TEST_CASE("a quoted field holds delimiters, line ends and doubled quotes") {
  const auto read =
      read_text("a,b\n\"1,2\",\"3\n4\"\n\"say \"\"hi\"\"\",\"\"\"\"\nx,\"5\r\n6\"\n7,8\n", of(2));
  CHECK(read.lines() == Lines{"1,2|3\n4", "say \"hi\"|\"", "x|5\r\n6", "7|8"});
  CHECK(read.ordinals ==
        std::vector<std::uint64_t>{at_line(2), at_line(4), at_line(5), at_line(7)});
}

TEST_CASE("a quote that does not start a field is a plain character") {
  const auto read = read_text("a,b\n5\" pipe,x\n y,\"z\"\nit's, \"no\"\n", of(2));
  CHECK(read.lines() == Lines{"5\" pipe|x", " y|z", "it's| \"no\""});
  CHECK(read.rejects.empty());
}

TEST_CASE("an escape character replaces doubling") {
  auto reading = of(2);
  reading.format.dialect.escape = '\\';
  const auto read = read_text("a,b\n\"x\\\"y\",\"\\\\\"\n\"p\\q\",c:\\d\n\"r\"\"s\",t\n", reading);
  CHECK(read.lines() == Lines{"x\"y|\\", "p\\q|c:\\d"});
  CHECK(read.reasons() == Lines{"4:text after the closing quote"});
}

TEST_CASE("delimiter and quote are free, and there may be no quote at all") {
  auto tabs = of(2);
  tabs.format.dialect.delimiter = '\t';
  tabs.format.dialect.quote = '\'';
  tabs.format.dialect.escape = '\'';
  CHECK(read_text("a\tb\n1,\"\t'x\ty'''\n", tabs).lines() == Lines{"1,\"|x\ty'"});
  auto plain = of(2);
  plain.format.dialect.quote.reset();
  CHECK(read_text("a,b\n\"1,2\"\n", plain).lines() == Lines{"\"1|2\""});
}

TEST_CASE("without a header the columns are taken by position") {
  auto reading = of(3);
  reading.format.header = false;
  const auto read = read_text("1,2,3\n4,5\n6,7,8\n", reading);
  CHECK(read.lines() == Lines{"1|2|3", "6|7|8"});
  CHECK(read.ordinals == std::vector<std::uint64_t>{at_line(1), at_line(3)});
  CHECK(read.reasons() == Lines{"2:expected 3 fields, found 2"});
}

TEST_CASE("columns are found by name, in any order, and others are skipped") {
  Reading reading{.columns = strings({"value", "time"})};
  CHECK(read_text("x,time,\"va\"\"l\",value\n1,2,3,4\n", reading).lines() == Lines{"4|2"});
  CHECK(read_text("value,time\n\"a,b\",2\n", reading).lines() == Lines{"a,b|2"});
}

TEST_CASE("what the header lacks or says twice ends the run") {
  const auto message = [](const char* text) {
    try {
      (void)read_text(text, {.columns = strings({"temperature"})});
    } catch (const Error& error) {
      CHECK(error.code() == Errc::data);
      return std::string(error.what());
    }
    return std::string("no error");
  };
  CHECK(message("time,temprature\n1,2\n") ==
        "in.csv: its header has no column \"temperature\"; did you mean \"temprature\"?; it has: "
        "time, temprature");
  CHECK(message("temperature,x,x\n") == "in.csv: its header names the column \"x\" twice");
  CHECK(message("temperature,\"x\ny\n") ==
        "in.csv: the header cannot be read: the quote opened in line 1 is not closed before the "
        "end of the input");
  CHECK(message("temperature,\"x\"y\n") ==
        "in.csv: the header cannot be read: text after the closing quote: \"x\"y");
  CHECK(message("temperature,\xFF\n") ==
        "in.csv: the name of column 2 in its header is not valid UTF-8; say which encoding it has");
  CHECK(message("\xFF\xFEt\0") ==
        "in.csv starts with a UTF-16 byte-order mark; say encoding = \"utf-16\"");
}

TEST_CASE("rejects say where the row stands, and keep its text") {
  const auto read = read_text("a,b\n1,2\n\"x\ny\",2,3\nlast\xFF", of(2));
  CHECK(read.lines() == Lines{"1|2"});
  REQUIRE(read.rejects.size() == 2);
  CHECK(read.rejects[0].origin == "in.csv:3:8");
  CHECK(read.rejects[0].reason == "expected 2 fields, found 3");
  CHECK(read.rejects[0].record == "\"x\ny\",2,3");
  CHECK(read.rejects[0].ordinal == at_line(3));
  CHECK(read.rejects[1].origin == "in.csv:5:18");
  CHECK(read.rejects[1].reason == "not valid UTF-8");
  CHECK(read.rejects[1].record == "last\xEF\xBF\xBD");
}

TEST_CASE("a reject loses one line end and no other CR") {
  for (const std::int64_t bytes : {1, 1 << 20}) {
    auto reading = of(2);
    reading.format.max_row = 8;
    reading.request.bytes = bytes;
    const auto read = read_text("a,b\nx\r\r\n123456789\r\r\n", reading);
    REQUIRE(read.rejects.size() == 2);
    CHECK(read.rejects[0].record == "x\r");
    CHECK(read.rejects[1].record == "123456789\r");
  }
  const auto value = read_text("n\n\"1\n\"\n", {.columns = {{"n", kInt64}}});
  REQUIRE(value.rejects.size() == 1);
  CHECK(value.rejects[0].value == "1\n");
}

TEST_CASE("a byte-order mark counts as bytes of the file") {
  const auto read = read_text(
      "\xEF\xBB\xBF"
      "a,b\r\n1\r\n",
      of(2));
  REQUIRE(read.rejects.size() == 1);
  CHECK(read.rejects[0].origin == "in.csv:2:8");
  CHECK(read.rejects[0].record == "1");
}

TEST_CASE("rows with NUL bytes or invalid UTF-8 are rejected, their neighbours are not") {
  const auto text = "a,b\n1,\xC3\xA9\n2,x\0y\n3,\xC3\n4,\xED\xA0\x80\n5,z\n"s;
  const auto read = read_text(text, of(2));
  CHECK(read.lines() == Lines{"1|\xC3\xA9", "5|z"});
  CHECK(read.reasons() == Lines{"3:holds a NUL byte", "4:not valid UTF-8", "5:not valid UTF-8"});
}

TEST_CASE("text behind a closing quote rejects the row and nothing else") {
  const auto read =
      read_text("a,b\n\"1\"x,2\n\"3\",\"4\" \n\"5\"\"\",6\n\"7\"\"\"8,\"\n9\"\n", of(2));
  CHECK(read.lines() == Lines{"5\"|6"});
  CHECK(read.reasons() == Lines{"2:text after the closing quote", "3:text after the closing quote",
                                "5:text after the closing quote"});
}

TEST_CASE("a quote that is never closed rejects everything from its row on") {
  const auto read = read_text("a,b\n1,2\n3,\"4\n5,6\n7,8\n", of(2));
  CHECK(read.lines() == Lines{"1|2"});
  REQUIRE(read.rejects.size() == 1);
  CHECK(read.rejects[0].reason ==
        "the quote opened in line 3 is not closed before the end of the input");
  CHECK(read.rejects[0].record == "3,\"4\n5,6\n7,8");
  CHECK(read.rejects[0].origin == "in.csv:3:8");
  const auto later = read_text("a,b\n\"x\ny\",\"4\n", of(2));
  REQUIRE(later.rejects.size() == 1);
  CHECK(later.rejects[0].reason ==
        "the quote opened in line 3 is not closed before the end of the input");
  CHECK(later.rejects[0].origin == "in.csv:2:4");
}

TEST_CASE("a row that is too long is rejected and reading goes on behind it") {
  auto reading = of(2);
  reading.format.max_row = 100;
  const std::string fits(98, 'x');
  const std::string text = "a,b\n1,2\n" + fits + ",y\n" + fits + "z,y\n\"" +
                           std::string(5000, '\n') + "\",q\n3,4\r\n" + fits + ",y\r\n" +
                           std::string(90'000, 'w');
  for (const std::int64_t bytes : {1, 50, 103, 4096, 1 << 20}) {
    INFO(bytes);
    reading.request.bytes = bytes;
    const auto read = read_text(text, reading);
    CHECK(read.lines() == Lines{"1|2", fits + "|y", "3|4", fits + "|y"});
    CHECK(read.reasons() == Lines{"4:row longer than 100 B", "5:row longer than 100 B",
                                  "5008:row longer than 100 B"});
    CHECK(read.ordinals.back() == at_line(5007));
    REQUIRE(read.rejects.size() == 3);
    CHECK(read.rejects[1].record.size() == 5004);
    CHECK(read.rejects[2].record == std::string(65'536, 'w') + "…");
  }
}

TEST_CASE("a comment may be longer than a row, however much is read at once") {
  auto reading = of(2);
  reading.format.max_row = 8;
  reading.format.dialect.comment = '#';
  const std::string comment = "#" + std::string(50, '"') + "\n";
  for (const std::int64_t bytes : {1, 9, 20, 1 << 20}) {
    INFO(bytes);
    reading.request.bytes = bytes;
    const auto read = read_text(comment + "a,b\n" + comment + "1,2\n" + comment, reading);
    CHECK(read.lines() == Lines{"1|2"});
    CHECK(read.rejects.empty());
    CHECK(read.ordinals == std::vector<std::uint64_t>{at_line(4)});
  }
}

TEST_CASE("a header is no longer than a row, however much is read at once") {
  auto reading = of(2);
  reading.format.max_row = 8;
  for (const std::int64_t bytes : {1, 9, 20, 1 << 20}) {
    INFO(bytes);
    reading.request.bytes = bytes;
    CHECK_THROWS_WITH(read_text("a,b,long1\n1,2,3\n", reading),
                      "in.csv: the header cannot be read: row longer than 8 B");
  }
}

TEST_CASE("a reader that is asked to stop stops") {
  const TempFolder folder;
  const auto path = write_file(folder / "in.csv", "a,b\n1,2\n3,4\n");
  const auto table =
      std::make_shared<const CsvTable>(CsvFormat{}, make_schema(letters(2)), Simd::portable);
  const auto reader = open_csv({.name = "in.csv", .path = path}, 0, table);
  (void)reader->read({}, {});
  std::stop_source source;
  source.request_stop();
  CHECK(reader->read({}, source.get_token()) == nullptr);
}

TEST_CASE("progress is counted in bytes of the file") {
  const TempFolder folder;
  const std::string text = "a,b\n" + std::string(1000, 'x') + ",2\n3,4\n";
  const auto path = write_file(folder / "in.csv", text);
  const auto table =
      std::make_shared<const CsvTable>(CsvFormat{}, make_schema(letters(2)), Simd::portable);
  const auto reader = open_csv({.name = "in.csv", .path = path}, 0, table);
  std::int64_t taken = 0;
  while (const auto chunk = reader->read({.bytes = 10}, {})) taken += chunk->input_bytes;
  CHECK(taken == static_cast<std::int64_t>(text.size()));
}
