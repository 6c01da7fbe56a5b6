// Lines, keys, types and rejects of NDJSON.
#include "nodes/formats/ndjson_reader.h"

#include <simdjson.h>

#include <random>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "tests/nodes/formats/ndjson_testing.h"
#include "tests/support/catch.h"

namespace {

using namespace flowrun;
using namespace flowrun::nodes;
using namespace flowrun::testing;
using Lines = std::vector<std::string>;

JsonReading of(std::string_view fields) { return {.columns = fields_of(fields)}; }

std::uint64_t at_line(std::uint64_t line) { return Ordinals::pack(kInputNumber, line); }

/// "line:reason|column|value" of each reject.
Lines rejects_of(const ReadRows& read) {
  auto lines = read.reasons();
  for (std::size_t i = 0; i < lines.size(); ++i) {
    lines[i] += '|' + read.rejects[i].column + '|' + read.rejects[i].value;
  }
  return lines;
}

/// What becomes of one value in a column of a type: its text, or "reason|value".
std::string in_column(const std::string& type, const std::string& json) {
  const auto read = read_json("{\"v\":" + json + "}\n", of("v " + type));
  if (read.rejects.empty()) return read.lines().at(0);
  return read.rejects[0].reason + '|' + read.rejects[0].value;
}

}  // namespace

TEST_CASE("each line is a row, whatever ends it; blank lines are none") {
  for (const auto* text : {"{\"a\":1,\"b\":\"x\"}\n{\"a\":2,\"b\":\"y\"}\n",
                           "{\"a\":1,\"b\":\"x\"}\n{\"a\":2,\"b\":\"y\"}",
                           "\xEF\xBB\xBF{\"a\":1,\"b\":\"x\"}\r\n{\"a\":2,\"b\":\"y\"}\r\n",
                           " {\"a\" : 1 , \"b\":\"x\"} \n\t{ \"a\":2,\"b\" :\"y\"}\t"}) {
    INFO(text);
    const auto read = read_json(text, of("a int64, b string"));
    CHECK(read.lines() == Lines{"1|x", "2|y"});
    CHECK(read.ordinals == std::vector<std::uint64_t>{at_line(1), at_line(2)});
    CHECK(read.rejects.empty());
  }
  const auto gaps = read_json("\n{\"a\":1}\n\r\n  \t\n{\"a\":2}\n\n", of("a int64"));
  CHECK(gaps.lines() == Lines{"1", "2"});
  CHECK(gaps.ordinals == std::vector<std::uint64_t>{at_line(2), at_line(5)});
  CHECK(read_json("", of("a int64")).rows.empty());
}

TEST_CASE("keys come in any order, others are skipped, missing ones are null") {
  const auto read = read_json(
      "{\"a\":1,\"b\":\"x\"}\n{\"b\":\"y\",\"a\":2}\n{\"z\":[1,{\"a\":9}],\"a\":3,\"y\":null}\n{"
      "\"b\":"
      "null,\"a\":null}\n{}\n{\"aa\":1,\"\":2,\"b\":\"\"}\n{\"a\":4,\"b\":\"x\"}\n",
      of("a int64, b string"));
  CHECK(read.lines() ==
        Lines{"1|x", "2|y", "3|(null)", "(null)|(null)", "(null)|(null)", "(null)|", "4|x"});
  CHECK(read.rejects.empty());
}

TEST_CASE("a line that is not exactly one object is a reject, and says where it is") {
  const auto read = read_json(
      "{\"a\":1}\n[1]\n{\"a\":8} "
      "{\"a\":9}\n{\"a\":2}\n\"a\"\n{\"a\":3\n{\"a\":\"x}\n{\"a\":1}}\n{a:1}\n"
      "{\"a\":01}\n{\"a\":1,}\n{\"a\":1,\"z\":tru}\n{\"a\":1,\"z\":\"\\x\"}\n{\"a\":1,\"z\":[1,]}"
      "\n{\"a\":1}\n",
      of("a int64"));
  CHECK(read.lines() == Lines{"1", "2", "1"});
  CHECK(read.ordinals == std::vector<std::uint64_t>{at_line(1), at_line(4), at_line(15)});
  CHECK(read.reasons() == Lines{"2:not a JSON object", "3:text behind the object",
                                "5:not a JSON object", "6:not valid JSON",
                                "7:a string is not closed", "8:text behind the object",
                                "9:not valid JSON", "10:not valid JSON", "11:not valid JSON",
                                "12:not valid JSON", "13:not valid JSON", "14:not valid JSON"});
  CHECK(read.rejects[1].origin == "in.ndjson:3:12");
  CHECK(read.rejects[1].record == "{\"a\":8} {\"a\":9}");
  CHECK(read.rejects[1].column == "");
  CHECK(read.rejects[1].ordinal == at_line(3));
}

TEST_CASE("a line that looks like others but for one thing is not taken for one of them") {
  const std::string good = "{\"ts\":\"2024-01-01T00:00:00Z\",\"v\":1.5,\"s\":\"x\"}\n";
  std::string text = good + good;
  for (const auto* bad : {"{\"ts\":\"2024-01-01T00:00:00Z\",\"v\":1.5,\"s\":\"x\"}}\n",
                          "{\"ts\":\"2024-01-01T00:00:00Z\",\"v\":1.5.2,\"s\":\"x\"}\n",
                          "{\"ts\":\"2024-01-01T00:00:00Z\",\"v\":1.5,\"s\":\"x}\n",
                          "{\"ts\":\"2024-01-01T00:00:00Z\",\"v\":1.5,\"s\":\"x\"\n",
                          "{\"ts\":\"2024-01-01T00:00:00Z\",\"v\":,\"s\":\"x\"}\n",
                          "{\"ts\":\"2024-01-01T00:00:00Z\",\"v\":1.5,\"s\":\"\t\"}\n",
                          "{\"ts\":\"2024-01-01T00:00:00Z\",\"v\":1.5,\"s\":\"\xFF\"}\n",
                          "{\"ts\":1,\"v\":1.5,\"s\":\"x\"}\n", "{\"ts\n",
                          "{\"ts\":\"2024-01-01T00:00:00Z\",\"v\":1.5,\"v\":2}\n"}) {
    text += bad + good;
  }
  const auto read = read_json(text, of("ts timestamptz, v float64, s string"));
  CHECK(read.rows.size() == 12);
  CHECK(read.rejects.size() == 10);
  for (const auto& line : read.lines()) CHECK(line == "2024-01-01T00:00:00Z|1.5|x");
}

TEST_CASE("a key twice is a reject where a column wants it, and nobody's business elsewhere") {
  const auto read = read_json(
      "{\"a\":1,\"a\":1}\n{\"z\":1,\"a\":2,\"z\":2}\n{\"n\":{\"b\":1},\"n\":{\"c\":1}}\n"
      "{\"a\":null,\"\\u0061\":5}\n{\"n\":{\"x\":1,\"x\":2}}\n",
      {.columns = fields_of("a int64, b int64"), .pointers = {{"b", "/n/b"}}});
  CHECK(read.lines() == Lines{"2|(null)", "(null)|(null)"});
  CHECK(read.reasons() == Lines{"1:the key \"a\" comes twice", "3:the key \"n\" comes twice",
                                "4:the key \"a\" comes twice"});
}

TEST_CASE("every type is read from what JSON has for it") {
  CHECK(in_column("bool", "true") == "true");
  CHECK(in_column("bool", "false") == "false");
  CHECK(in_column("int64", "-9223372036854775808") == "-9223372036854775808");
  CHECK(in_column("int64", "0") == "0");
  CHECK(in_column("float64", "12.5") == "12.5");
  CHECK(in_column("float64", "-1.5e300") == "-1.5e+300");
  CHECK(in_column("float64", "7") == "7");
  CHECK(in_column("float64", "\"nan\"") == "nan");
  CHECK(in_column("float64", "\"-inf\"") == "-inf");
  CHECK(in_column("decimal(38,4)", "1234567890123456789012345678901234.5678") ==
        "1234567890123456789012345678901234.5678");
  CHECK(in_column("decimal(8,2)", "\"-12.5\"") == "-12.50");
  CHECK(in_column("string", "\"caf\xC3\xA9\"") == "caf\xC3\xA9");
  CHECK(in_column("string", "\"\"") == "");
  CHECK(in_column("date", "\"2024-02-29\"") == "2024-02-29");
  CHECK(in_column("timestamp", "\"2024-02-29T12:00:00.25\"") == "2024-02-29T12:00:00.25");
  CHECK(in_column("timestamptz", "\"2024-02-29T12:00:00+02:00\"") == "2024-02-29T10:00:00Z");
  CHECK(in_column("bytes", "\"00ff\"") == "00ff");
  CHECK(in_column("bytes", "\"\"") == "");
  for (const auto* type : {"bool", "int64", "float64", "decimal(8,2)", "string", "date",
                           "timestamp", "timestamptz", "bytes"}) {
    CHECK(in_column(type, "null") == "(null)");
  }
}

TEST_CASE("a value that its column does not take is a reject with column and value") {
  CHECK(in_column("bool", "1") == "not a bool|1");
  CHECK(in_column("bool", "\"true\"") == "not a bool|\"true\"");
  CHECK(in_column("int64", "\"12\"") == "not an int64|\"12\"");
  CHECK(in_column("int64", "12.5") == "not an int64|12.5");
  CHECK(in_column("int64", "1e3") == "not an int64|1e3");
  CHECK(in_column("int64", "true") == "not an int64|true");
  CHECK(in_column("int64", "9223372036854775808") == "out of range for int64|9223372036854775808");
  CHECK(in_column("float64", "\"12.5\"") == "not a float64|\"12.5\"");
  CHECK(in_column("float64", "\"\"") == "not a float64|\"\"");
  CHECK(in_column("float64", "1e400") == "not a float64|1e400");
  CHECK(in_column("float64", "[1]") == "not a float64|[1]");
  CHECK(in_column("decimal(4,2)", "123.45") == "does not fit decimal(4,2)|123.45");
  CHECK(in_column("decimal(4,2)", "\"x\"") == "not a decimal(4,2)|x");
  CHECK(in_column("decimal(4,2)", "\"\"") == "not a decimal(4,2)|\"\"");
  CHECK(in_column("date", "20240229") == "not a date|20240229");
  CHECK(in_column("date", "\"2023-02-29\"") == "not a date|2023-02-29");
  CHECK(in_column("timestamptz", "1700000000") == "not a timestamptz|1700000000");
  CHECK(in_column("timestamp", "\"2024-01-01T00:00:00+01:00\"") ==
        "has a time zone other than UTC|2024-01-01T00:00:00+01:00");
  CHECK(in_column("timestamp", "\"\"") == "not a timestamp|\"\"");
  CHECK(in_column("bytes", "\"0g\"") == "not a bytes|0g");
  CHECK(in_column("string", "\"a\\u0000b\"") == "holds a NUL character|\"a\\u0000b\"");
  CHECK(in_column("string", "\"\\ud800\"") == "holds half a surrogate pair|\"\\ud800\"");
  const auto read =
      read_json("{\"a\":1,\"b\":2}\n{\"a\":\"x\",\"b\":\"2024-13-01\"}\n{\"a\":3,\"b\":null}\n",
                of("a int64, b date"));
  CHECK(rejects_of(read) == Lines{"1:not a date|b|2", "2:not an int64|a|\"x\""});
  CHECK(read.lines() == Lines{"3|(null)"});
}

TEST_CASE("a string column takes anything as its JSON text") {
  CHECK(in_column("string", "12.50") == "12.50");
  CHECK(in_column("string", "true") == "true");
  CHECK(in_column("string", " { \"b\" : [ 1 , \"}\" ] } ") == "{ \"b\" : [ 1 , \"}\" ] }");
  CHECK(in_column("string", "[]") == "[]");
  CHECK(in_column("string", "[\"\\u0000\"]") == "[\"\\u0000\"]");
  const auto read = read_json(
      "{\"o\":{\"x\":1},\"a\":1}\n{\"o\":{\"x\":2} "
      ",\"a\":2}\n{\"a\":3,\"o\":[[],{}]}\n{\"o\":{\"x\":bad},\"a\":4}\n",
      of("a int64, o string"));
  CHECK(read.lines() == Lines{"1|{\"x\":1}", "2|{\"x\":2}", "3|[[],{}]"});
  CHECK(read.reasons() == Lines{"4:not valid JSON"});
}

TEST_CASE("pointers lead into objects and arrays") {
  const JsonReading reading{
      .columns = fields_of("id int64, lat float64, tag string, whole string, odd int64"),
      .pointers = {
          {"lat", "/pos/0/lat"}, {"tag", "/tags/1"}, {"whole", "/pos"}, {"odd", "/a~1b/~0"}}};
  const auto read = read_json(
      "{\"id\":1,\"pos\":[{\"lat\":1.5},{\"lat\":9}],\"tags\":[\"x\",\"y\",\"z\"],\"a/"
      "b\":{\"~\":7}}\n"
      "{\"id\":2,\"pos\":[],\"tags\":[\"x\"],\"a/b\":{}}\n"
      "{\"id\":3,\"pos\":{\"0\":{\"lat\":2.5}},\"tags\":null,\"a/b\":5}\n"
      "{\"id\":4,\"tags\":{\"1\":\"by key\"},\"lat\":3}\n"
      "{\"id\":5,\"pos\":[{\"lat\":\"x\"}]}\n",
      reading);
  CHECK(read.lines() == Lines{"1|1.5|y|[{\"lat\":1.5},{\"lat\":9}]|7", "2|(null)|(null)|[]|(null)",
                              "3|2.5|(null)|{\"0\":{\"lat\":2.5}}|(null)",
                              "4|(null)|by key|(null)|(null)"});
  CHECK(rejects_of(read) == Lines{"5:not a float64|lat|\"x\""});
  CHECK_FALSE(parse_pointer("a/b"));
  CHECK_FALSE(parse_pointer(""));
  CHECK_FALSE(parse_pointer("/a~2"));
  CHECK_FALSE(parse_pointer("/a~"));
  CHECK(parse_pointer("/").value() == Lines{""});
}

TEST_CASE("two columns may take the same value") {
  const JsonReading reading{.columns = fields_of("t timestamptz, text string"),
                            .pointers = {{"t", "/time"}, {"text", "/time"}}};
  const auto read = read_json(
      "{\"time\":\"2024-01-01T00:00:00Z\"}\n{\"time\":\"2024-01-01\\u005400:00:00Z\"}\n{\"time\":"
      "\"soon\"}\n",
      reading);
  CHECK(read.lines() == Lines{"2024-01-01T00:00:00Z|2024-01-01T00:00:00Z",
                              "2024-01-01T00:00:00Z|2024-01-01T00:00:00Z"});
  CHECK(rejects_of(read) == Lines{"3:not a timestamptz|t|soon"});
}

TEST_CASE("escape sequences are resolved in keys and values") {
  const auto read = read_json(
      "{\"a\":\"x\\ny\",\"b\":\"\\u00e9\\ud83d\\ude00\"}\n{\"\\u0061\":\"\\\"q\\\"\",\"b\":"
      "\"\\\\\"}\n{\"a\":"
      "\"plain\",\"b\":\"\\/\"}\n{\"a\":\"\\t\",\"b\":\"z\",\"c\\n\":\"\\u0000\"}\n",
      of("a string, b string"));
  CHECK(read.lines() == Lines{"x\ny|\xC3\xA9\xF0\x9F\x98\x80", "\"q\"|\\", "plain|/", "\t|z"});
  CHECK(read.rejects.empty());
}

TEST_CASE("a column may have any name") {
  const JsonReading reading{.columns = {{"a\"b", kString}, {"", kInt64}, {"\\", kInt64}}};
  CHECK(read_json("{\"a\\\"b\":\"x\",\"\":1,\"\\\\\":2}\n", reading).lines() == Lines{"x|1|2"});
}

TEST_CASE("invalid UTF-8 breaks its line only") {
  const auto read = read_json(
      "{\"a\":\"x\"}\n{\"a\":\"\xC3(\"}\n{\"a\":\"\xC3\xA9\"}\n{\"a\":\"y\",\"z\":\"\xFF\"}\n{"
      "\"a\":\"z\"}\n",
      of("a string"));
  CHECK(read.lines() == Lines{"x", "\xC3\xA9", "z"});
  CHECK(read.reasons() == Lines{"2:not valid UTF-8", "4:not valid UTF-8"});
  CHECK(read.rejects[0].record == "{\"a\":\"\xEF\xBF\xBD(\"}");
}

TEST_CASE("control characters have no place in a string") {
  const std::string nul(1, '\0');
  const auto read =
      read_json("{\"a\":\"x\ty\"}\n{\"a\":\"" + nul + "\"}\n{\"a\":\"ok\"}\n", of("a string"));
  CHECK(read.lines() == Lines{"ok"});
  CHECK(read.reasons() ==
        Lines{"1:a control character in a string", "2:a control character in a string"});
}

TEST_CASE("lines that are too long or nested too deeply are rejects") {
  auto reading = of("a int64");
  reading.max_row = 100;
  const auto read = read_json(
      "{\"a\":1}\n{\"a\":2,\"z\":\"" + std::string(100, 'x') + "\"}\n{\"a\":3}\n", reading);
  CHECK(read.lines() == Lines{"1", "3"});
  CHECK(read.reasons() == Lines{"2:row longer than 100 B"});
  CHECK(read_json("{\"a\":\"" + std::string(100, '\xFF') + "\"}\n", reading).reasons() ==
        Lines{"1:row longer than 100 B"});
  const auto nested = [](int depth) {
    return "{\"a\":1,\"z\":" + std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']') + "}\n";
  };
  CHECK(read_json(nested(500), of("a int64")).lines() == Lines{"1"});
  CHECK(read_json(nested(600) + nested(100'000), of("a int64")).reasons() ==
        Lines{"1:nested too deeply", "2:nested too deeply"});
}

TEST_CASE("strings are coded while that pays, and plain after") {
  std::string text;
  Lines expected;
  for (int i = 0; i < 40'000; ++i) {
    const auto unique = "value-" + std::to_string(i * 7919);
    text += "{\"few\":\"ch_" + std::to_string(i % 7) + "\",\"many\":\"" + unique + "\"}\n";
    expected.push_back("ch_" + std::to_string(i % 7) + "|" + unique);
  }
  auto reading = of("few string, many string");
  const auto coded = read_json(text, reading);
  CHECK(coded.coded);
  CHECK(coded.lines() == expected);
  reading.dictionaries = false;
  const auto plain = read_json(text, reading);
  CHECK_FALSE(plain.coded);
  CHECK(plain.lines() == expected);
}

TEST_CASE("lines of many shapes, and changed ones, are read as the slow way reads them") {
  // read_json() compares; what is an object at all is asked of simdjson's other parser.
  std::mt19937 random(7);
  const auto pick = [&](int below) {
    return static_cast<int>(random() % static_cast<unsigned>(below));
  };
  const std::vector<std::string> values = {"1",       "-2.5",      "1e3",  "\"x\"",
                                           "\"\\n\"", "true",      "null", "[]",
                                           "[1,[2]]", "{\"b\":1}", "\"\"", "0"};
  std::string text;
  Lines lines;
  for (int i = 0; i < 20'000; ++i) {
    std::string line = "{";
    for (int key = 0, keys = pick(4); key < keys; ++key) {
      line += std::string(key == 0 ? "" : ",") + "\"" + static_cast<char>('a' + key) +
              (pick(5) == 0 ? "\": " : "\":") + values[static_cast<std::size_t>(pick(12))];
    }
    line += "}";
    for (int changes = pick(3) == 0 ? 1 + pick(2) : 0; changes > 0; --changes) {
      const auto at = static_cast<std::size_t>(pick(static_cast<int>(line.size())));
      const std::string marks = "{}[]\",:\\ 01eEtfn.-x";
      const char mark = marks[static_cast<std::size_t>(pick(static_cast<int>(marks.size())))];
      if (pick(2) == 0)
        line[at] = mark;
      else
        line.insert(at, 1, mark);
    }
    lines.push_back(line);
    text += line + "\n";
  }
  const auto read = read_json(text, of("q string"));  // a key that no line has: all is skipped
  std::size_t row = 0;
  simdjson::dom::parser parser;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    simdjson::dom::object object;
    const bool is_object = parser.parse(lines[i]).get(object) == simdjson::SUCCESS;
    const bool was_read = row < read.ordinals.size() && read.ordinals[row] == at_line(i + 1);
    row += was_read ? 1 : 0;
    INFO(lines[i]);
    // A double that is too large is none to that parser, but still a number in JSON.
    const bool huge = !is_object && parser.parse(lines[i]).error() == simdjson::NUMBER_ERROR;
    if (!huge) CHECK(was_read == is_object);
  }
  CHECK(row == read.ordinals.size());
  CHECK(read.rows.size() + read.rejects.size() == lines.size());
  CHECK(read.rejects.size() > 2000);
  const auto typed = read_json(text, of("a string, b float64, c bool"));
  CHECK(typed.rows.size() + typed.rejects.size() == lines.size());
  CHECK(typed.rows.size() > 1000);
}
