// make_plan() as a whole: files, speed.
#include <chrono>
#include <filesystem>

#include "tests/engine/plan/planned.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("a plan is made from a file") {
  const TempFolder folder;
  folder.write("small.toml", small_pipeline());
  Diagnostics diagnostics;
  const auto plan = make_plan(folder.path() + "/small.toml", {}, fake_services(), diagnostics);
  REQUIRE(plan);
  CHECK(plan->path == folder.path() + "/small.toml");
  CHECK(plan->directory == folder.path());
  CHECK(diagnostics.empty());
}

TEST_CASE("a file that cannot be read is a diagnostic, with the name that was probably meant") {
  const TempFolder folder;
  folder.write("small.toml", small_pipeline());
  Diagnostics diagnostics;
  CHECK_FALSE(make_plan(folder.path() + "/smal.toml", {}, fake_services(), diagnostics));
  REQUIRE(diagnostics.all().size() == 1);
  CHECK(render(diagnostics.all()[0]) == "error: cannot read the pipeline file \"" + folder.path() +
                                            "/smal.toml\": No such file or directory\n"
                                            "  = did you mean \"small.toml\"?");
}

TEST_CASE("a byte order mark and CRLF change nothing") {
  auto text = small_pipeline();
  for (auto at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 2))
    text.replace(at, 1, "\r\n");
  const auto plain = plan_text(small_pipeline());
  const auto other = plan_text("\xEF\xBB\xBF" + text);
  INFO(other.shown());
  CHECK(other.node("out").plan_hash == plain.node("out").plan_hash);
  CHECK_THAT(plan_text("\xEF\xBB\xBFnam = 1\n").shown(),
             ContainsSubstring("p.toml:1:1: error: unknown key \"nam\""));
}

TEST_CASE(
    "a plan of a small file takes less than 5 ms, and one of a thousand instances stays quick") {
  const auto seconds = [](const std::string& text) {
    double best = 1e9;
    for (int i = 0; i < 5; ++i) {
      const auto start = std::chrono::steady_clock::now();
      REQUIRE(plan_text(text).plan);
      best = std::min(
          best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    return best;
  };
  CHECK(seconds(small_pipeline("[window]\ncolumn = \"at\"\nevery = \"2h\"\n")) < 0.005);
  std::string ships = "\"s0\"";
  for (int i = 1; i < 1000; ++i) ships += ", \"s" + std::to_string(i) + "\"";
  CHECK(
      seconds("name = \"m\"\n[matrix]\nship = [" + ships +
              "]\n[sources.in]\ntype = \"table\"\npath = \"${ship}\"\ncolumns = { a = \"int64\" }\n"
              "[sinks.out]\ntype = \"file\"\npath = \"${ship}.csv\"\ninput = \"in\"\n") < 2);
}
