// Rules 3 and 15: what changes a plan hash, and which sinks may commit in any order.
#include <cstdlib>

#include "tests/engine/plan/planned.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;

namespace {

const std::string kBase =
    "name = \"h\"\n[params]\nsince = { type = \"timestamptz\", default = \"now - 7d\" }\n"
    "[window]\ncolumn = \"at\"\nevery = \"1h\"\nfrom = \"now - 7d\"\n"
    "[sources.in]\ntype = \"table\"\npath = \"a-${since}.csv\"\ncolumns = { k = \"string\", at = "
    "\"timestamp\" }\n"
    "[transforms.t]\ntype = \"latest\"\ninput = \"in\"\nkey = [\"k\", \"at\"]\n"
    "[sinks.out]\ntype = \"store\"\ninput = \"t\"\npath = \"db\"\nmode = \"upsert\"\nkey = [\"k\", "
    "\"at\"]\n";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

std::string hash(const std::string& text, Micros now = kNow, const PlanOptions& options = {}) {
  const auto planned = plan_text(text, options, "p.toml", now);
  INFO(planned.shown());
  return planned.plan.value().instances.front().nodes.back().plan_hash;
}

/// The hash after one change of the base text.
std::string hash_with(const std::string& from, const std::string& to) {
  REQUIRE(kBase.find(from) != std::string::npos);
  return hash(replaced(kBase, from, to));
}

}  // namespace

TEST_CASE("rule 3: the plan hash sees everything upstream that changes rows") {
  const auto base = hash(kBase);
  CHECK(base.size() == 32);
  CHECK(hash(kBase) == base);
  CHECK(hash_with("path = \"a-", "path = \"b-") != base);
  CHECK(hash_with("key = [\"k\", \"at\"]\n[sinks", "key = [\"k\"]\n[sinks") != base);
  CHECK(hash_with("[sinks.out]", "keep = \"first\"\n[sinks.out]") != base);
  CHECK(hash_with("k = \"string\"", "k = \"int64\"") != base);
  CHECK(hash_with("every = \"1h\"", "every = \"2h\"") != base);
  CHECK(hash_with("every = \"1h\"", "every = \"1h\"\nalign = \"5m\"") != base);
  CHECK(hash_with("mode = \"upsert\"", "mode = \"insert_new\"") != base);
  CHECK(hash_with("path = \"db\"\nmode = \"upsert\"\nkey = [\"k\", \"at\"]",
                  "path = \"db\"\nmode = \"upsert\"\nkey = \"k\"") != base);
}

TEST_CASE("rule 3: the plan hash does not see what changes no row") {
  const auto base = hash(kBase);
  CHECK(hash(replaced(replaced(kBase, "\"in\"", "\"src\""), "[sources.in]", "[sources.src]")) ==
        base);
  CHECK(hash_with("[sinks.out]",
                  "memory = \"1 MiB\"\non_error = \"skip\"\nmax_rejects = 5\n[sinks.out]") == base);
  CHECK(hash_with("[window]", "[limits]\nmemory = \"1 GiB\"\n[retry]\nattempts = 9\n[window]") ==
        base);
  CHECK(hash_with("name = \"h\"", "name = \"other\"") == base);
  CHECK(hash_with("path = \"db\"", "path = \"elsewhere\"") == base);
  CHECK(hash_with("[sinks.out]", "keep = \"last\"\n[sinks.out]") ==
        base);  // the default, written down
  CHECK(hash_with("[sources.in]", "# a comment\n\n[sources.in]") == base);
  CHECK(hash_with("every = \"1h\"", "every = \"60m\"\nlateness = \"5m\"\nin_flight = 9") == base);
  const auto planned = plan_text(kBase + "[sinks.more]\ntype = \"null\"\ninput = \"t\"\n");
  CHECK(planned.node("out").plan_hash == base);
}

TEST_CASE("rule 3: bounds relative to now are hashed unresolved") {
  CHECK(hash(kBase, kNow + 3 * kDay) == hash(kBase));
  CHECK(hash_with("since = { type = \"timestamptz\", default = \"now - 7d\" }",
                  "since = { type = \"timestamptz\", default = \"now - 8d\" }") != hash(kBase));
}

TEST_CASE("rule 3: bounds of the window say which units there are, not what is in them") {
  const auto base = hash(kBase);
  CHECK(hash_with("from = \"now - 7d\"", "from = \"2020-01-01\"\nuntil = \"2021-01-01\"") == base);
  PlanOptions options;
  options.window_from = "2020-01-01";
  CHECK(hash(kBase, kNow, options) == base);
}

TEST_CASE("rule 3: parameters are hashed by value, the environment and secrets as written") {
  PlanOptions options;
  options.params["since"] = "2026-01-01T00:00:00Z";
  CHECK(hash(kBase, kNow, options) != hash(kBase));
  const auto text = [](const std::string& more) {
    return replaced(kBase, "path = \"a-${since}.csv\"",
                    "path = \"${env:FLOWRUN_TEST_DIR}/a.csv\"\n" + more);
  };
  setenv("FLOWRUN_TEST_DIR", "one", 1);
  const auto before = hash(text("password = \"${env:FLOWRUN_TEST_DIR}\""));
  setenv("FLOWRUN_TEST_DIR", "two", 1);
  CHECK(hash(text("password = \"${env:FLOWRUN_TEST_DIR}\"")) == before);
}

TEST_CASE("rule 3: wiring and side files are hashed") {
  const TempFolder folder;
  const auto plan = [&](const std::string& routes, const std::string& input) {
    folder.write("routes.csv", routes);
    const auto planned = plan_text(
        "name = \"h\"\n[sources.in]\ntype = \"table\"\npath = \"a\"\ncolumns = { k = \"string\" }\n"
        "[transforms.t]\ntype = \"split\"\ninput = \"in\"\nkey = \"k\"\nroutes = \"routes.csv\"\n"
        "[sinks.out]\ntype = \"null\"\ninputs = [\"" +
            input +
            "\"]\n"
            "[sinks.rest]\ntype = \"null\"\ninputs = [\"t.one\", \"t.two\"]\n",
        {}, folder.path() + "/p.toml");
    INFO(planned.shown());
    return planned.node("out").plan_hash;
  };
  const auto base = plan("a,one\nb,two\n", "t.one");
  CHECK(plan("a,one\nb,two\n", "t.one") == base);
  CHECK(plan("a,one\nb,two\n", "t.two") != base);
  CHECK(plan("a,one\nb,two\n", "t.rejected") != base);
  CHECK(plan("a,two\nb,one\n", "t.one") != base);
}

TEST_CASE("rule 3: every instance has its own hash, and the plan one for all") {
  const auto text =
      "name = \"h\"\n[matrix]\ns = [1, 2]\n[sources.in]\ntype = \"table\"\npath = \"${s}\"\n"
      "columns = { k = \"string\" }\n[sinks.out]\ntype = \"null\"\ninput = \"in\"\n";
  const auto planned = plan_text(text);
  const auto& instances = planned.plan.value().instances;
  CHECK(instances[0].nodes[1].plan_hash != instances[1].nodes[1].plan_hash);
  CHECK(planned.plan->hash == plan_text(text).plan->hash);
  PlanOptions options;
  options.only["s"] = {"1"};
  CHECK(plan_text(text, options).plan->hash != planned.plan->hash);
}

namespace {

/// Whether the sink, with these options, may commit units of a window in any order.
bool keyed(const std::string& sink, const std::string& middle = "pass",
           const std::string& more = "") {
  const auto planned = plan_text(
      "name = \"o\"\n[window]\ncolumn = \"at\"\nevery = \"1h\"\n[sources.in]\ntype = "
      "\"table\"\npath = \"a\"\n"
      "columns = { k = \"string\", at = \"timestamp\", v = \"int64\" }\n[transforms.t]\ninput = "
      "\"in\"\ntype = \"" +
      middle + "\"\n" + more + "[sinks.out]\ninput = \"t\"\n" + sink);
  INFO(planned.shown());
  return planned.node("out").window_keyed;
}

}  // namespace

TEST_CASE("rule 15: a sink is window-keyed if the window column reaches its key unchanged") {
  const std::string upsert = "type = \"store\"\npath = \"db\"\nmode = \"upsert\"\n";
  CHECK(keyed(upsert + "key = [\"k\", \"at\"]\n"));
  CHECK_FALSE(keyed(upsert + "key = \"k\"\n"));
  CHECK(keyed(upsert + "key = \"at2\"\n", "pass", "rename = { at = \"at2\" }\n"));
  CHECK_FALSE(keyed(upsert + "key = \"at\"\n", "pass", "rename = { at = \"old\", v = \"at\" }\n"));
  CHECK(keyed(upsert + "key = [\"k\", \"at\"]\n", "wide", "index = [\"at\", \"k\"]\n"));
  CHECK_FALSE(keyed(upsert + "key = [\"k\", \"ch1\"]\n", "wide", "index = [\"k\"]\n"));
  CHECK(keyed("type = \"store\"\npath = \"db\"\nmode = \"insert_new\"\nkey = \"at\"\n"));
  CHECK_FALSE(keyed("type = \"store\"\npath = \"db\"\nmode = \"insert_new\"\nkey = \"v\"\n"));
}

TEST_CASE(
    "rule 15: so is one that appends, replaces by unit, or goes by version, and one that takes "
    "rejects") {
  CHECK(keyed("type = \"store\"\npath = \"db\"\nmode = \"append\"\n"));
  CHECK(
      keyed("type = \"store\"\npath = \"db\"\nmode = \"upsert\"\nkey = \"k\"\nversion = \"v\"\n"));
  CHECK(keyed("type = \"file\"\npath = \"o\"\n"));
  CHECK(keyed("type = \"null\"\n"));
  CHECK_FALSE(keyed("type = \"store\"\npath = \"db\"\nmode = \"replace\"\n"));
  const auto planned =
      plan_text(small_pipeline() +
                "[sinks.bad]\ntype = \"store\"\npath = \"b\"\nmode = \"upsert\"\nkey = \"origin\"\n"
                "input = \"in.rejected\"\n");
  INFO(planned.shown());
  CHECK(planned.node("bad").window_keyed);
}

TEST_CASE("rule 15: of several inputs, all must bring the window column unchanged") {
  const auto text = [](const std::string& rename) {
    return "name = \"o\"\n[window]\ncolumn = \"at\"\nevery = \"1h\"\n"
           "[sources.a]\ntype = \"table\"\npath = \"a\"\ncolumns = { at = \"timestamp\", x = "
           "\"timestamp\" }\n"
           "[sources.b]\ntype = \"table\"\npath = \"b\"\ncolumns = { at = \"timestamp\", x = "
           "\"timestamp\" }\n"
           "[transforms.b2]\ntype = \"pass\"\ninput = \"b\"\n" +
           rename +
           "[transforms.m]\ntype = \"merge\"\ninputs = [\"a\", \"b2\"]\n"
           "[sinks.out]\ntype = \"store\"\npath = \"d\"\nmode = \"upsert\"\nkey = \"at\"\ninput = "
           "\"m\"\n";
  };
  CHECK(plan_text(text("")).node("out").window_keyed);
  const auto swapped =
      plan_text(text("keep = [\"x\", \"at\"]\nrename = { at = \"x\", x = \"at\" }\n"));
  INFO(swapped.shown());
  CHECK_FALSE(swapped.node("out").window_keyed);
}
