// Suites and data that others made, with what they say is in them.
#include <simdjson.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/data/text.h"
#include "tests/nodes/formats/csv_testing.h"
#include "tests/support/catch.h"
#include "tests/support/corpus.h"

namespace {

using namespace flowrun;
using namespace flowrun::nodes;
using namespace flowrun::testing;

std::string text_of_json(simdjson::dom::element element) {
  return std::string(std::string_view(element));
}

/// The cases of papaparse whose result is another one on purpose, and why.
const std::map<std::string, std::string> kOtherwise = {
    {"Quoted field has invalid trailing quote after delimiter with a valid closer",
     "a quote inside a quoted field must be doubled"},
    {"Quoted field has invalid trailing quote after delimiter",
     "text behind a closing quote breaks its row only"},
    {"Quoted field has invalid trailing quote before delimiter",
     "text behind a closing quote breaks its row only"},
    {"Quoted field has invalid trailing quote after new line",
     "text behind a closing quote breaks its row only"},
    {"Quoted field has no closing quote", "a row whose quote is never closed is rejected"},
    {"Multi-character comment string", "a comment starts with one character"},
    {"Fast mode with comments", "a comment starts with one character"},
    {"Fast mode with preview", "previewing is the engine's"},
};

/// What a case's config means here; nothing where it asks for something that this reader does not
/// do.
std::optional<CsvFormat> format_of(simdjson::dom::element config) {
  CsvFormat format;
  format.header = false;
  format.nulls = {};
  for (const auto field : simdjson::dom::object(config)) {
    const std::string key(field.key);
    if (key == "comments" && field.value.is_string()) {
      format.dialect.comment = text_of_json(field.value).front();
    } else if (key == "comments" && field.value.is_bool()) {
      format.dialect.comment = '#';
    } else if (key == "delimiter" && field.value.is_string() &&
               text_of_json(field.value).size() == 1) {
      format.dialect.delimiter = text_of_json(field.value).front();
    } else if (key != "__undefined__" && key != "fastMode" && key != "newline" &&
               key != "comments") {
      return std::nullopt;
    } else if (key == "newline" && text_of_json(field.value) == "\r") {
      return std::nullopt;
    }
  }
  return format;
}

std::vector<TextRow> expected_rows(simdjson::dom::element data) {
  std::vector<TextRow> rows;
  for (const auto row : simdjson::dom::array(data)) {
    TextRow values;
    for (const auto value : simdjson::dom::array(row)) values.emplace_back(text_of_json(value));
    const bool blank = values.size() == 1 && values[0]->empty();
    if (!blank) rows.push_back(std::move(values));  // a blank line is no row here
  }
  return rows;
}

/// Reads the text once for each number of fields that its rows have: the rows with that many pass,
/// the others are rejected.
void check_case(const std::string& input, const CsvFormat& format,
                const std::vector<TextRow>& expected) {
  std::set<std::size_t> widths{1};
  for (const auto& row : expected) widths.insert(row.size());
  for (const auto width : widths) {
    std::vector<TextRow> same;
    std::copy_if(expected.begin(), expected.end(), std::back_inserter(same),
                 [&](const TextRow& row) { return row.size() == width; });
    for (const std::int64_t bytes : {3, 100'000}) {
      const auto read = read_text(
          input, {.format = format, .columns = letters(width), .request = {.bytes = bytes}});
      CHECK(read.rows == same);
      CHECK(read.rejects.size() == expected.size() - same.size());
    }
  }
}

ReadRows read_corpus(const std::string& file, std::vector<Field> columns) {
  return read_file(corpus(file).string(), {.columns = std::move(columns)});
}

double number(const std::optional<std::string>& text) {
  return parse_float64(text.value()).value();
}

}  // namespace

TEST_CASE("csv-spectrum", "[corpus]") {
  simdjson::dom::parser parser;
  int files = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(corpus("suites/csv-spectrum/csvs"))) {
    const auto name = entry.path().stem().string();
    // Its JSON is not about its CSV: another telephone number, an object and no list.
    if (name == "location_coordinates") continue;
    INFO(name);
    ++files;
    const auto json = parser.load(corpus("suites/csv-spectrum/json/" + name + ".json").string());
    std::vector<TextRow> expected;
    std::vector<std::string> names;
    for (const auto row : simdjson::dom::array(json)) {
      TextRow values;
      names.clear();
      for (const auto field : simdjson::dom::object(row)) {
        names.emplace_back(field.key);
        values.emplace_back(text_of_json(field.value));
      }
      expected.push_back(std::move(values));
    }
    for (const std::int64_t bytes : {1, 100'000}) {
      Reading reading{.columns = strings(names), .request = {.bytes = bytes}};
      reading.format.nulls = {};
      const auto read = read_file(entry.path().string(), reading);
      CHECK(read.rows == expected);
      CHECK(read.rejects.empty());
    }
  }
  CHECK(files == 11);
}

TEST_CASE("papaparse's parser cases", "[corpus]") {
  simdjson::dom::parser parser;
  const auto suites = parser.load(corpus("suites/papaparse/cases.json").string());
  int checked = 0;
  std::set<std::string> skipped;
  for (const auto test : simdjson::dom::array(suites["CORE_PARSER_TESTS"])) {
    const auto description = text_of_json(test["description"]);
    const auto format = format_of(test["config"]);
    if (!format || kOtherwise.contains(description)) {
      skipped.insert(description);
      continue;
    }
    INFO(description);
    ++checked;
    check_case(text_of_json(test["input"]), *format, expected_rows(test["expected"]["data"]));
  }
  CHECK(checked == 51);
  for (const auto& [description, why] : kOtherwise) CHECK(skipped.contains(description));
}

TEST_CASE("papaparse's malformed quotes break their own row only", "[corpus]") {
  Reading reading{.columns = letters(3)};
  reading.format.header = false;
  const auto read = read_text("a,\"b\"c,d\ne,f,g", reading);
  CHECK(read.lines() == std::vector<std::string>{"e|f|g"});
  CHECK(read.reasons() == std::vector<std::string>{"1:text after the closing quote"});
  const auto open = read_text("a,\"b,c\nd,e,f", reading);
  CHECK(open.rows.empty());
  CHECK(open.reasons() ==
        std::vector<std::string>{
            "1:the quote opened in line 1 is not closed before the end of the input"});
}

TEST_CASE("the weather readings add up to what Python's csv module reads", "[corpus]") {
  const auto read =
      read_corpus("data/weather_pivot/weather_narrow.csv.gz", {{"origin", kString},
                                                               {"time_hour", kTimestamptz},
                                                               {"channel", kString},
                                                               {"value", kFloat64}});
  REQUIRE(read.rejects.empty());
  REQUIRE(read.rows.size() == 211'061);
  std::map<std::string, double> sums;
  std::map<std::string, int> counts;
  for (const auto& row : read.rows) {
    sums[*row[2]] += number(row[3]);
    ++counts[*row[2]];
  }
  // python3: csv.DictReader over the file, sum(float(value)) in file order, by channel.
  const std::map<std::string, std::pair<int, double>> expected = {
      {"dewp", {26114, 1082163.7599999907}},      {"humid", {26114, 1632909.9599999986}},
      {"precip", {26115, 116.71000000000069}},    {"pressure", {23386, 23804580.199999843}},
      {"temp", {26114, 1443069.8799999994}},      {"visib", {26115, 241704.03999999986}},
      {"wind_dir", {25655, 5124870.0}},           {"wind_gust", {5337, 136024.4975600019}},
      {"wind_speed", {26111, 274622.13920003496}}};
  CHECK(counts.size() == expected.size());
  for (const auto& [channel, facts] : expected) {
    INFO(channel);
    CHECK(counts[channel] == facts.first);
    CHECK(sums[channel] == facts.second);
  }
}

TEST_CASE("43 lists of companies with quoted commas are the stacked list", "[corpus]") {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(corpus("data/sp500_constituents"))) {
    if (entry.path().extension() == ".csv") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  CHECK(files.size() == 43);
  const auto columns = strings({"Symbol", "Security", "Headquarters Location", "Founded"});
  std::vector<TextRow> rows;
  for (const auto& file : files) {
    auto read = read_file(file.string(), {.columns = columns});
    CHECK(read.rejects.empty());
    rows.insert(rows.end(), read.rows.begin(), read.rows.end());
  }
  CHECK(rows.size() == 21'626);
  const auto stacked =
      read_corpus("data/sp500_constituents/expected/stacked_history.csv.gz", columns);
  CHECK(rows == stacked.rows);
}

TEST_CASE("the CRLF files of Adelaide's routes have the rows that are known", "[corpus]") {
  std::size_t rows = 0;
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(corpus("data/adelaide_routes"))) {
    const auto name = entry.path().filename().string();
    if (name < "routes_2014-11-01.txt" || name > "routes_2015-09-21.txt") continue;
    const auto read = read_file(entry.path().string(),
                                {.columns = strings({"route_id", "route_desc", "route_url"})});
    CHECK(read.rejects.empty());
    for (const auto& row : read.rows) CHECK(row[2].value_or("").find('\r') == std::string::npos);
    rows += read.rows.size();
    ++files;
  }
  CHECK(files == 30);
  CHECK(rows == 13'126);
}
