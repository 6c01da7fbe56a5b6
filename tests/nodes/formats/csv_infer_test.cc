#include "nodes/formats/csv_infer.h"

#include <string>
#include <vector>

#include "tests/nodes/formats/csv_testing.h"
#include "tests/support/catch.h"

namespace {

using namespace flowrun;
using namespace flowrun::nodes;
using flowrun::testing::TempFolder;
using flowrun::testing::write_file;

std::string guess(const std::vector<std::string>& values) {
  TypeGuess guess;
  for (const auto& value : values) guess.add(value);
  return to_string(guess.type());
}

InferredSchema infer(const std::vector<std::string>& files, const CsvFormat& format = {}) {
  const TempFolder folder;
  std::vector<Input> inputs;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto name = std::to_string(i) + ".csv";
    inputs.push_back({.name = name, .path = write_file(folder / name, files[i])});
  }
  return infer_csv_schema(inputs, format);
}

}  // namespace

TEST_CASE("the type of a column is the narrowest that takes all its values") {
  CHECK(guess({}) == "string");
  CHECK(guess({"1", "-2", "0"}) == "int64");
  CHECK(guess({"1", "2.5"}) == "float64");
  CHECK(guess({"1e5", "nan", "-inf"}) == "float64");
  CHECK(guess({"9223372036854775807"}) == "int64");
  CHECK(guess({"9223372036854775808"}) == "string");
  CHECK(guess({"1.5", "9223372036854775808"}) == "string");
  CHECK(guess({"007"}) == "string");
  CHECK(guess({"-01.5"}) == "string");
  CHECK(guess({"0.5", "0"}) == "float64");
  CHECK(guess({"+49"}) == "string");
  CHECK(guess({"2024-02-29"}) == "date");
  CHECK(guess({"2023-02-29"}) == "string");
  CHECK(guess({"2024-02-29", "2024-02-29 10:00"}) == "timestamp");
  CHECK(guess({"2024-02-29T10:00:00", "2024-02-29T10:00:00.5"}) == "timestamp");
  CHECK(guess({"2024-02-29T10:00:00Z", "2024-02-29T10:00:00+02:00"}) == "timestamptz");
  CHECK(guess({"2024-02-29T10:00:00Z", "2024-02-29T10:00:00"}) == "string");
  CHECK(guess({"true", "false"}) == "string");
  CHECK(guess({"1", "x", "2"}) == "string");
  CHECK(guess({"2024"}) == "int64");
}

TEST_CASE("a schema is found from the first rows; nulls and broken rows say nothing") {
  const auto found =
      infer({"t,n,x,s,e,\n2024-01-01T00:00:00Z,1,,\"a,b\",,1\nbroken\n2024-01-01T00:00:01Z,,2.5,c,"
             "\"\",2\n"});
  CHECK(to_string(*found.schema) ==
        "t timestamptz, n int64, x float64, s string, e string, column6 int64");
  CHECK(found.rows == 2);
  CHECK(found.files == std::vector<std::string>{"0.csv"});
}

TEST_CASE("declared nulls are no values") {
  CsvFormat format;
  format.nulls = {"NA", ""};
  CHECK(to_string(*infer({"a,b\n1,NA\nNA,\"NA\"\n2,2.5\n"}, format).schema) ==
        "a int64, b float64");
}

TEST_CASE("further files are looked at where the first ones have few rows, by column names") {
  const auto found = infer({"", "a,b\n", "b,c,a\n1,x,2.5\n"});
  CHECK(to_string(*found.schema) == "a float64, b int64");
  CHECK(found.files.size() == 3);
}

TEST_CASE("a sample is at most 1,000 rows") {
  std::string text = "a\n";
  for (int i = 0; i < 1000; ++i) text += "1\n";
  text += "x\n";
  const auto found = infer({text});
  CHECK(to_string(*found.schema) == "a int64");
  CHECK(found.rows == 1000);
}

TEST_CASE("without a header columns are numbered") {
  CsvFormat format;
  format.header = false;
  CHECK(to_string(*infer({"1,x,2024-01-01\n2,y,2024-01-02\n"}, format).schema) ==
        "column1 int64, column2 string, column3 date");
  CHECK(infer({""}, format).schema->size() == 0);
}
