#include "tools/flowrun/arguments.h"

#include "engine/core/error.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::command;

namespace {

struct Targets {
  std::string file;
  std::optional<std::string> output;
  std::string format = "dot";
  std::optional<std::int64_t> rows;
  std::vector<std::string> params;
  bool json = false;
};

CommandSpec spec_of(Targets& into) {
  return {"draw",
          "draws",
          {"flowrun draw a.toml"},
          {{"FILE", "", "the file", &into.file, {}, true},
           {"-o,--output", "PATH", "where to", &into.output},
           {"--format", "FORMAT", "how", &into.format, {"dot", "svg"}},
           {"-n,--rows", "N", "how many", &into.rows},
           {"-p,--param", "NAME=VALUE", "a parameter", &into.params},
           {"--json", "", "for programs", &into.json}}};
}

std::string failure(const std::vector<std::string>& words) {
  Targets into;
  try {
    parse_arguments(spec_of(into), words);
  } catch (const Error& error) {
    CHECK(error.code() == Errc::usage);
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("arguments reach their targets in any order") {
  Targets into;
  parse_arguments(spec_of(into), {"--json", "-n", "5", "a.toml", "--format=svg", "-p", "a=1",
                                  "--param", "b=2", "-o", "x"});
  CHECK(into.file == "a.toml");
  CHECK(into.output == "x");
  CHECK(into.format == "svg");
  CHECK(into.rows == 5);
  CHECK(into.params == std::vector<std::string>{"a=1", "b=2"});
  CHECK(into.json);
}

TEST_CASE("what is not given keeps its default") {
  Targets into;
  parse_arguments(spec_of(into), {"a.toml"});
  CHECK_FALSE(into.output);
  CHECK_FALSE(into.rows);
  CHECK(into.format == "dot");
  CHECK_FALSE(into.json);
}

TEST_CASE("an option that repeats takes one word each time") {
  Targets into;
  parse_arguments(spec_of(into), {"--param", "a=1", "a.toml"});
  CHECK(into.file == "a.toml");
  CHECK(into.params.size() == 1);
}

TEST_CASE("a dash alone is a word, and so is what follows two dashes") {
  Targets dash;
  parse_arguments(spec_of(dash), {"-"});
  CHECK(dash.file == "-");
  Targets after;
  parse_arguments(spec_of(after), {"--", "--json"});
  CHECK(after.file == "--json");
  CHECK_FALSE(after.json);
}

TEST_CASE("what cannot be read is named, with what would fit") {
  CHECK(failure({"a.toml", "--fromat", "svg"}) ==
        "draw has no option --fromat; did you mean --format?");
  CHECK(failure({"a.toml", "--fromat=svg"}) ==
        "draw has no option --fromat; did you mean --format?");
  CHECK(failure({"a.toml", "--zzz"}) == "draw has no option --zzz; flowrun draw --help lists them");
  CHECK(failure({"a.toml", "b.toml"}) ==
        "draw takes no further word \"b.toml\"; flowrun draw --help says what it takes");
  CHECK(failure({"a.toml", "--format", "svq"}) ==
        "--format cannot be \"svq\"; did you mean \"svg\"?");
  CHECK(failure({}).find("FILE is required; flowrun draw --help") != std::string::npos);
  CHECK(failure({"a.toml", "--rows", "few"}).find("--rows") != std::string::npos);
}

TEST_CASE("help shows examples first, then words, then options under each other") {
  Targets into;
  CHECK(help_text(spec_of(into)) ==
        "flowrun draw: draws\n"
        "\n"
        "Examples:\n"
        "  flowrun draw a.toml\n"
        "\n"
        "Usage: flowrun draw FILE [OPTION…]\n"
        "  FILE                            the file\n"
        "\n"
        "Options:\n"
        "  -o, --output PATH               where to\n"
        "      --format FORMAT             how: dot, svg\n"
        "  -n, --rows N                    how many\n"
        "  -p, --param NAME=VALUE          a parameter\n"
        "      --json                      for programs\n"
        "  -h, --help                      this text\n");
}
