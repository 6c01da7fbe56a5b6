#include <fcntl.h>

#include <csignal>
#include <fstream>

#include "engine/core/file.h"
#include "nodes/catalog.h"
#include "tests/nodes/files/harness.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;
using Catch::Matchers::ContainsSubstring;

namespace {

const char* const kFields = "ship string, speed float64";

/// A run of the sink whose stdout is a file.
class Shown {
 public:
  explicit Shown(BindFake::Given options)
      : run(nodes::stdout_sink(), std::move(options), kFields, store_, folder_ / "") {
    run.start();
  }
  /// Loads hours 0, 1, … of these rows and ends the run.
  std::string of(const std::vector<std::vector<BatchRef>>& hours) {
    const auto file = open_file(folder_ / "out", O_RDWR | O_CREAT | O_TRUNC);
    const StdoutTo out(file.fd());
    for (std::size_t i = 0; i < hours.size(); ++i) run.put(hour(static_cast<int>(i)), hours[i]);
    run.close();
    return content(folder_ / "out");
  }

 private:
  TempFolder folder_;
  CoverageFake store_;

 public:
  FileRun run;
};

BatchRef rows(const char* text, std::uint64_t first) { return batch_of(kFields, text, first); }

}  // namespace

TEST_CASE("rows are a table in the order of the input, names and types above it") {
  Shown shown({});
  CHECK(shown.of({{rows("b,12.5\n,\n", 3), rows("first,7\ntwo\tlines,1", 1)}}) ==
        "ship         speed\n"
        "string     float64\n"
        "first            7\n"
        "two·lines        1\n"
        "b             12.5\n"
        "∅                ∅\n");
  CHECK(shown.run.covered().empty());
  CHECK(shown.run.steps().empty());
}

TEST_CASE("windows follow each other under one head, or under a wider one where they need it") {
  Shown shown({});
  CHECK(shown.of(
            {{rows("a,1", 0)}, {}, {rows("b,2", 1)}, {rows("Gunhild,3", 2)}, {rows("c,4", 3)}}) ==
        "ship      speed\n"
        "string  float64\n"
        "a             1\n"
        "b             2\n"
        "\n"
        "ship       speed\n"
        "string   float64\n"
        "Gunhild        3\n"
        "c              4\n");
}

TEST_CASE("so many rows are shown, and how many more there are") {
  Shown three({{"rows", value(3)}});
  CHECK(three.of({{rows("a,1\nb,2", 0)}, {rows("c,3\nd,4\ne,5", 2)}, {rows("f,6", 5)}}) ==
        "ship      speed\n"
        "string  float64\n"
        "a             1\n"
        "b             2\n"
        "c             3\n"
        "… 3 more rows; rows = 0 shows all of them\n");
  std::string text;
  for (int i = 0; i < 3000; ++i) text += "s," + std::to_string(i % 10) + "\n";
  const auto many = rows(text.c_str(), 0);
  const auto lines = [](const std::string& shown) {
    return std::count(shown.begin(), shown.end(), '\n');
  };
  const auto usual = Shown({}).of({{many}});
  CHECK(lines(usual) == 1003);
  CHECK_THAT(usual, ContainsSubstring("… 2000 more rows"));
  CHECK(lines(Shown({{"rows", value(0)}}).of({{many}})) == 3002);
}

TEST_CASE("columns are as wide as they may be") {
  Shown shown({{"width", value(8)}});
  CHECK(shown.of({{rows("Brunhilde the Great,0.30000000000000004", 0)}}) ==
        "ship         speed\n"
        "string     float64\n"
        "Brunhil…  0.30000…\n");
}

TEST_CASE("what does not fit in memory waits on disk and comes in order") {
  std::string text;
  std::string lines;
  for (int i = 0; i < 5000; ++i) {
    text += "ship" + std::to_string(10'000 + i) + ",1\n";
    lines += "ship" + std::to_string(10'000 + i) + "        1\n";
  }
  auto batches = cut(rows(text.c_str(), 0), 100);
  std::reverse(batches.begin(), batches.end());
  Shown shown({{"rows", value(0)}});
  shown.run.memory = 0;
  shown.run.start();
  CHECK(shown.of({batches}) == "ship         speed\nstring     float64\n" + lines);
}

TEST_CASE("a run without rows shows the head, one that failed at once shows nothing") {
  CHECK(Shown({}).of({}) == "ship      speed\nstring  float64\n");
  TempFolder folder;
  const auto file = open_file(folder / "out", O_RDWR | O_CREAT);
  Shown failed({});
  const StdoutTo out(file.fd());
  failed.run.stage(hour(0), {rows("a,1", 0)});
  failed.run.prepare(hour(0));
  failed.run.abort(hour(0));
  failed.run.close(false);
  CHECK(content(folder / "out").empty());
}

TEST_CASE("rows as JSON are all there, one object a line") {
  Shown shown({{"format", value("ndjson")}});
  CHECK(shown.of({{rows("a,1\n,", 0)}, {rows("b,2", 2)}}) ==
        "{\"ship\":\"a\",\"speed\":1}\n{\"ship\":null,\"speed\":null}\n"
        "{\"ship\":\"b\",\"speed\":2}\n");
}

TEST_CASE("a reader of the table that has gone ends nothing") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  ::close(ends[0]);
  const FileHandle write_end(ends[1]);
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  {
    Shown shown({});
    const StdoutTo out(write_end.fd());
    CHECK(shown.run.put(hour(0), {rows("a,1", 0)}));
    CHECK(shown.run.put(hour(1), {rows("b,2", 1)}));
    shown.run.close();
  }
  (void)std::signal(SIGPIPE, before);
}

TEST_CASE("limits of a table are numbers, and JSON has none") {
  const auto problems = [](BindFake::Given options) {
    BindFake context(nodes::stdout_sink(), options, {schema_of(kFields)});
    static_cast<void>(context.bind());
    return context.problems();
  };
  CHECK(problems({{"rows", value(0)}, {"width", value(1)}}).empty());
  CHECK(problems({{"rows", value(-1)}}) == "error bad-value: \"rows\" must be 0 or more\n");
  CHECK(problems({{"width", value(0)}}) == "error bad-value: \"width\" must be 1 or more\n");
  CHECK(problems({{"format", value("ndjson")}, {"rows", value(5)}}) ==
        "error useless-option: \"rows\" is about tables; JSON lines are written whole\n");
}
