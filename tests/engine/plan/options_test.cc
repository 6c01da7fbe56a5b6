// The shape of a pipeline file, option tables, connections and the sections that hold for all
// nodes.
#include "tests/engine/plan/planned.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;
using Catch::Matchers::ContainsSubstring;

namespace {

/// A source with `options` beside what it needs, on line 5 and after, and a sink for it.
std::string with_options(const std::string& options) {
  return "name = \"o\"\n[sources.in]\ntype = \"table\"\npath = \"a\"\n" + options +
         "\ncolumns = { a = \"int64\" }\n[sinks.out]\ntype = \"null\"\ninput = \"in\"\n";
}

}  // namespace

TEST_CASE("a sound file gives a plan with everything in it") {
  const auto planned = plan_text(small_pipeline());
  INFO(planned.shown());
  REQUIRE(planned.plan);
  CHECK(planned.plan->name == "small");
  CHECK(planned.plan->path == "p.toml");
  CHECK(planned.plan->now == kNow);
  CHECK(planned.plan->warnings.empty());
  const auto& nodes = planned.instance().nodes;
  REQUIRE(nodes.size() == 2);
  CHECK(nodes[0].name == "in");
  CHECK(nodes[0].kind == NodeKind::source);
  CHECK(nodes[0].options.boolean("header"));
  CHECK(nodes[0].options.integer("skip") == 0);
  CHECK(nodes[0].options.number("share") == 0.5);
  CHECK(nodes[0].options.duration("wait") == 90 * kSecond);
  CHECK(nodes[0].options.size("chunk") == 65536);
  CHECK(nodes[0].options.names("nulls") == std::vector<std::string>{"", "NULL"});
  CHECK_FALSE(nodes[0].options.has("password"));
  CHECK(nodes[0].output_schema(0)->names() == std::vector<std::string>{"id", "at", "value"});
  CHECK(nodes[0].port_name(0) == "in");
  CHECK(nodes[0].port_name(1) == "in.rejected");
  CHECK(nodes[1].inputs.size() == 1);
  CHECK_FALSE(nodes[1].takes_rejects);
}

TEST_CASE("unknown tables and keys are errors, those of later releases say so") {
  CHECK(
      plan_text(small_pipeline("[windw]\ncolumn = \"at\"\n[checks]\na = \"x\"\n[steps.x]\na = 1\n"))
          .shown() ==
      "p.toml:2:2: error: unknown table \"windw\"\n"
      "  2 | [windw]\n"
      "    |  ^^^^^\n"
      "  = did you mean \"window\"?\n"
      "p.toml:4:2: error: [checks] is not supported yet\n"
      "  4 | [checks]\n"
      "    |  ^^^^^^\n"
      "  = this release does not know it; leave it out\n"
      "p.toml:6:2: error: [steps] is not supported yet\n"
      "  6 | [steps.x]\n"
      "    |  ^^^^^\n"
      "  = this release does not know it; leave it out");
  CHECK_THAT(plan_text(small_pipeline("nmae = 5\n")).shown(),
             ContainsSubstring("unknown key \"nmae\""));
  CHECK_THAT(plan_text(small_pipeline("window = 5\n")).shown(),
             ContainsSubstring("\"window\" must be a table, not a whole number"));
  CHECK_THAT(plan_text(small_pipeline("[test]\nname = \"t\"\n")).shown(),
             ContainsSubstring("\"test\" must be a list of tables, not a table"));
}

TEST_CASE("a pipeline has a name and nodes") {
  CHECK(plan_text("").shown() ==
        "p.toml:1:1: error: the pipeline has no name\n"
        "  1 | \n"
        "    | ^\n"
        "  = add name = \"…\" as the first line; what was loaded is remembered under it");
  CHECK(plan_text("name = \"x\"\n").shown() ==
        "p.toml: error: the pipeline has no nodes\n  = add [sources.NAME] and [sinks.NAME] tables");
  CHECK_THAT(plan_text("name = 5\n").shown(),
             ContainsSubstring("\"name\" must be a string, not a whole number"));
  CHECK_THAT(plan_text("name = \"a/b\"\n").shown(),
             ContainsSubstring("a pipeline cannot be called \"a/b\""));
  CHECK_THAT(plan_text("name = \"x\"\n[sources]\nin = 5\n\"a.b\" = {}\n").shown(),
             ContainsSubstring("source \"in\" must be a table, not a whole number") &&
                 ContainsSubstring("p.toml:4:1: error: a source cannot be called \"a.b\""));
}

TEST_CASE("a name stands only once in all three tables") {
  CHECK(
      plan_text(small_pipeline() + "[transforms.in]\ntype = \"pass\"\ninput = \"in\"\n").shown() ==
      "p.toml:13:13: error: transform \"in\" has the name of a source\n"
      "  13 | [transforms.in]\n"
      "     |             ^^\n"
      "  = the other one stands at p.toml:3:10; inputs could not tell them apart");
}

TEST_CASE("the type of a node is checked, with a suggestion") {
  CHECK(plan_text("name = \"x\"\n[sources.a]\ntype = \"tabel\"\n[sinks.b]\ntype = \"null\"\ninput "
                  "= \"a\"\n")
            .shown() ==
        "p.toml:3:8: error: source \"a\": there is no source of type \"tabel\"\n"
        "  3 | type = \"tabel\"\n"
        "    |        ^^^^^^^\n"
        "  = did you mean \"table\"?");
  CHECK_THAT(plan_text("name = \"x\"\n[sources.a]\ntype = \"store\"\n[sinks.b]\ntype = "
                       "\"null\"\ninput = \"a\"\n")
                 .shown(),
             ContainsSubstring("= \"store\" is a sink; write it under [sinks]"));
  CHECK_THAT(
      plan_text("name = \"x\"\n[sources.a]\n[sinks.b]\ntype = \"null\"\ninput = \"a\"\n").shown(),
      ContainsSubstring("p.toml:2:10: error: source \"a\": option \"type\" is missing") &&
          ContainsSubstring("= one of: stream, table"));
  CHECK_THAT(
      plan_text("name = \"x\"\n[sources.a]\ntype = 1\n[sinks.b]\ntype = \"null\"\ninput = \"a\"\n")
          .shown(),
      ContainsSubstring("option \"type\" must be a string, not a whole number"));
}

TEST_CASE("unknown options are errors with a suggestion, also behind tabs and in quoted keys") {
  CHECK(plan_text(with_options("\tskp = 1\n\"\\u00e9t\\u00e9\" = 2")).shown() ==
        "p.toml:5:2: error: source \"in\": unknown option \"skp\"\n"
        "  5 | \tskp = 1\n"
        "    | \t^^^\n"
        "  = did you mean \"skip\"?\n"
        "p.toml:6:1: error: source \"in\": unknown option \"été\"\n"
        "  6 | \"\\u00e9t\\u00e9\" = 2\n"
        "    | ^^^^^^^^^^^^^^^\n"
        "  = one of: after, chunk, columns, connection, cursor, header, max_reject_ratio, "
        "max_rejects, nulls, on_error, password, path, … (17 in all)");
  CHECK_THAT(plan_text(with_options("input = \"a\"")).shown(),
             ContainsSubstring("unknown option \"input\""));
}

TEST_CASE("a misspelt option is not missing as well") {
  const auto text =
      "name = \"x\"\n[sources.in]\ntype = \"table\"\npaht = \"a\"\ncolumns = { a = \"int64\" }\n"
      "[sinks.b]\ntype = \"null\"\ninput = \"in\"\n";
  const auto planned = plan_text(text);
  REQUIRE(planned.diagnostics.all().size() == 1);
  CHECK(planned.diagnostics.all()[0].code == "unknown-option");
}

TEST_CASE("missing options are named, with an example") {
  CHECK(plan_text("name = \"x\"\n[sources.in]\ntype = \"table\"\n[sinks.b]\ntype = \"null\"\ninput "
                  "= \"in\"\n")
            .shown() ==
        "p.toml:2:10: error: source \"in\": option \"path\" is missing\n"
        "  2 | [sources.in]\n"
        "    |          ^^\n"
        "  = for example: path = \"a.csv\"\n"
        "p.toml:2:10: error: source \"in\": option \"columns\" is missing\n"
        "  2 | [sources.in]\n"
        "    |          ^^\n"
        "  = for example: columns = { a = \"int64\" }");
}

TEST_CASE("every kind of option has its wrong types") {
  struct Case {
    const char* toml;
    const char* message;
    const char* hint;
  };
  const std::vector<Case> cases{
      {"header = \"true\"", "\"header\" must be true or false, not a string",
       "write it without quotes"},
      {"header = 1", "\"header\" must be true or false, not a whole number", ""},
      {"skip = \"3\"", "\"skip\" must be a whole number, not a string", "write it without quotes"},
      {"skip = 1.5", "\"skip\" must be a whole number, not a float", ""},
      {"share = \"0.5\"", "\"share\" must be a number, not a string", "write it without quotes"},
      {"share = [1]", "\"share\" must be a number, not a list", ""},
      {"wait = 30", "\"wait\" must be a duration such as \"15m\", not a whole number",
       "write the unit too: \"30s\""},
      {"wait = \"30 parsecs\"", "\"wait\" is no duration: \"30 parsecs\"", "write it as \"250ms\""},
      {"chunk = 64", "\"chunk\" must be a size such as \"256 MiB\", not a whole number",
       "write the unit too: \"64 MiB\""},
      {"chunk = \"64 XB\"", "\"chunk\" is no size: \"64 XB\"", "write it as \"64 KiB\""},
      {"quote = \"mimimal\"", "\"quote\" cannot be \"mimimal\"", "did you mean \"minimal\"?"},
      {"quote = 1", "\"quote\" must be a string, not a whole number", ""},
      {"nulls = [\"a\", 1]",
       "\"nulls\" must be a string or a list of strings, not a list with a whole number", ""},
      {"nulls = {}", "\"nulls\" must be a string or a list of strings, not a table", ""},
      {"password = 1", "\"password\" must be a string, not a whole number", ""}};
  for (const auto& [toml, message, hint] : cases) {
    INFO(toml);
    const auto planned = plan_text(with_options(toml));
    REQUIRE(planned.diagnostics.all().size() == 1);
    const auto& diagnostic = planned.diagnostics.all()[0];
    CHECK(diagnostic.message == std::string("source \"in\": option ") + message);
    CHECK_THAT(diagnostic.hint, ContainsSubstring(hint));
    CHECK(diagnostic.span.line == 5);
  }
}

TEST_CASE("unknown types of columns are errors at the type") {
  CHECK(plan_text("name = \"x\"\n[sources.in]\ntype = \"table\"\npath = \"a\"\n"
                  "columns = { \"caf\\u00e9\" = \"flaot64\", b = \"blob\" }\n"
                  "[sinks.b]\ntype = \"null\"\ninput = \"in\"\n")
            .shown() ==
        "p.toml:5:27: error: source \"in\": option \"columns\" gives column \"café\" an unknown "
        "type: \"flaot64\"\n"
        "  5 | columns = { \"caf\\u00e9\" = \"flaot64\", b = \"blob\" }\n"
        "    |                           ^^^^^^^^^\n"
        "  = did you mean \"float64\"?\n"
        "p.toml:5:42: error: source \"in\": option \"columns\" gives column \"b\" an unknown type: "
        "\"blob\"\n"
        "  5 | columns = { \"caf\\u00e9\" = \"flaot64\", b = \"blob\" }\n"
        "    |                                          ^^^^^^\n"
        "  = one of: bool, int64, float64, decimal(18,2), string, date, timestamp, timestamptz, "
        "bytes");
}

TEST_CASE("the values of a multi-line list have their own carets") {
  CHECK(plan_text(with_options("nulls = [\r\n\t\"a\",\r\n\t17,\r\n]\r")).shown() ==
        "p.toml:7:2: error: source \"in\": option \"nulls\" must be a string or a list of strings, "
        "not a list with a "
        "whole number\n"
        "  7 | \t17,\n"
        "    | \t^^");
}

TEST_CASE("connections give what a node does not say itself") {
  const auto text = [](const std::string& connection, const std::string& node) {
    return "name = \"c\"\n[connections.shared]\n" + connection +
           "[sources.in]\ncolumns = { a = \"int64\" }\n" + node +
           "[sinks.out]\ntype = \"null\"\ninput = \"in\"\n";
  };
  SECTION("its own keys win, and the type may come from there too") {
    const auto planned = plan_text(text("type = \"table\"\npath = \"p\"\nskip = 1\nwait = \"1s\"\n",
                                        "connection = \"shared\"\nskip = 2\n"));
    INFO(planned.shown());
    const auto& options = planned.node("in").options;
    CHECK(options.text("path") == "p");
    CHECK(options.integer("skip") == 2);
    CHECK(options.duration("wait") == kSecond);
  }
  SECTION("their values are checked where they stand") {
    CHECK_THAT(plan_text(text("type = \"table\"\npath = \"p\"\nskip = \"x\"\n",
                              "connection = \"shared\"\n"))
                   .shown(),
               ContainsSubstring(
                   "p.toml:5:8: error: source \"in\": option \"skip\" must be a whole number"));
  }
  SECTION("an unknown one is one error, not also missing options") {
    CHECK(plan_text(text("type = \"table\"\n", "type = \"table\"\nconnection = \"shard\"\n"))
              .shown() ==
          "p.toml:7:14: error: source \"in\": there is no connection \"shard\"\n"
          "  7 | connection = \"shard\"\n"
          "    |              ^^^^^^^\n"
          "  = did you mean \"shared\"?");
  }
  SECTION("a key that no user of it takes is unknown") {
    CHECK_THAT(
        plan_text(text("type = \"table\"\npath = \"p\"\nskpi = 1\n", "connection = \"shared\"\n"))
            .shown(),
        ContainsSubstring(
            "p.toml:5:1: error: connection \"shared\": no node that uses it has an option "
            "\"skpi\"") &&
            ContainsSubstring("= did you mean \"skip\"?"));
  }
  SECTION("one that nobody uses is a warning") {
    const auto planned = plan_text(text("path = \"p\"\n", "type = \"table\"\npath = \"q\"\n"));
    REQUIRE(planned.plan);
    REQUIRE(planned.plan->warnings.size() == 1);
    CHECK(planned.plan->warnings[0].message == "no node uses the connection \"shared\"");
  }
}

TEST_CASE("what becomes of rejects is said by the node, else by [rejects], else they end the run") {
  const auto limits = [](const std::string& rejects, const std::string& node) {
    const auto planned =
        plan_text(small_pipeline(rejects + "[limits]\nmemory = \"1 GiB\"\n") + node);
    INFO(planned.shown());
    CHECK(planned.plan.value().max_memory == 1 << 30);
    return planned.node("out").limits;
  };
  CHECK(limits("", "").on_error == OnError::fail);
  CHECK(limits("[rejects]\non_error = \"skip\"\n", "").on_error == OnError::skip);
  CHECK(limits("[rejects]\non_error = \"skip\"\n", "on_error = \"fail\"\n").on_error ==
        OnError::fail);
  const auto own = limits("[rejects]\non_error = \"skip\"\n", "max_rejects = 5\n");
  CHECK(own.on_error == OnError::skip);
  CHECK(own.max_rejects == 5);
  CHECK(own.max_reject_ratio == -1);
  CHECK(limits("[rejects]\nmax_reject_ratio = 0.5\n", "").max_reject_ratio == 0.5);
  CHECK_THAT(
      plan_text(small_pipeline() + "on_error = \"fail\"\nmax_rejects = 5\n").shown(),
      ContainsSubstring(
          "p.toml:13:12: error: sink \"out\": on_error = \"fail\" allows no reject, and a limit "
          "is given too"));
  CHECK_THAT(plan_text(small_pipeline() + "max_rejects = -5\nmax_reject_ratio = 1.5\n").shown(),
             ContainsSubstring("\"max_rejects\" must be 0 or more") &&
                 ContainsSubstring("\"max_reject_ratio\" must be between 0 and 1"));
  CHECK_THAT(plan_text(small_pipeline() + "on_error = \"skp\"\n").shown(),
             ContainsSubstring("option \"on_error\" cannot be \"skp\""));
}

TEST_CASE("[state], [retry] and [limits] are read and checked") {
  const TempFolder folder;
  const auto plan = [&](const std::string& more) {
    auto planned = plan_text(small_pipeline(more), {}, folder.path() + "/p.toml");
    INFO(planned.shown());
    return planned.plan.value();
  };
  CHECK(plan("").state_url == "sqlite:" + folder.path() + "/.flowrun/state.db");
  CHECK(plan("").directory == folder.path());
  CHECK(plan("[state]\nurl = \"sqlite:a/b.db\"\n").state_url ==
        "sqlite:" + folder.path() + "/a/b.db");
  CHECK(plan("[state]\nurl = \"sqlite:///x/b.db\"\n").state_url == "sqlite:/x/b.db");
  CHECK(plan("").retry.attempts == 3);
  const auto retry = plan("[retry]\nattempts = 5\nbackoff = \"2s..2m\"\n").retry;
  CHECK(retry.attempts == 5);
  CHECK(retry.first_backoff == 2 * kSecond);
  CHECK(retry.last_backoff == 2 * kMinute);
  CHECK(plan("").max_memory == 256 << 20);
  const auto shown = [&](const std::string& more) {
    return plan_text(small_pipeline(more)).shown();
  };
  const auto shared =
      plan("[state]\nurl = \"postgresql://me:word@db/etl\"\nretention = \"30d\"\nttl = \"6h\"\n");
  CHECK(shared.state_url == "postgresql://me:word@db/etl");
  CHECK(shared.state.retention == 30 * kDay);
  CHECK(shared.state.heartbeat == 5 * kSecond);
  CHECK(shared.state.ttl == 6 * kHour);
  CHECK(plan("[state]\nurl = \"postgres://db/etl\"\nheartbeat = \"1s\"\n").state.heartbeat ==
        kSecond);
  CHECK(plan("[state]\nretention = \"1d\"\n").state.retention == kDay);
  CHECK_THAT(shown("[state]\nurl = \"mysql://me:word@db/etl\"\n"),
             ContainsSubstring("option \"url\" names no journal") && !ContainsSubstring("word"));
  CHECK_THAT(shown("[state]\nttl = \"6h\"\n"),
             ContainsSubstring("option \"ttl\" is for journals on a server"));
  CHECK_THAT(shown("[state]\nurl = \"postgres://db/etl\"\nttl = \"10s\"\n"),
             ContainsSubstring("\"ttl\" must be 15s at least"));
  CHECK_THAT(shown("[state]\nurl = \"postgres://db/etl\"\nheartbeat = \"1ms\"\nretention = "
                   "\"0s\"\n"),
             ContainsSubstring("\"heartbeat\" must be from 100ms to 1h") &&
                 ContainsSubstring("\"retention\" must be more than nothing"));
  CHECK_THAT(shown("[state]\nurl = \"state.db\"\n"),
             ContainsSubstring("option \"url\" names no journal"));
  CHECK_THAT(shown("[retry]\nattempts = 0\nbackoff = \"2m..2s\"\n"),
             ContainsSubstring("\"attempts\" must be from 1 to 1000: 0") &&
                 ContainsSubstring("\"backoff\" is no pause"));
  CHECK_THAT(shown("[limits]\nmemory = \"1 MiB\"\n"),
             ContainsSubstring("\"memory\" is too little: 1 MiB"));
  PlanOptions options;
  options.max_memory = 64 << 20;
  CHECK(plan_text(small_pipeline("[limits]\nmemory = \"1 GiB\"\n"), options).plan->max_memory ==
        64 << 20);
}
