// The ndjson source: its options, the files it reads, and what it finds out before a run.
#include <zlib.h>

#include <string>
#include <vector>

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

OptionValue entries(const std::vector<std::pair<std::string, std::string>>& pairs) {
  OptionValue::Table table_entries;
  for (const auto& [name, text] : pairs) table_entries.emplace_back(name, value(text));
  return table(std::move(table_entries));
}

std::string problems(BindFake::Given options, const std::string& directory = "/nowhere") {
  BindFake context(nodes::ndjson_source(), options);
  context.directory = directory;
  (void)context.bind();
  return context.problems();
}

/// All that a source reads.
ReadRows read_all(BindFake& context, const TempFolder& folder) {
  context.directory = folder / "";
  context.directory.pop_back();
  const auto binding = context.bind();
  REQUIRE(context.problems() == "");
  const auto source = binding.make_source();
  CHECK_FALSE(source->reads_ranges());
  Log log;
  CollectedRows out;
  std::uint64_t number = 0;
  for (const auto& input : source->inputs({.log = &log})) {
    const auto reader = source->open(input, number++, nullptr);
    while (const auto chunk = reader->read({}, {})) reader->decode(*chunk, {}, out);
  }
  return out.take();
}

}  // namespace

TEST_CASE("the objects of all files come under one schema that was declared") {
  const TempFolder folder;
  write_file(folder / "2.ndjson", "{\"b\":\"y\",\"a\":2,\"pos\":[1.5,2.5]}\n");
  write_file(folder / "1.ndjson", "{\"a\":1,\"b\":\"x\"}\n\n{\"a\":\"one\"}\n");
  BindFake context(nodes::ndjson_source(),
                   {{"path", value("*.ndjson")},
                    {"columns", entries({{"a", "int64"}, {"b", "string"}, {"lat", "float64"}})},
                    {"pointers", entries({{"lat", "/pos/1"}})}});
  const auto read = read_all(context, folder);
  CHECK(read.lines() == Lines{"1|x|(null)", "2|y|2.5"});
  CHECK(read.ordinals == std::vector<std::uint64_t>{Ordinals::pack(0, 1), Ordinals::pack(1, 1)});
  REQUIRE(read.rejects.size() == 1);
  CHECK(read.rejects[0].origin == "1.ndjson:3:17");
  CHECK(read.rejects[0].record == "{\"a\":\"one\"}");
}

TEST_CASE("a schema is found from a sample, and said") {
  const TempFolder folder;
  write_file(folder / "1.ndjson",
             "{\"t\":\"2024-01-01T00:00:00Z\",\"v\":1}\nbroken\n{\"v\":2.5}\n");
  BindFake context(nodes::ndjson_source(), {{"path", value("1.ndjson")}});
  const auto read = read_all(context, folder);
  CHECK(read.lines() == Lines{"2024-01-01T00:00:00Z|1", "(null)|2.5"});
  CHECK(read.reasons() == Lines{"2:not a JSON object"});
  BindFake again(nodes::ndjson_source(), {{"path", value("1.ndjson")}});
  again.directory = context.directory;
  const auto binding = again.bind();
  CHECK(binding.notes == Lines{"schema found from 2 lines of 1.ndjson: t timestamptz, v float64"});
  CHECK(binding.content_hash == fingerprint("t timestamptz, v float64"));
  CHECK(binding.ordered);
}

TEST_CASE("compressed and recoded files are read") {
  const TempFolder folder;
  const auto path = folder / "1.ndjson.gz";
  auto* file = gzopen(path.c_str(), "wb");
  CHECK(gzputs(file, "{\"a\":1}\n{\"a\":2}\n") > 0);
  CHECK(gzclose(file) == Z_OK);
  BindFake zipped(nodes::ndjson_source(),
                  {{"path", value("*.gz")}, {"columns", entries({{"a", "int64"}})}});
  CHECK(read_all(zipped, folder).lines() == Lines{"1", "2"});
  write_file(folder / "latin.ndjson", "{\"a\":\"caf\xE9\"}\n");
  BindFake latin(nodes::ndjson_source(), {{"path", value("latin.ndjson")},
                                          {"columns", entries({{"a", "string"}})},
                                          {"encoding", value("latin-1")}});
  CHECK(read_all(latin, folder).lines() == Lines{"caf\xC3\xA9"});
}

TEST_CASE("what is wrong with an ndjson source is said") {
  const TempFolder folder;
  write_file(folder / "none.ndjson", "[1]\n");
  CHECK(problems({{"path", value("*.ndjson")}}) ==
        "error no-file: no file matches *.ndjson; declare `columns` to plan before the files are "
        "there\n");
  CHECK(problems({{"path", value("x.ndjson")}}) ==
        "error no-file: there is no file x.ndjson; declare `columns` to plan before the file is "
        "there\n");
  CHECK(problems({{"path", value("-")}}) ==
        "error no-sample: the columns of stdin cannot be found from a sample; declare `columns`\n");
  CHECK(problems({{"path", value("none.ndjson")}}, folder / ".") ==
        "error no-sample: the files have no objects to find the columns from: none.ndjson; declare "
        "`columns`\n");
  CHECK(problems({{"path", list({})}, {"columns", entries({{"a", "int64"}})}}) ==
        "error option-value: \"path\" is an empty list; name a file, or a pattern such as "
        "\"data/*.csv\"\n");
  CHECK(problems({{"path", value("-")}, {"columns", entries({})}})
            .starts_with("error option-value: \"columns\" declares no column"));
  CHECK(problems({{"path", value("-")},
                  {"columns", entries({{"lat", "float64"}})},
                  {"pointers", entries({{"lad", "/pos/0"}})}}) ==
        "error unknown-column: there is no column \"lad\" for a pointer; did you mean \"lat\"?\n");
  CHECK(problems({{"path", value("-")},
                  {"columns", entries({{"lat", "float64"}})},
                  {"pointers", entries({{"lat", "pos.0"}})}}) ==
        "error option-value: \"pos.0\" is no JSON pointer; write for example \"/reading/value\"\n");
}
