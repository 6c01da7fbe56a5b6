// [matrix] and --only.
#include "tests/engine/plan/planned.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;
using Catch::Matchers::ContainsSubstring;

namespace {

std::string with_matrix(const std::string& matrix, const std::string& path = "${ship}.csv") {
  return "name = \"m\"\n[matrix]\n" + matrix + "\n[sources.in]\ntype = \"table\"\npath = \"" +
         path + "\"\ncolumns = { a = \"int64\" }\n[sinks.out]\ntype = \"null\"\ninput = \"in\"\n";
}

std::vector<std::string> names(const Planned& planned) {
  std::vector<std::string> out;
  if (!planned.plan) return {planned.shown()};
  for (const auto& instance : planned.plan->instances) out.push_back(instance.name);
  return out;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("axes multiply, the first one slowest") {
  const auto planned = plan_text(with_matrix(
      "ship = [\"B\", \"A\"]\nyear = [2024, 2025]\nparallel = 3", "${ship}/${year}.csv"));
  CHECK(names(planned) ==
        Names{"ship=B,year=2024", "ship=B,year=2025", "ship=A,year=2024", "ship=A,year=2025"});
  CHECK(planned.plan->parallel == 3);
  CHECK(planned.plan->instances[3].values ==
        std::map<std::string, std::string>{{"ship", "A"}, {"year", "2025"}});
  CHECK(planned.plan->instances[3].nodes[0].options.text("path") == "A/2025.csv");
}

TEST_CASE("rows are values that belong together") {
  const auto planned = plan_text(
      with_matrix("rows = [{ ship = \"A\", hull = \"H1\" }, { hull = \"H2\", ship = \"B\" }]",
                  "${hull}/${ship}.csv"));
  CHECK(names(planned) == Names{"hull=H1,ship=A", "hull=H2,ship=B"});
}

TEST_CASE("without a matrix there is one instance without a name") {
  const auto planned = plan_text(small_pipeline());
  CHECK(names(planned) == Names{""});
  CHECK(planned.plan->parallel == 1);
}

TEST_CASE("axis values may come from parameters") {
  CHECK(names(plan_text(
            "name = \"m\"\n[params]\np = \"x\"\n[matrix]\nship = [\"${p}1\", \"${p}2\"]\n"
            "[sources.in]\ntype = \"table\"\npath = \"${ship}\"\ncolumns = { a = \"int64\" }\n"
            "[sinks.out]\ntype = \"null\"\ninput = \"in\"\n")) == Names{"ship=x1", "ship=x2"});
}

TEST_CASE("--only keeps the instances that it names") {
  const auto text = with_matrix("ship = [\"A\", \"B\", \"C\"]\nyear = [1, 2]", "${ship}${year}");
  PlanOptions options;
  options.only["ship"] = {"C", "A"};
  options.only["year"] = {"2"};
  CHECK(names(plan_text(text, options)) == Names{"ship=A,year=2", "ship=C,year=2"});
}

TEST_CASE("--only with an unknown axis or value is an error with a suggestion") {
  const auto text = with_matrix("ship = [\"IMO9976903\", \"IMO9976915\"]");
  PlanOptions options;
  options.only["shpi"] = {"IMO9976903"};
  CHECK(
      plan_text(text, options).shown() ==
      "error: --only shpi: the pipeline's matrix has no axis \"shpi\"\n  = did you mean \"ship\"?");
  options.only = {{"ship", {"IMO9976913", "IMO9976903"}}};
  CHECK(plan_text(text, options).shown() ==
        "error: --only ship=IMO9976913: the axis has no such value\n  = did you mean "
        "\"IMO9976903\"?");
  CHECK_THAT(plan_text(small_pipeline(), options).shown(),
             ContainsSubstring("it has no [matrix] at all"));
  options.only = {{"a", {"1"}}, {"b", {"4"}}};
  CHECK_THAT(
      plan_text(with_matrix("rows = [{ a = 1, b = 2 }, { a = 3, b = 4 }]", "${a}${b}"), options)
          .shown(),
      ContainsSubstring("--only leaves no instance of the matrix"));
}

TEST_CASE("a malformed matrix is explained, and everything that uses it stays quiet") {
  CHECK(plan_text(with_matrix("ship = \"A\"")).shown() ==
        "p.toml:3:8: error: [matrix]: the axis \"ship\" must be a list of values\n"
        "  3 | ship = \"A\"\n"
        "    |        ^^^\n"
        "  = write ship = [\"a\", \"b\"]");
  CHECK_THAT(plan_text(with_matrix("ship = []")).shown(), ContainsSubstring(", and it is empty"));
  CHECK_THAT(plan_text(with_matrix("ship = [\"A\", [1]]")).shown(),
             ContainsSubstring("a value of \"ship\" must be a scalar, not a list"));
  CHECK_THAT(plan_text(with_matrix("ship = [\"A\", \"A\"]")).shown(),
             ContainsSubstring("p.toml:3:14: error: [matrix]: there twice: ship = A"));
  CHECK_THAT(plan_text(with_matrix("ship = [\"A\"]\nparallel = 0")).shown(),
             ContainsSubstring("\"parallel\" must be a whole number from 1 to 1024"));
  CHECK_THAT(
      plan_text(with_matrix("rows = [{ ship = \"A\", b = 1 }, { ship = \"B\" }]")).shown(),
      ContainsSubstring(
          "p.toml:3:32: error: [matrix]: every row must name the same values as the first one") &&
          ContainsSubstring("= the first row names: ship, b"));
  CHECK_THAT(plan_text(with_matrix("rows = [1]")).shown(),
             ContainsSubstring("\"rows\" must be a list of tables"));
  CHECK_THAT(plan_text(with_matrix("parallel = 2", "x")).shown(),
             ContainsSubstring("[matrix] has no axis"));
  CHECK_THAT(plan_text("name = \"m\"\n[params]\nship = 1\n" + with_matrix("ship = [1]").substr(11))
                 .shown(),
             ContainsSubstring("[matrix]: \"ship\" is a parameter too"));
  std::string many = "1";
  for (int i = 2; i <= 101; ++i) many.append(",").append(std::to_string(i));
  CHECK_THAT(plan_text(with_matrix("ship = [" + many + "]\nb = [" + many + "]")).shown(),
             ContainsSubstring("[matrix]: more than 10000 instances"));
}

TEST_CASE("the same problem in every instance is reported once") {
  const auto planned =
      plan_text(with_matrix("ship = [\"A\", \"B\", \"C\"]", "${ship}\"\nskip = \"x"));
  CHECK(planned.diagnostics.all().size() == 1);
}

TEST_CASE("an axis that nothing uses is a warning") {
  const auto planned = plan_text(with_matrix("ship = [\"A\"]", "x"));
  REQUIRE(planned.plan);
  REQUIRE(planned.plan->warnings.size() == 1);
  CHECK(planned.plan->warnings[0].message == "the matrix axis \"ship\" is used nowhere");
}

TEST_CASE("rule 3: parameters that reach a source belong to the instance") {
  const std::string text =
      "name = \"m\"\n[params]\ndate = { type = \"date\", default = \"today - 1d\" }\ntable = "
      "\"t\"\n"
      "[sources.in]\ntype = \"table\"\npath = \"dt=${date}/x\"\ncolumns = { a = \"int64\" }\n"
      "[sinks.out]\ntype = \"store\"\ninput = \"in\"\npath = \"db\"\ntable = \"${table}\"\nmode = "
      "\"append\"\n";
  CHECK(names(plan_text(text)) == Names{"date=2026-07-14"});
  PlanOptions options;
  options.params["date"] = "2026-01-01";
  options.params["table"] = "u";
  CHECK(names(plan_text(text, options)) == Names{"date=2026-01-01"});
}

TEST_CASE("instance names stay unambiguous whatever the values") {
  const auto planned =
      plan_text(with_matrix("rows = [{ ship = \"a,b=c\", x = \"1%\" }]", "${ship}${x}"));
  CHECK(names(planned) == Names{"ship=a%2Cb%3Dc,x=1%25"});
}

TEST_CASE("rule 20: instances may share a table, but not a file or a table that is replaced") {
  const auto sink = [](const std::string& options) {
    return "name = \"m\"\n[matrix]\nship = [\"A\", \"B\"]\n[sources.in]\ntype = \"table\"\npath = "
           "\"${ship}\"\n"
           "columns = { a = \"int64\" }\n[sinks.out]\ninput = \"in\"\n" +
           options;
  };
  CHECK(plan_text(sink("type = \"store\"\npath = \"db\"\nmode = \"append\"\n")).plan);
  CHECK(plan_text(sink("type = \"file\"\npath = \"${ship}.csv\"\n")).plan);
  CHECK(plan_text(sink("type = \"null\"\n")).plan);
  CHECK(plan_text(sink("type = \"file\"\npath = \"all.csv\"\n")).shown() ==
        "p.toml:8:8: error: sink \"out\": instances ship=A and ship=B write to the same place: "
        "all.csv\n"
        "  8 | [sinks.out]\n"
        "    |        ^^^\n"
        "  = put a matrix value into its path or table, such as ${name}");
  CHECK_THAT(plan_text(sink("type = \"store\"\npath = \"db\"\nmode = \"replace\"\n")).shown(),
             ContainsSubstring("instances ship=A and ship=B write to the same place: db#t"));
}
