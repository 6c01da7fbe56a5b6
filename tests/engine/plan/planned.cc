#include "tests/engine/plan/planned.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "tests/engine/plan/fake_nodes.h"

namespace flowrun::testing {

std::string Planned::shown() const {
  std::string out;
  for (const auto& diagnostic : diagnostics.all()) {
    if (!out.empty()) out += '\n';
    out += render(diagnostic);
  }
  return out;
}

const PlanNode& Planned::node(const std::string& name) const {
  for (const auto& node : instance().nodes) {
    if (node.name == name) return node;
  }
  throw std::out_of_range("no node " + name);
}

PlanServices fake_services() {
  static const FixedClock clock(kNow);
  PlanServices services;
  services.registry = &fake_registry();
  services.clock = &clock;
  return services;
}

Planned plan_text(const std::string& text, const PlanOptions& options, const std::string& path,
                  const PlanServices& services) {
  Planned planned;
  planned.plan = make_plan(std::make_shared<SourceText>(SourceText{path, text}), options, services,
                           planned.diagnostics);
  return planned;
}

Planned plan_text(const std::string& text, const PlanOptions& options, const std::string& path,
                  Micros now) {
  const FixedClock clock(now);
  auto services = fake_services();
  services.clock = &clock;
  return plan_text(text, options, path, services);
}

std::string small_pipeline(const std::string& more) {
  return "name = \"small\"\n" + more + R"(
[sources.in]
type = "table"
path = "in.csv"
columns = { id = "int64", at = "timestamp", value = "float64" }

[sinks.out]
type = "store"
input = "in"
path = "out.db"
mode = "append"
)";
}

TempFolder::TempFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "flowrun_plan_XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make " + pattern);
  path_ = pattern;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void TempFolder::write(const std::string& name, const std::string& text) const {
  std::ofstream(path_ + "/" + name, std::ios::binary) << text;
}

}  // namespace flowrun::testing
