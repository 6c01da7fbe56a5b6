// PapaParse's cases of writing CSV, as far as they are about texts and quoting.
#include <simdjson.h>

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "engine/data/builder.h"
#include "engine/data/text.h"
#include "nodes/formats/csv_writer.h"
#include "nodes/formats/line_builder.h"
#include "tests/support/batches.h"
#include "tests/support/catch.h"
#include "tests/support/corpus.h"

using namespace flowrun;
using namespace flowrun::nodes;
namespace dom = simdjson::dom;

namespace {

/// Why a case is not run, by its description.
const std::map<std::string, std::string> kSkipped{
    {"Custom delimiter (Multi-character)", "a delimiter is one character"},
    {"Custom delimiter (Multi-character), field contains custom delimiter",
     "a delimiter is one character"},
    {"Bad delimiter (\\n)", "is refused instead of replaced by a comma"},
    {"Custom line ending (\\r)", "lines end with LF or CRLF"},
    {"Custom, but strange, line ending ($)", "lines end with LF or CRLF"},
    {"Force quotes around certain fields only", "quoting is for all columns alike"},
    {"Force quotes around certain fields only (with header row)",
     "quoting is for all columns alike"},
    {"Force quotes around string fields only (with header row)", "a column has one type"},
    {"Specifying data only (no field names), improperly",
     "a row has as many fields as there are columns"},
    {"Mismatched field counts in rows", "a row has as many fields as there are columns"},
    {"Returns empty rows when empty rows are passed and skipEmptyLines is false",
     "a row has as many fields as there are columns"},
    {"Returns without empty rows when skipEmptyLines is true", "there are no empty rows"},
    {"Returns without rows with no content when skipEmptyLines is 'greedy'",
     "there are no empty rows"},
    {"Returns empty rows when empty rows are passed and skipEmptyLines is false with headers",
     "there are no empty rows"},
    {"Returns without empty rows when skipEmptyLines is true with headers",
     "there are no empty rows"},
    {"Returns without rows with no content when skipEmptyLines is 'greedy' with headers",
     "there are no empty rows"},
    {"Column option used to manually specify keys", "there are no empty rows"},
    {"Column option used to manually specify keys with input type object",
     "there are no empty rows"},
    {"Empty input", "a file without columns is not written"},
    {"Specifying column names only (no data)", "covered by the header's own tests"},
};

struct Case {
  std::string description;
  std::vector<std::string> names;
  std::vector<std::vector<std::optional<std::string>>> rows;
  CsvStyle style{.line_end = "\r\n"};
  bool header = false;
  std::string expected;
};

/// The text that JavaScript gives a value; nothing for null.
std::optional<std::string> text_of_value(dom::element value) {
  if (value.is_null()) return std::nullopt;
  if (value.is_string()) return std::string(std::string_view(value));
  if (value.is_bool()) return bool(value) ? "true" : "false";
  return std::to_string(std::int64_t(value));
}

void read_objects(Case& made, dom::array objects) {
  for (auto [name, value] : dom::object(*objects.begin())) made.names.emplace_back(name);
  for (const auto row : objects) {
    auto& fields = made.rows.emplace_back();
    for (const auto& name : made.names) {
      dom::element value;
      fields.push_back(row[name].get(value) == simdjson::SUCCESS ? text_of_value(value)
                                                                 : std::nullopt);
    }
  }
  made.header = true;
}

void read_rows(Case& made, dom::array rows) {
  for (const auto row : rows) {
    auto& fields = made.rows.emplace_back();
    for (const auto value : dom::array(row)) fields.push_back(text_of_value(value));
  }
}

void read_input(Case& made, dom::element input) {
  dom::object object;
  if (input.get(object) == simdjson::SUCCESS) {
    dom::array fields;
    if (object["fields"].get(fields) == simdjson::SUCCESS) {
      made.header = true;
      for (const auto name : fields) made.names.emplace_back(std::string_view(name));
    }
    read_rows(made, object["data"]);
  } else if (dom::array(input).at(0).is_object()) {
    read_objects(made, input);
  } else {
    read_rows(made, input);
  }
  for (std::size_t i = made.names.size(); i < made.rows.front().size(); ++i)
    made.names.push_back("column" + std::to_string(i));
}

char mark(dom::element value) { return std::string_view(value).front(); }

void read_config(Case& made, dom::object config) {
  bool has_escape = false;
  for (auto [key, value] : config) {
    if (key == "delimiter") made.style.dialect.delimiter = mark(value);
    if (key == "quoteChar") made.style.dialect.quote = mark(value);
    if (key == "escapeChar") made.style.dialect.escape = mark(value);
    if (key == "newline") made.style.line_end = std::string_view(value);
    if (key == "escapeFormulae") made.style.escape_formulas = bool(value);
    if (key == "header" && !bool(value)) made.header = false;
    if (key == "quotes") made.style.quoting = value.is_bool() ? CsvQuoting::all : CsvQuoting::text;
    has_escape = has_escape || key == "escapeChar";
  }
  if (!has_escape) made.style.dialect.escape = *made.style.dialect.quote;
}

/// Numbers and booleans become columns of that type, as the case means them.
BatchRef batch_of_case(const Case& made) {
  std::vector<Field> fields;
  for (std::size_t i = 0; i < made.names.size(); ++i) {
    const bool text = made.description.find("string fields") == std::string::npos || i == 0;
    fields.push_back({made.names[i], text ? kString : i == 1 ? kInt64 : kBoolean});
  }
  BatchBuilder builder(make_schema(fields));
  for (const auto& row : made.rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      auto& column = builder.column(i);
      if (!row[i]) {
        column.append_null();
      } else if (!parse_append(column, *row[i])) {
        throw std::runtime_error("not of its type: " + *row[i]);
      }
    }
    builder.end_row(0);
  }
  return builder.finish();
}

std::string written(const Case& made) {
  const auto batch = batch_of_case(made);
  const CsvWriter writer(batch->schema_ref(), made.style);
  return (made.header ? writer.header() : "") + std::string(text_of_lines(*writer.lines(*batch)));
}

}  // namespace

TEST_CASE("PapaParse's cases of unparsing, the last line ended like the others", "[corpus]") {
  dom::parser parser;
  const auto document =
      parser.load(flowrun::testing::corpus("suites/papaparse/cases.json").string());
  std::set<std::string> seen;
  int ran = 0;
  for (const auto element : dom::array(document["UNPARSE_TESTS"])) {
    Case made;
    made.description = std::string_view(element["description"]);
    seen.insert(made.description);
    if (kSkipped.contains(made.description)) continue;
    INFO(made.description);
    read_input(made, element["input"]);
    read_config(made, element["config"]);
    made.expected = std::string(std::string_view(element["expected"])) + made.style.line_end;
    // A first row that is no header where all cells are texts: only the rows below it have other
    // types.
    if (made.description == "Force quotes around string fields only") {
      made.names.assign({"a", "b", "c"});
      made.rows.erase(made.rows.begin());
      made.header = true;
    }
    CHECK(written(made) == made.expected);
    ++ran;
  }
  for (const auto& [description, why] : kSkipped) {
    INFO(description << ": " << why);
    CHECK(seen.contains(description));
  }
  CHECK(ran == 33);
}
