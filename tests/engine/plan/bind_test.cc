// Binding: schemas, columns, side files, scans, frozen values, memory.
#include "engine/core/error.h"
#include "engine/data/builder.h"
#include "tests/engine/plan/planned.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;
using Catch::Matchers::ContainsSubstring;

namespace {

/// A source "in" of (k string, v int64, at timestamp), then `more`, which starts on line 6.
std::string with_source(const std::string& more) {
  return "name = \"b\"\n[sources.in]\ntype = \"table\"\npath = \"a\"\n"
         "columns = { k = \"string\", v = \"int64\", at = \"timestamp\" }\n" +
         more;
}

const std::string kOut = "[sinks.out]\ntype = \"null\"\ninput = \"t\"\n";

}  // namespace

TEST_CASE("schemas go through every node") {
  const auto planned = plan_text(with_source(
      "[transforms.p]\ntype = \"pass\"\ninput = \"in\"\nkeep = [\"at\", \"k\"]\nrename = { k = "
      "\"kk\" }\n"
      "[transforms.t]\ntype = \"wide\"\ninput = \"p\"\nindex = [\"kk\", \"at\"]\nmade = 2\n" +
      kOut));
  INFO(planned.shown());
  CHECK(to_string(*planned.node("p").output_schema(0)) == "at timestamp, kk string");
  CHECK(to_string(*planned.node("t").output_schema(0)) ==
        "kk string, at timestamp, ch1 float64, ch2 float64");
  CHECK(planned.node("t").output_schema(1) == reject_schema());
}

TEST_CASE(
    "rule 16: a sink learns which columns a pivot made, under the names that they have there") {
  const std::string upsert =
      "[sinks.out]\ntype = \"store\"\npath = \"d\"\nmode = \"upsert\"\nkey = \"k\"\ninput = "
      "\"t\"\n";
  const std::string wide =
      "[transforms.w]\ntype = \"wide\"\ninput = \"in\"\nindex = [\"k\"]\nmade = 2\n";
  const auto sparse = [&](const std::string& middle) {
    const auto planned = plan_text(with_source(middle + upsert));
    INFO(planned.shown());
    return planned.node("out").binding.notes;
  };
  using Names = std::vector<std::string>;
  CHECK(sparse("[transforms.t]\ntype = \"pass\"\ninput = \"in\"\n") == Names());
  CHECK(sparse(wide + "[transforms.t]\ntype = \"pass\"\ninput = \"w\"\n" +
               "keep = [\"ch2\", \"k\", \"ch1\"]\nrename = { ch2 = \"speed\" }\n") ==
        Names{"sparse: speed ch1"});
  // Of several inputs, one that is sparse is enough: an old value is never lost by mistake.
  CHECK(sparse(wide + "[transforms.f]\ntype = \"pass\"\ninput = \"w\"\n" +
               "[transforms.t]\ntype = \"merge\"\ninputs = [\"f\", \"w\"]\n") ==
        Names{"sparse: ch1 ch2"});
}

TEST_CASE("unknown columns are errors at their place, with a suggestion") {
  CHECK(plan_text(with_source("[transforms.t]\ntype = \"pass\"\ninput = \"in\"\nby = \"kk\"\n"
                              "keep = [\n\t\"v\",\n\t\"att\", # é\n]\n" +
                              kOut))
            .shown() ==
        "p.toml:9:6: error: transform \"t\": option \"by\": the input has no column \"kk\"\n"
        "  9 | by = \"kk\"\n"
        "    |      ^^^^\n"
        "  = did you mean \"k\"?\n"
        "p.toml:12:2: error: transform \"t\": option \"keep\": the input has no column \"att\"\n"
        "  12 | \t\"att\", # é\n"
        "     | \t^^^^^\n"
        "  = did you mean \"at\"?");
}

TEST_CASE(
    "what a node reports carries its name, and nodes behind it are checked as far as can be") {
  const auto planned = plan_text(
      with_source("[transforms.p]\ntype = \"pass\"\ninput = \"in\"\nrename = { x = \"y\" }\n"
                  "[transforms.t]\ntype = \"wide\"\ninput = \"p\"\nindex = \"kx\"\n" +
                  kOut));
  CHECK(planned.shown() ==
        "p.toml:9:10: error: transform \"p\": cannot rename \"x\": no such column\n"
        "  9 | rename = { x = \"y\" }\n"
        "    |          ^^^^^^^^^^^\n"
        "p.toml:13:9: error: transform \"t\": option \"index\": the input has no column \"kx\"\n"
        "  13 | index = \"kx\"\n"
        "     |         ^^^^\n"
        "  = did you mean \"k\"?");
}

TEST_CASE("a node whose input is unknown says nothing about it") {
  const auto planned = plan_text(
      "name = \"b\"\n[sources.in]\ntype = \"table\"\npath = \"a\"\ncolumns = { k = \"sting\" }\n"
      "[transforms.t]\ntype = \"pass\"\ninput = \"in\"\nby = \"nothing\"\nkep = 1\n" +
      kOut);
  REQUIRE(planned.diagnostics.all().size() == 2);
  CHECK_THAT(planned.shown(), ContainsSubstring("unknown type: \"sting\"") &&
                                  ContainsSubstring("unknown option \"kep\""));
}

TEST_CASE("problems of every part of a file are reported at once") {
  const auto planned = plan_text(
      "name = \"b\"\n[windw]\n[window]\ncolumn = \"att\"\nevery = \"x\"\n[sources.in]\ntype = "
      "\"table\"\npath = \"${p}\"\n"
      "columns = { at = \"timestamp\" }\n[transforms.t]\ntype = \"pass\"\ninput = "
      "\"in2\"\n[sinks.out]\ntype = \"store\"\n"
      "input = \"t\"\npath = \"x\"\nmode = \"apend\"\n");
  std::vector<std::string> codes;
  for (const auto& diagnostic : planned.diagnostics.all()) codes.push_back(diagnostic.code);
  CHECK(codes == std::vector<std::string>{"unknown-table", "bad-value", "unresolved-variable",
                                          "unknown-node", "bad-choice"});
}

TEST_CASE("side files are found beside the pipeline file") {
  const TempFolder folder;
  folder.write("routes.csv", "a,one\n");
  const auto text = [](const std::string& routes) {
    return with_source(
        "[transforms.t]\ntype = \"split\"\ninput = \"in\"\nkey = \"k\"\nroutes = \"" + routes +
        "\"\n[sinks.out]\ntype = \"null\"\ninput = \"t.one\"\n");
  };
  CHECK(plan_text(text("routes.csv"), {}, folder.path() + "/p.toml").plan);
  CHECK(plan_text(text(folder.path() + "/routes.csv"), {}, "p.toml").plan);
  CHECK_THAT(plan_text(text("route.csv"), {}, folder.path() + "/p.toml").shown(),
             ContainsSubstring(
                 "p.toml:10:10: error: transform \"t\": cannot read \"route.csv\": No such file or "
                 "directory") &&
                 ContainsSubstring("= did you mean \"routes.csv\"?"));
  CHECK_THAT(plan_text(text("."), {}, folder.path() + "/p.toml").shown(),
             ContainsSubstring("Is a directory"));
}

TEST_CASE("outputs cannot take the name that every node has already") {
  const TempFolder folder;
  folder.write("routes.csv", "a,rejected\n");
  CHECK_THAT(
      plan_text(
          with_source("[transforms.t]\ntype = \"split\"\ninput = \"in\"\nkey = \"k\"\nroutes = "
                      "\"routes.csv\"\n[sinks.out]\ntype = \"null\"\ninput = \"t.rejected\"\n"),
          {}, folder.path() + "/p.toml")
          .shown(),
      ContainsSubstring("transform \"t\": an output cannot be called \"rejected\""));
}

TEST_CASE("rule 13: an operator that needs an order is refused behind a source without one") {
  const auto text = [](const std::string& more) {
    return "name = \"b\"\n[sources.in]\ntype = \"stream\"\nurl = \"tcp://x\"\ncolumns = { k = "
           "\"string\", v = \"int64\" }\n"
           "[transforms.p]\ntype = \"pass\"\ninput = \"in\"\n"
           "[transforms.t]\ntype = \"latest\"\ninput = \"p\"\nkey = \"k\"\n" +
           more + kOut;
  };
  CHECK(plan_text(text("keep = \"first\"\n")).shown() ==
        "p.toml:13:8: error: transform \"t\": which row it keeps depends on the order of rows, and "
        "a source behind it has "
        "none\n"
        "  13 | keep = \"first\"\n"
        "     |        ^^^^^^^\n"
        "  = name a column that decides (order_by = \"…\"), or a rule that needs no order "
        "(on_duplicate = \"max\")");
  CHECK(plan_text(text("order_by = \"v\"\n")).plan);
  CHECK(plan_text(
            with_source("[transforms.t]\ntype = \"latest\"\ninput = \"in\"\nkey = \"k\"\n" + kOut))
            .plan);
}

TEST_CASE("a node can look at its input, and what it freezes is kept") {
  const auto text = with_source(
      "[transforms.p]\ntype = \"pass\"\ninput = \"in\"\n"
      "[transforms.t]\ntype = \"look\"\ninput = \"p\"\nrows = 7\n" +
      kOut);
  auto services = fake_services();
  std::vector<std::string> upstream;
  std::optional<std::int64_t> asked;
  services.scan = [&](const InstancePlan& plan, EdgeFrom from, std::optional<std::int64_t> rows,
                      const std::function<void(const Batch&)>& visit) {
    for (const auto& node : plan.nodes) upstream.push_back(node.name);
    asked = rows;
    CHECK(plan.nodes[from.node].name == "p");
    BatchBuilder builder(plan.nodes[from.node].output_schema(from.port));
    for (int i = 0; i < 3; ++i) {
      for (std::size_t column = 0; column < 3; ++column) builder.column(column).append_null();
      builder.end_row(static_cast<std::uint64_t>(i));
    }
    visit(*builder.finish());
  };
  SECTION("without earlier runs it scans") {
    const auto planned = plan_text(text, {}, "p.toml", services);
    INFO(planned.shown());
    CHECK(upstream == std::vector<std::string>{"in", "p"});
    CHECK(asked == 7);
    CHECK(planned.plan->frozen == std::map<std::string, std::string>{{"/t/rows", "3"}});
  }
  SECTION("what an earlier run froze counts instead, and is hashed") {
    const auto before = plan_text(text, {}, "p.toml", services).node("out").plan_hash;
    upstream.clear();
    services.frozen.emplace("/t/rows", "9");
    const auto planned = plan_text(text, {}, "p.toml", services);
    CHECK(upstream.empty());
    CHECK(planned.plan->frozen.empty());
    CHECK(planned.node("out").plan_hash != before);
  }
  SECTION("a journal is asked once, with its address") {
    std::vector<std::string> asked_of;
    services.load_frozen = [&](const std::string& url, const std::string& pipeline) {
      asked_of.push_back(url.substr(0, 7) + " " + pipeline);
      return std::map<std::string, std::string>{{"/t/rows", "9"}};
    };
    CHECK(plan_text(text, {}, "p.toml", services).plan->frozen.empty());
    CHECK(asked_of == std::vector<std::string>{"sqlite: b"});
  }
  SECTION("a failure is a diagnostic at the node") {
    services.scan = [](const InstancePlan&, EdgeFrom, std::optional<std::int64_t>,
                       const std::function<void(const Batch&)>&) {
      throw Error(Errc::io, "disk gone");
    };
    CHECK_THAT(
        plan_text(text, {}, "p.toml", services).shown(),
        ContainsSubstring(
            "p.toml:9:13: error: transform \"t\": cannot read its input to plan it: disk gone"));
  }
  SECTION("bugs and cancellation are no diagnostics") {
    services.scan = [](const InstancePlan&, EdgeFrom, std::optional<std::int64_t>,
                       const std::function<void(const Batch&)>&) {
      throw Error(Errc::cancelled, "stop");
    };
    CHECK_THROWS_AS(plan_text(text, {}, "p.toml", services), Error);
  }
  SECTION("where nothing can be run it says so") {
    CHECK_THAT(plan_text(text).shown(),
               ContainsSubstring("transform \"t\": its input would have to be read to plan it"));
  }
  SECTION("nothing is run while anything before it is wrong") {
    const auto planned =
        plan_text(with_source("[transforms.p]\ntype = \"pass\"\ninput = \"in\"\nby = \"x\"\n"
                              "[transforms.q]\ntype = \"pass\"\ninput = \"in\"\n"
                              "[transforms.t]\ntype = \"look\"\ninput = \"q\"\n" +
                              kOut + "[sinks.o2]\ntype = \"null\"\ninput = \"p\"\n"),
                  {}, "p.toml", services);
    CHECK(upstream.empty());
    CHECK(planned.diagnostics.all().size() == 1);
  }
}

TEST_CASE("accumulators have a memory limit: their own, or half the budget together") {
  const auto text = [](const std::string& matrix, const std::string& own) {
    return "name = \"b\"\n" + matrix +
           "[sources.in]\ntype = \"table\"\npath = \"a${x}\"\ncolumns = { k = \"string\" }\n"
           "[transforms.a]\ntype = \"latest\"\ninput = \"in\"\nkey = \"k\"\n" +
           own + "[transforms.t]\ntype = \"latest\"\ninput = \"a\"\nkey = \"k\"\n" + kOut;
  };
  const std::string one = "[params]\nx = 1\n";
  CHECK(plan_text(text(one, "")).node("a").memory == 128 << 20);
  CHECK(plan_text(text(one, "")).node("t").memory == 128 << 20);
  CHECK(plan_text(text(one, "")).node("t").shares_memory);
  CHECK_FALSE(plan_text(text(one, "memory = \"10 MiB\"\n")).node("a").shares_memory);
  CHECK(plan_text(text(one, "memory = \"10 MiB\"\n")).node("a").memory == 10 << 20);
  CHECK(plan_text(text(one, "memory = \"10 MiB\"\n")).node("t").memory == 128 << 20);
  const auto planned = plan_text(text("[matrix]\nx = [1, 2, 3, 4]\nparallel = 2\n", ""));
  CHECK(planned.plan.value().instances[3].nodes[1].memory == 64 << 20);
  CHECK(planned.node("in").memory == 0);
}

TEST_CASE("a memory limit on a node that keeps nothing is an error") {
  CHECK(
      plan_text(with_source(
                    "[transforms.t]\ntype = \"pass\"\ninput = \"in\"\nmemory = \"1 MiB\"\n" + kOut))
          .shown() ==
      "p.toml:9:10: error: transform \"t\": option \"memory\" has no meaning here\n"
      "  9 | memory = \"1 MiB\"\n"
      "    |          ^^^^^^^\n"
      "  = a pass keeps no rows");
}
