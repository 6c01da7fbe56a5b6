// `${…}`, [params] and --param.
#include <cstdlib>

#include "engine/plan/variables.h"
#include "tests/engine/plan/planned.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;
using Catch::Matchers::ContainsSubstring;

namespace {

/// A pipeline whose source path is `path`, as TOML.
std::string with_path(const std::string& path, const std::string& more = "") {
  return "name = \"v\"\n" + more + "[sources.in]\ntype = \"table\"\npath = " + path +
         "\ncolumns = { a = \"int64\" }\n[sinks.out]\ntype = \"null\"\ninput = \"in\"\n";
}

std::string path_of(const Planned& planned) {
  INFO(planned.shown());
  return planned.node("in").options.text("path");
}

}  // namespace

TEST_CASE("variables stand for parameters, with filters") {
  const std::string params = "[params]\nship = \"IMO99\"\nn = 5\nok = true\n";
  CHECK(path_of(plan_text(with_path("\"${ship}/${ ship | lower }-${n}-${ok}.csv\"", params))) ==
        "IMO99/imo99-5-true.csv");
  CHECK(path_of(plan_text(with_path("'${ship | lower | upper | trim}'", params))) == "IMO99");
  PlanOptions options;
  options.params["ship"] = "X${n}";  // a value is never looked into
  CHECK(path_of(plan_text(with_path("\"${ship}\"", params), options)) == "X${n}");
}

TEST_CASE("a doubled dollar writes ${ itself, and a lone one stays") {
  CHECK(path_of(plan_text(with_path("\"a$${b}$c$\""))) == "a${b}$c$");
}

TEST_CASE("variables stand for the environment, with defaults") {
  setenv("FLOWRUN_TEST_SET", "Value", 1);
  setenv("FLOWRUN_TEST_EMPTY", "", 1);
  unsetenv("FLOWRUN_TEST_UNSET");
  CHECK(path_of(plan_text(with_path("\"${env:FLOWRUN_TEST_SET}\""))) == "Value");
  CHECK(path_of(plan_text(with_path("\"${env:FLOWRUN_TEST_SET | lower}\""))) == "value");
  CHECK(path_of(plan_text(with_path("\"${env:FLOWRUN_TEST_SET:-x}\""))) == "Value");
  CHECK(path_of(plan_text(with_path("\"<${env:FLOWRUN_TEST_EMPTY}>\""))) == "<>");
  CHECK(path_of(plan_text(with_path("\"${env:FLOWRUN_TEST_EMPTY:-a b}\""))) == "a b");
  CHECK(path_of(plan_text(with_path("\"${env:FLOWRUN_TEST_UNSET:-}x\""))) == "x");
  CHECK(plan_text(with_path("\"a/${env:FLOWRUN_TEST_UNSET}\"")).shown() ==
        "p.toml:4:11: error: the environment variable FLOWRUN_TEST_UNSET is not set\n"
        "  4 | path = \"a/${env:FLOWRUN_TEST_UNSET}\"\n"
        "    |           ^^^^^^^^^^^^^^^^^^^^^^^^^\n"
        "  = set it (a file .env beside the pipeline file does), or give a default: "
        "${env:FLOWRUN_TEST_UNSET:-…}");
}

TEST_CASE("what the environment lacks is looked up in .env beside the pipeline file") {
  setenv("FLOWRUN_TEST_SET", "outer", 1);
  unsetenv("FLOWRUN_TEST_UNSET");
  const TempFolder folder;
  folder.write(".env", "FLOWRUN_TEST_SET=inner\nFLOWRUN_TEST_UNSET='from the file'\n");
  CHECK(path_of(plan_text(with_path("\"${env:FLOWRUN_TEST_UNSET}\""), {},
                          folder.path() + "/p.toml")) == "from the file");
  CHECK(path_of(plan_text(with_path("\"${env:FLOWRUN_TEST_SET}\""), {},
                          folder.path() + "/p.toml")) == "outer");
  folder.write(".env", "nonsense\n");
  const auto planned =
      plan_text(with_path("\"${env:FLOWRUN_TEST_UNSET:-x}\""), {}, folder.path() + "/p.toml");
  REQUIRE(planned.plan.value().warnings.size() == 1);
  CHECK_THAT(planned.plan->warnings.front().message,
             ContainsSubstring(".env: not NAME=value: line 1"));
}

TEST_CASE("variables stand for secret files, trimmed") {
  const TempFolder folder;
  folder.write("secret.txt", "  s3cret \n");
  const auto planned = plan_text(with_path("\"a\"\npassword = \"${file:secret.txt}\""), {},
                                 folder.path() + "/p.toml");
  CHECK(planned.node("in").options.text("password") == "s3cret");
  CHECK_THAT(
      plan_text(with_path("\"${file:no.txt}\""), {}, folder.path() + "/p.toml").shown(),
      ContainsSubstring("cannot read the secret file \"no.txt\": No such file or directory"));
}

TEST_CASE("an unresolved variable is an error at its place, never a literal") {
  SECTION("with the name that was probably meant") {
    CHECK(plan_text(with_path("\"data/${shpi}.csv\"", "[params]\nship = \"A\"\n")).shown() ==
          "p.toml:6:14: error: ${shpi} is neither a parameter nor a matrix value\n"
          "  6 | path = \"data/${shpi}.csv\"\n"
          "    |              ^^^^^^^\n"
          "  = did you mean \"ship\"?");
  }
  SECTION("behind tabs, accents and escapes") {
    CHECK(plan_text(with_path("\"\té\\u00e9${x}\"")).shown() ==
          "p.toml:4:17: error: ${x} is neither a parameter nor a matrix value\n"
          "  4 | path = \"\té\\u00e9${x}\"\n"
          "    |         \t       ^^^^\n"
          "  = add it to [params], or write $${ for a ${ that stays");
  }
  SECTION("in a string of several lines, with CRLF") {
    CHECK(plan_text(with_path("\"\"\"\r\né/\r\n  ${x}\"\"\"\r")).shown() ==
          "p.toml:6:3: error: ${x} is neither a parameter nor a matrix value\n"
          "  6 |   ${x}\"\"\"\n"
          "    |   ^^^^\n"
          "  = add it to [params], or write $${ for a ${ that stays");
  }
  SECTION("several in one string, each with its own caret") {
    const auto shown = plan_text(with_path("\"${a}${b}\"")).shown();
    CHECK_THAT(shown, ContainsSubstring("p.toml:4:9: error: ${a}"));
    CHECK_THAT(shown, ContainsSubstring("p.toml:4:13: error: ${b}"));
  }
  SECTION("and it hints at the environment") {
    setenv("FLOWRUN_TEST_SET", "Value", 1);
    CHECK_THAT(plan_text(with_path("\"${FLOWRUN_TEST_SET}\"")).shown(),
               ContainsSubstring("= write ${env:FLOWRUN_TEST_SET} for the environment variable"));
  }
}

TEST_CASE("malformed variables are explained") {
  CHECK_THAT(plan_text(with_path("\"a${b\"")).shown(),
             ContainsSubstring("p.toml:4:10: error: \"${\" without \"}\"") &&
                 ContainsSubstring("= write $${ for a ${ that stays"));
  CHECK_THAT(plan_text(with_path("\"${a b}\"")).shown(),
             ContainsSubstring("\"a b\" cannot be the name of a variable"));
  CHECK_THAT(plan_text(with_path("\"${s | lowr}\"", "[params]\ns = \"x\"\n")).shown(),
             ContainsSubstring("there is no filter \"lowr\"") &&
                 ContainsSubstring("= did you mean \"lower\"?"));
}

TEST_CASE("keys are never interpolated, and numbers may come from variables") {
  const std::string params = "[params]\nn = 7\nyes = true\nr = 0.25\n";
  const auto planned = plan_text(with_path(
      "\"a\"\nskip = \"${n}\"\nheader = \"${yes}\"\nshare = \"${r}\"\nwait = \"${n}s\"", params));
  INFO(planned.shown());
  const auto& options = planned.node("in").options;
  CHECK(options.integer("skip") == 7);
  CHECK(options.boolean("header"));
  CHECK(options.number("share") == 0.25);
  CHECK(options.duration("wait") == 7 * kSecond);
  CHECK_THAT(plan_text(with_path("\"a\"\nskip = \"${r}\"", params)).shown(),
             ContainsSubstring("option \"skip\" must be a whole number, not a float"));
  CHECK_THAT(plan_text(with_path("\"a\"\n\"${n}\" = 1", params)).shown(),
             ContainsSubstring("unknown option \"${n}\""));
}

TEST_CASE("${window} is left for the path of a sink, and has no value elsewhere") {
  const auto planned =
      plan_text(small_pipeline("[window]\ncolumn = \"at\"\nevery = \"1h\"\n") +
                "[sinks.files]\ntype = \"file\"\ninput = \"in\"\npath = \"o-${window}.csv\"\n");
  INFO(planned.shown());
  CHECK(planned.node("files").options.text("path") == "o-${window}.csv");
  CHECK(plan_text(with_path("\"a-${window}.csv\"")).shown() ==
        "p.toml:4:11: error: ${window} has no value here\n"
        "  4 | path = \"a-${window}.csv\"\n"
        "    |           ^^^^^^^^^\n"
        "  = only the path of a file sink may name the window");
  CHECK_THAT(plan_text(with_path("\"a\"") +
                       "[sinks.f]\ntype=\"file\"\ninput=\"in\"\npath=\"x\"\nnote=\"${window}\"\n")
                 .shown(),
             ContainsSubstring("${window} has no value here"));
}

TEST_CASE("parameters are typed: by their default, or as declared") {
  const std::string params =
      "[params]\n"
      "s = \"text\"\n"
      "i = 12\n"
      "f = 1.5\n"
      "b = false\n"
      "d = 2026-01-31\n"
      "t = 2026-01-31T10:00:00\n"
      "z = 2026-01-31T10:00:00+08:00\n"
      "since = { type = \"timestamptz\", default = \"now - 1d\" }\n"
      "day = { type = \"date\", default = \"today - 1d\" }\n"
      "span = { type = \"duration\", default = \"90s\" }\n"
      "whole = { type = \"float64\", default = 3 }\n";
  const auto planned =
      plan_text(with_path("\"${s}${i}${f}${b}${d}${t}${z}${since}${day}${span}${whole}\"", params));
  INFO(planned.shown());
  CHECK(planned.plan->params ==
        std::map<std::string, std::string>{{"s", "text"},
                                           {"i", "12"},
                                           {"f", "1.5"},
                                           {"b", "false"},
                                           {"d", "2026-01-31"},
                                           {"t", "2026-01-31T10:00:00"},
                                           {"z", "2026-01-31T02:00:00Z"},
                                           {"since", "2026-07-14T10:20:30Z"},
                                           {"day", "2026-07-14"},
                                           {"span", "90s"},
                                           {"whole", "3"}});
  PlanOptions options;
  options.params = {{"i", "x"}, {"f", "1e3"}, {"b", "yes"}, {"d", "2026-02-30"}, {"span", "5"}};
  const auto bad = plan_text(with_path("\"${s}\"", params), options).shown();
  CHECK_THAT(bad, ContainsSubstring("p.toml:4:1: error: --param i: \"x\" is no int64"));
  CHECK_THAT(bad, ContainsSubstring("p.toml:6:1: error: --param b: \"yes\" is no bool"));
  CHECK_THAT(bad, ContainsSubstring("--param d: \"2026-02-30\" is no date"));
  CHECK_THAT(bad, ContainsSubstring("--param span: \"5\" is no duration"));
  CHECK_THAT(bad, !ContainsSubstring("--param f"));
}

TEST_CASE("a parameter without a default is required, one error for all its uses") {
  const std::string params =
      "[params]\nsince = { type = \"timestamptz\", help = \"first moment to load\" }\n";
  CHECK(plan_text(with_path("\"${since}/${since}\"", params)).shown() ==
        "p.toml:3:1: error: parameter \"since\" has no value and no default\n"
        "  3 | since = { type = \"timestamptz\", help = \"first moment to load\" }\n"
        "    | ^^^^^\n"
        "  = give it with --param since=… (timestamptz: first moment to load)");
  PlanOptions options;
  options.params["since"] = "2026-01-01T00:00:00+01:00";
  CHECK(path_of(plan_text(with_path("\"${since}\"", params), options)) == "2025-12-31T23:00:00Z");
}

TEST_CASE("an unknown --param is an error with a suggestion") {
  PlanOptions options;
  options.params["sinec"] = "1";
  CHECK(
      plan_text(with_path("\"${since}\"", "[params]\nsince = \"a\"\n"), options).shown() ==
      "error: --param sinec: the pipeline has no parameter \"sinec\"\n  = did you mean \"since\"?");
  CHECK_THAT(plan_text(with_path("\"a\""), options).shown(),
             ContainsSubstring("it has no [params] at all"));
}

TEST_CASE("declarations of parameters are checked") {
  const auto shown = plan_text(with_path("\"a\"",
                                         "[params]\n"
                                         "a = { type = \"int46\" }\n"
                                         "b = { defautl = 1, type = \"int64\" }\n"
                                         "c = [1]\n"
                                         "d = { type = \"int64\", default = \"5\" }\n"
                                         "window = 1\n"
                                         "\"a b\" = 1\n"))
                         .shown();
  CHECK_THAT(shown,
             ContainsSubstring(
                 "p.toml:3:14: error: parameter \"a\": option \"type\" cannot be \"int46\"") &&
                 ContainsSubstring("= did you mean \"int64\"?"));
  CHECK_THAT(shown,
             ContainsSubstring("p.toml:4:7: error: parameter \"b\": unknown option \"defautl\""));
  CHECK_THAT(shown,
             ContainsSubstring(
                 "p.toml:5:5: error: parameter \"c\": the default must be a scalar, not a list"));
  CHECK_THAT(shown, ContainsSubstring(
                        "p.toml:6:33: error: parameter \"d\": the default is no int64: \"5\""));
  CHECK_THAT(shown,
             ContainsSubstring(
                 "p.toml:7:1: error: [params]: \"window\" cannot be the name of a parameter"));
  CHECK_THAT(shown, ContainsSubstring(
                        "p.toml:8:1: error: [params]: \"a b\" cannot be the name of a parameter"));
}

TEST_CASE("secret parameters are shown nowhere") {
  setenv("FLOWRUN_TEST_SET", "Value", 1);
  const std::string params =
      "[params]\nkey = { type = \"string\", secret = true, default = \"hunter2\" }\nopen = "
      "\"${env:FLOWRUN_TEST_SET}\"\n";
  const auto planned = plan_text(with_path("\"${key}/${open}\"", params));
  CHECK(path_of(planned) == "hunter2/Value");
  CHECK(planned.plan->params == std::map<std::string, std::string>{{"open", "Value"}});
  CHECK(planned.node("in").shown_options ==
        std::vector<std::pair<std::string, std::string>>{
            {"columns", "{ a = \"int64\" }"}, {"path", "\"${key}/${env:FLOWRUN_TEST_SET}\""}});
  CHECK(planned.instance().name.find("hunter2") == std::string::npos);
}

TEST_CASE("a parameter that nothing uses is a warning") {
  const auto planned = plan_text(with_path("\"a\"", "[params]\nleft = 1\n"));
  REQUIRE(planned.plan);
  REQUIRE(planned.plan->warnings.size() == 1);
  CHECK(render(planned.plan->warnings[0]) ==
        "p.toml:3:1: warning: parameter \"left\" is used nowhere\n"
        "  3 | left = 1\n"
        "    | ^^^^\n"
        "  = write ${left} where it is meant");
}
