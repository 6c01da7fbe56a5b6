// Graphs in every format, compared with golden files.
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>

#include "engine/core/error.h"
#include "engine/plan/graph_export.h"
#include "engine/plan/graph_model.h"
#include "engine/plan/json_schema.h"
#include "tests/engine/plan/fake_nodes.h"
#include "tests/engine/plan/planned.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;
using Catch::Matchers::ContainsSubstring;

namespace {

/// A pipeline with every form of node, a split, rejects taken and not taken, a secret and a wide
/// schema.
const std::string kPipeline = R"(name = "graph"

[params]
dir = "data"

[matrix]
ship = ["A", "B"]

[window]
column = "at"
every = "2h"
from = "now - 365d"

[rejects]
max_rejects = 1000

[sources.readings]
type = "table"
path = "${dir}/${ship | lower}.csv"
columns = { ship = "string", channel = "string", at = "timestamp", value = "float64" }
password = "hunter2"

[transforms.by_system]
type = "split"
input = "readings"
key = "channel"
routes = "routes.csv"

[transforms.engine]
type = "wide"
input = "by_system.engine"
index = ["ship", "at"]
made = 48

[sinks.engine_table]
type = "store"
input = "engine"
path = "${ship}.db"
mode = "upsert"
key = ["ship", "at"]
on_error = "fail"

[sinks.rest]
type = "null"
input = "by_system.nav"

[sinks.bad_rows]
type = "file"
inputs = ["readings.rejected", "by_system.rejected"]
path = "bad \"${ship}\".ndjson"
)";

Planned planned_graph() {
  const TempFolder folder;
  folder.write("routes.csv", "e1,engine\nn1,nav\n");
  auto planned = plan_text(kPipeline, {}, folder.path() + "/p.toml");
  INFO(planned.shown());
  REQUIRE(planned.plan.has_value());
  return planned;
}

/// Compares with a golden file; with FLOWRUN_UPDATE_GOLDEN set, writes it, to be read in the diff.
void check_golden(const std::string& name, const std::string& text) {
  const auto path = std::string(FLOWRUN_SOURCE_DIR) + "/tests/engine/plan/golden/" + name;
  if (std::getenv("FLOWRUN_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << text;
  }
  std::ifstream file(path, std::ios::binary);
  const std::string expected{std::istreambuf_iterator<char>(file),
                             std::istreambuf_iterator<char>()};
  CHECK(text == expected);
}

}  // namespace

TEST_CASE("the graph in Graphviz's language") {
  const auto planned = planned_graph();
  check_golden("graph.dot", export_dot(planned.instance(), *planned.plan));
}

TEST_CASE("the graph in Mermaid's language") {
  const auto planned = planned_graph();
  check_golden("graph.mmd", export_mermaid(planned.instance(), *planned.plan));
}

TEST_CASE("the graph as JSON") {
  const auto planned = planned_graph();
  check_golden("graph.json", export_json(planned.instance(), *planned.plan));
}

TEST_CASE("a graph is the same whenever and wherever it is made") {
  const auto one = planned_graph();
  const auto other = planned_graph();
  CHECK(export_json(one.instance(), *one.plan) == export_json(other.instance(), *other.plan));
  CHECK(export_dot(one.instance(), *one.plan) == export_dot(other.instance(), *other.plan));
}

TEST_CASE("no format shows a secret") {
  const auto planned = planned_graph();
  const auto& instance = planned.instance();
  for (const auto& text :
       {export_dot(instance, *planned.plan), export_mermaid(instance, *planned.plan),
        export_json(instance, *planned.plan)}) {
    CHECK_THAT(text, !ContainsSubstring("hunter2"));
  }
}

TEST_CASE("the fills of the forms differ in grey print") {
  std::set<int> greys;
  for (const auto form :
       {BoxForm::source, BoxForm::transform, BoxForm::accumulator, BoxForm::sink}) {
    const std::string fill(fill_of(form));
    const auto part = [&](std::size_t at) { return std::stoi(fill.substr(at, 2), nullptr, 16); };
    greys.insert((299 * part(1) + 587 * part(3) + 114 * part(5)) / 1000);
  }
  REQUIRE(greys.size() == 4);
  for (auto at = std::next(greys.begin()); at != greys.end(); ++at)
    CHECK(*at - *std::prev(at) >= 15);
  CHECK(*greys.begin() > 150);  // black text stays readable
}

TEST_CASE("a picture is drawn by Graphviz, and a missing command is an error that helps") {
  const auto planned = planned_graph();
  const std::string path = std::getenv("PATH");
  if (std::system("command -v dot >/dev/null 2>&1") == 0) {
    const auto svg = export_svg(planned.instance(), *planned.plan);
    CHECK_THAT(svg, ContainsSubstring("<svg") && ContainsSubstring("by_system") &&
                        ContainsSubstring("</svg>"));
  }
  setenv("PATH", "/nowhere", 1);
  CHECK_THROWS_WITH(
      export_svg(planned.instance(), *planned.plan),
      "there is no command \"dot\"; install the package graphviz, or use --format mermaid");
  setenv("PATH", path.c_str(), 1);
}

TEST_CASE("the JSON Schema of pipeline files comes from the option tables") {
  check_golden("schema.json", json_schema(fake_registry()));
}
