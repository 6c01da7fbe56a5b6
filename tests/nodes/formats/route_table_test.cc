#include "nodes/formats/route_table.h"

#include <sstream>

#include "tests/support/catch.h"
#include "tests/support/corpus.h"

namespace {

using namespace flowrun::nodes;

std::string problem_of(const std::string& text) {
  std::string problem;
  CHECK_FALSE(parse_routes(text, problem));
  return problem;
}

}  // namespace

TEST_CASE("routes are read by position behind a header line") {
  std::string problem;
  const auto routes = parse_routes(
      "\xEF\xBB\xBF"
      "channel,output\r\n/a//b,engine\r\n\r\n\"x, y\", aux \r\n\"say \"\"hi\"\"\",engine",
      problem);
  REQUIRE(routes);
  CHECK(*routes == std::vector<Route>{
                       {"/a//b", "engine", 2}, {"x, y", "aux", 4}, {"say \"hi\"", "engine", 5}});
  CHECK(values_of(*routes, "engine") == std::vector<std::string>{"/a//b", "say \"hi\""});
  CHECK(outputs_of(*routes) == std::vector<std::string>{"engine", "aux"});
}

TEST_CASE("what is wrong with a routes file is said with its line") {
  CHECK(problem_of("") == "it is empty; it needs a header line and one line for each value");
  CHECK(problem_of("value,output\n") == "it has a header line and no routes");
  CHECK(problem_of("value,output\na\n") == "line 2: expected 2 fields, found fewer");
  CHECK(problem_of("value,output\na,b,c\n") ==
        "line 2: expected 2 fields, found more; quote a value that holds a comma");
  CHECK(problem_of("value,output\na,x\nb,y\na,z\n") ==
        "line 4: \"a\" stands twice, first in line 2");
  CHECK(problem_of("value,output\na,\n") == "line 2: \"a\" has no output");
  CHECK(problem_of("value,output\n,x\n") == "line 2: the value is empty");
  CHECK(problem_of("value,output\n\"a,x\n") == "line 2: a quote is not closed");
  CHECK(problem_of(std::string("value,output\na\0b,x\n", 19)) ==
        "it holds NUL bytes; is it a text file");
  CHECK(problem_of("value,output\n\xFF,x\n") == "it is not valid UTF-8");
}

TEST_CASE("a list has one value per line and no header") {
  std::string problem;
  const auto values = parse_list("temp\n\npress,ure\n", problem);
  CHECK_FALSE(values);
  CHECK(problem == "line 3: expected 1 field, found more; quote a value that holds a comma");
  CHECK(parse_list("temp\n\n\"press,ure\"", problem) ==
        std::vector<std::string>{"temp", "press,ure"});
  CHECK_FALSE(parse_list("\n", problem));
  CHECK(problem == "it has no values");
}
