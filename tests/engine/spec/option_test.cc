#include "engine/spec/option.h"

#include "engine/core/error.h"
#include "tests/support/bind_fake.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;

TEST_CASE("options are read by their kind") {
  const Options options({{"text", value("x")},
                         {"whole", value(3)},
                         {"number", value(0.5)},
                         {"flag", value(true)},
                         {"span", value(std::int64_t{7'200'000'000})},
                         {"one", value("a")},
                         {"many", list({"a", "b"})},
                         {"pairs", table({{"v", value("float64")}, {"a", value("string")}})}},
                        {.line = 7});
  CHECK(options.text("text") == "x");
  CHECK(options.text_or("text", "y") == "x");
  CHECK(options.text_or("absent", "y") == "y");
  CHECK(options.integer("whole") == 3);
  CHECK(options.number("whole") == 3.0);
  CHECK(options.number("number") == 0.5);
  CHECK(options.boolean("flag"));
  CHECK(options.duration("span") == 2 * kHour);
  CHECK(options.names("one") == std::vector<std::string>{"a"});
  CHECK(options.names("many") == std::vector<std::string>{"a", "b"});
  CHECK(options.names("absent").empty());
  CHECK(options.pairs("pairs") ==
        std::vector<std::pair<std::string, std::string>>{{"v", "float64"}, {"a", "string"}});
  CHECK(options.pairs("absent").empty());
  CHECK(options.has("flag"));
  CHECK_FALSE(options.has("absent"));
  CHECK(options.raw("pairs")->find("a")->text() == "string");
  CHECK(options.raw("pairs")->find("b") == nullptr);
}

TEST_CASE("an option's position is that of its value, or of the node") {
  auto written = value("x");
  written.span = {.source = std::make_shared<const SourceText>(), .line = 3};
  const Options options({{"written", written}, {"by default", value("y")}}, {.line = 1});
  CHECK(options.span("written").line == 3);
  CHECK(options.span("by default").line == 1);
  CHECK(options.span("absent").line == 1);
}

TEST_CASE("asking for an option that is not there is a bug") {
  CHECK_THROWS_WITH(Options().text("x"), Catch::Matchers::ContainsSubstring("option \"x\""));
}
