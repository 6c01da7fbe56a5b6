// The csv source: its options, the files it lists, and what it finds out before a run.
#include <algorithm>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/hash.h"
#include "nodes/catalog.h"
#include "tests/nodes/formats/csv_testing.h"
#include "tests/support/bind_fake.h"
#include "tests/support/catch.h"
#include "tests/support/temp_folder.h"

namespace {

using namespace flowrun;
using namespace flowrun::testing;
using Lines = std::vector<std::string>;

OptionValue columns(const std::vector<std::pair<std::string, std::string>>& types) {
  OptionValue::Table entries;
  for (const auto& [name, type] : types) entries.emplace_back(name, value(type));
  return table(std::move(entries));
}

const auto kDeclared =
    std::vector<std::pair<std::string, std::string>>{{"a", "int64"}, {"b", "string"}};

std::string problems(BindFake::Given options, const std::string& directory = "/nowhere") {
  BindFake context(nodes::csv_source(), options);
  context.directory = directory;
  (void)context.bind();
  return context.problems();
}

std::vector<std::string> names_of(const std::vector<Input>& inputs) {
  std::vector<std::string> names;
  for (const auto& input : inputs) names.push_back(input.name);
  return names;
}

class Fingerprints final : public FileFingerprints {
 public:
  std::string of(const std::string& path) override {
    asked.push_back(path);
    return "print of " + path;
  }
  std::vector<std::string> asked;
};

/// The inputs of a source of `a` and `b` over `path`.
std::vector<Input> inputs_of(OptionValue path, const TempFolder& folder,
                             FileFingerprints* prints = nullptr) {
  BindFake context(nodes::csv_source(),
                   {{"path", std::move(path)}, {"columns", columns(kDeclared)}});
  context.directory = folder / "";
  context.directory.pop_back();
  const auto binding = context.bind();
  REQUIRE(context.problems() == "");
  Log log;
  return binding.make_source()->inputs({.fingerprints = prints, .log = &log});
}

}  // namespace

TEST_CASE("files of a pattern come by name, a list keeps its order, and each file comes once") {
  const TempFolder folder;
  for (const auto* name :
       {"b.csv", "a.csv", "sub/c.csv", "sub.csv/in.csv", "x.txt", "Z.csv", "[1].csv"}) {
    write_file(folder / name, "a,b\n1,x\n");
  }
  CHECK(names_of(inputs_of(value("*.csv"), folder)) == Lines{"Z.csv", "[1].csv", "a.csv", "b.csv"});
  CHECK(names_of(inputs_of(value("*/*.csv"), folder)) == Lines{"sub.csv/in.csv", "sub/c.csv"});
  CHECK(names_of(inputs_of(list({"x.txt", "b.csv", "[ab].csv", "*.txt"}), folder)) ==
        Lines{"x.txt", "b.csv", "a.csv"});
  CHECK(names_of(inputs_of(value("[1].csv"), folder)) == Lines{"[1].csv"});
  CHECK(names_of(inputs_of(value(folder / "a.csv"), folder)) == Lines{folder / "a.csv"});
}

TEST_CASE("inputs have their size and their fingerprint; stdin has neither") {
  const TempFolder folder;
  write_file(folder / "a.csv", "a,b\n1,x\n");
  Fingerprints prints;
  const auto inputs = inputs_of(list({"a.csv", "-"}), folder, &prints);
  REQUIRE(inputs.size() == 2);
  CHECK(inputs[0].bytes == 8);
  CHECK(inputs[0].path == (folder / "a.csv"));
  CHECK(inputs[0].fingerprint == "print of " + (folder / "a.csv"));
  CHECK(inputs[1].name == "stdin");
  CHECK(inputs[1].path == "-");
  CHECK(inputs[1].bytes == -1);
  CHECK(inputs[1].fingerprint == "");
  CHECK(prints.asked == Lines{folder / "a.csv"});
}

TEST_CASE("what is not there when a run starts is an error") {
  const TempFolder folder;
  CHECK_THROWS_WITH(inputs_of(value("data/*.csv"), folder), "no file matches data/*.csv");
  CHECK_THROWS_WITH(inputs_of(list({"gone.csv"}), folder), "there is no file gone.csv");
}

TEST_CASE("rows of all files come under one schema, whatever the order of their columns") {
  const TempFolder folder;
  write_file(folder / "1.csv", "a,b\n1,x\n");
  write_file(folder / "2.csv", "c,b,a\nq,y,2\n");
  BindFake context(nodes::csv_source(), {{"path", value("*.csv")}});
  context.directory = folder / "";
  context.directory.pop_back();
  const auto binding = context.bind();
  CHECK(context.problems() == "");
  REQUIRE(binding.outputs.size() == 1);
  CHECK(binding.outputs[0].name == "");
  CHECK(to_string(*binding.outputs[0].schema) == "a int64, b string");
  CHECK(binding.ordered);
  CHECK(binding.notes == Lines{"schema found from 2 rows of 1.csv, 2.csv: a int64, b string"});
  CHECK(binding.content_hash == fingerprint("a int64, b string"));

  const auto source = binding.make_source();
  Log log;
  CollectedRows out;
  std::uint64_t number = 0;
  for (const auto& input : source->inputs({.log = &log})) {
    const auto reader = source->open(input, number++, nullptr);
    while (const auto chunk = reader->read({}, {})) reader->decode(*chunk, {}, out);
  }
  const auto read = out.take();
  CHECK(read.lines() == Lines{"1|x", "2|y"});
  CHECK(read.ordinals == std::vector<std::uint64_t>{Ordinals::pack(0, 2), Ordinals::pack(1, 2)});
}

TEST_CASE("a declared schema is taken as it is, in its order") {
  BindFake context(nodes::csv_source(),
                   {{"path", value("gone.csv")},
                    {"columns", columns({{"b", "decimal(18,2)"}, {"a", "timestamptz"}})}});
  const auto binding = context.bind();
  CHECK(context.problems() == "");
  CHECK(to_string(*binding.outputs.at(0).schema) == "b decimal(18,2), a timestamptz");
  CHECK(binding.content_hash == "");
  CHECK(binding.notes.empty());
}

TEST_CASE("a header that lacks a declared column is told before the run") {
  const TempFolder folder;
  write_file(folder / "1.csv", "time,temprature\n1,2\n");
  CHECK(problems({{"path", value("1.csv")}, {"columns", columns({{"temperature", "float64"}})}},
                 folder / ".") ==
        "error unknown-column: 1.csv has no column \"temperature\"; its header has: time, "
        "temprature; did you mean "
        "\"temprature\"?\n");
}

TEST_CASE("without declared columns there must be something to look at") {
  const TempFolder folder;
  write_file(folder / "empty.csv", "");
  write_file(folder / "broken.csv", "a,a\n");
  CHECK(problems({{"path", value("data/*.csv")}}) ==
        "error no-file: no file matches data/*.csv; declare `columns` to plan before the files are "
        "there\n");
  CHECK(problems({{"path", value("x.csv")}}) ==
        "error no-file: there is no file x.csv; declare `columns` to plan before the file is "
        "there\n");
  CHECK(problems({{"path", value("-")}}) ==
        "error no-sample: the columns of stdin cannot be found from a sample; declare `columns`\n");
  CHECK(problems({{"path", value("empty.csv")}}, folder / ".") ==
        "error no-sample: the files have no rows to find the columns from: empty.csv; declare "
        "`columns`\n");
  CHECK(problems({{"path", value("broken.csv")}}, folder / ".") ==
        "error unreadable-file: broken.csv: its header names the column \"a\" twice\n");
}

TEST_CASE("options that make no sense are told") {
  const auto with = [](const char* name, OptionValue given) {
    return problems(
        {{"path", value("x.csv")}, {"columns", columns(kDeclared)}, {name, std::move(given)}});
  };
  CHECK(with("delimiter", value(";;")) ==
        "error option-value: \"delimiter\" must be one ASCII character, and not a line end\n");
  CHECK(with("delimiter", value("")) == "error option-value: \"delimiter\" is empty\n");
  CHECK(with("delimiter", value("\n")) ==
        "error option-value: \"delimiter\" must be one ASCII character, and not a line end\n");
  CHECK(with("delimiter", value("\"")) ==
        "error option-value: \"quote\" and \"delimiter\" are the same character\n");
  CHECK(with("comment", value("é")) ==
        "error option-value: \"comment\" must be one ASCII character, and not a line end\n");
  CHECK(with("comment", value(",")) ==
        "error option-value: \"comment\" is the same character as \"delimiter\" or \"quote\"\n");
  CHECK(with("escape", value(",")) ==
        "error option-value: \"escape\" and \"delimiter\" are the same character\n");
  CHECK(with("quote", value("")) == "");
  CHECK(problems({{"path", value("x.csv")},
                  {"columns", columns(kDeclared)},
                  {"quote", value("")},
                  {"escape", value("\\")}}) ==
        "error option-value: \"escape\" stands inside quoted fields, and \"quote\" is \"\"\n");
  CHECK(problems({{"path", value("x.csv")}, {"columns", columns({})}}) ==
        "error option-value: \"columns\" declares no column; leave it out to have them found from "
        "a sample\n");
  CHECK(problems({{"path", value(3)}, {"columns", columns(kDeclared)}}) ==
        "error option-type: \"path\" must be a path, a pattern, or a list of them\n");
  CHECK(problems({{"path", list({})}, {"columns", columns(kDeclared)}}) ==
        "error option-value: \"path\" is an empty list; name a file, or a pattern such as "
        "\"data/*.csv\"\n");
}

TEST_CASE("options reach the reader") {
  const TempFolder folder;
  write_file(folder / "x.csv", "# made\n1;'caf\xE9;s';NA\n");
  BindFake context(nodes::csv_source(), {{"path", value("x.csv")},
                                         {"header", value(false)},
                                         {"delimiter", value(";")},
                                         {"quote", value("'")},
                                         {"comment", value("#")},
                                         {"nulls", list({"NA"})},
                                         {"encoding", value("latin-1")}});
  context.directory = folder / ".";
  const auto binding = context.bind();
  REQUIRE(context.problems() == "");
  CHECK(to_string(*binding.outputs.at(0).schema) ==
        "column1 int64, column2 string, column3 string");
  const auto source = binding.make_source();
  Log log;
  const auto inputs = source->inputs({.log = &log});
  const auto reader = source->open(inputs.at(0), 0, nullptr);
  CollectedRows out;
  while (const auto chunk = reader->read({}, {})) reader->decode(*chunk, {}, out);
  CHECK(out.take().lines() == Lines{"1|café;s|(null)"});
}

TEST_CASE("others: all columns of all files are read, and a file that lacks one has nulls") {
  const TempFolder folder;
  write_file(folder / "1.csv", "at,x\n2026-01-01T00:00:00Z,1\n");
  write_file(folder / "2.csv", "y,at\n2.5,2026-01-01T00:01:00Z\n,2026-01-01T00:02:00Z\n");
  BindFake context(nodes::csv_source(), {{"path", value("*.csv")},
                                         {"columns", columns({{"at", "timestamptz"}})},
                                         {"others", value("float64")}});
  context.directory = folder / "";
  context.directory.pop_back();
  const auto binding = context.bind();
  REQUIRE(context.problems() == "");
  CHECK(to_string(*binding.outputs[0].schema) == "at timestamptz, x float64, y float64");
  const auto source = binding.make_source();
  Log log;
  const auto inputs = source->inputs({.log = &log});
  CollectedRows out;
  const auto read = [&] {
    for (const auto& input : inputs) {
      const auto reader = source->open(input, kInputNumber, nullptr);
      while (auto chunk = reader->read({}, {})) reader->decode(*chunk, {}, out);
    }
  };
  read();
  CHECK(out.take().lines() == Lines{"2026-01-01T00:00:00Z|1|(null)",
                                    "2026-01-01T00:01:00Z|(null)|2.5",
                                    "2026-01-01T00:02:00Z|(null)|(null)"});
  write_file(folder / "2.csv", "y,at,z\n1,2026-01-01T00:01:00Z,3\n");
  CHECK_THROWS_WITH(read(), Catch::Matchers::ContainsSubstring("column \"z\" was not there when"));
  write_file(folder / "2.csv", "y\n1\n");
  CHECK_THROWS_WITH(read(), Catch::Matchers::ContainsSubstring("has no column \"at\""));
}

TEST_CASE("others want a type, and columns that they are not") {
  CHECK(problems({{"path", value("a.csv")}, {"others", value("float64")}})
            .find("`columns` does not name") != std::string::npos);
  CHECK(problems(
            {{"path", value("a.csv")}, {"columns", columns(kDeclared)}, {"others", value("real")}})
            .find("there is no type \"real\"") != std::string::npos);
}
