// flowrun plan: what a run would do; nothing is touched.
#include "engine/observe/numbers.h"
#include "engine/run/runner.h"
#include "tools/flowrun/command.h"
#include "tools/flowrun/output.h"

namespace flowrun::command {
namespace {

class PlanCommand final : public Command {
 public:
  CommandSpec spec() override;
  int run(Session& session) override;

 private:
  PlanArguments plan_;
  bool full_ = false;
  bool rows_ = false;
  bool json_ = false;
};

CommandSpec PlanCommand::spec() {
  CommandSpec spec{
      "plan",
      "what a run would do: units, tables, destructive steps; nothing is touched",
      {"flowrun plan pipeline.toml",
       "flowrun plan pipeline.toml --rows           with the rows that each sink would get",
       "flowrun plan pipeline.toml --full --json | jq '.instances[].sinks'"},
      {}};
  plan_.declare(spec.arguments);
  spec.arguments.push_back(
      {"--full", "", "as if what is committed had to be loaded again", &full_});
  spec.arguments.push_back(
      {"--rows", "", "read all of the inputs, and say how many rows each sink would get", &rows_});
  spec.arguments.push_back({"--json", "", "print one JSON record on stdout", &json_});
  common.declare(spec.arguments);
  return spec;
}

/// How many rows arrive at each sink when all inputs are read, as notes.
std::vector<std::string> counted_rows(const InstancePlan& instance) {
  std::vector<std::string> lines;
  for (const auto& node : instance.nodes) {
    if (node.kind != NodeKind::sink || node.takes_rejects) continue;
    std::int64_t rows = 0;
    for (const auto& edge : node.inputs) {
      scan(instance, edge, std::nullopt, [&](const Batch& batch) { rows += batch.rows(); });
    }
    lines.push_back(node.name + ": " + counted(rows, "row") + " to write");
  }
  return lines;
}

void append_list(std::string& out, const char* title, const std::vector<std::string>& lines) {
  if (lines.empty()) return;
  out += fmt::format("  {}\n", title);
  for (const auto& line : lines) out += "    " + line + "\n";
}

std::string shown(const PlannedInstance& planned, bool color) {
  const auto* red = color ? "\x1b[1;31m" : "";
  const auto* reset = color ? "\x1b[0m" : "";
  auto out = planned.instance.empty() ? std::string() : planned.instance + "\n";
  append_list(out, "inputs", planned.inputs);
  append_list(out, "notes", planned.notes);
  for (const auto& sink : planned.sinks) {
    out += fmt::format("  sink {}: {}\n", sink.sink, sink.target);
    for (const auto& step : sink.steps) {
      out += step.destructive ? fmt::format("    {}destructive:{} {}\n", red, reset, step.text)
                              : fmt::format("    {}\n", step.text);
    }
  }
  append_list(out, "to load", planned.units);
  if (planned.up_to_date) out += "  nothing to do: everything is committed\n";
  return out;
}

void write_instance(JsonWriter& json, const PlannedInstance& planned) {
  json.begin_object()
      .field("instance", planned.instance)
      .field("up_to_date", planned.up_to_date)
      .field("inputs", planned.inputs)
      .field("notes", planned.notes)
      .field("units", planned.units);
  json.key("sinks").begin_array();
  for (const auto& sink : planned.sinks) {
    json.begin_object().field("name", sink.sink).field("target", sink.target);
    json.key("steps").begin_array();
    for (const auto& step : sink.steps) {
      json.begin_object()
          .field("text", step.text)
          .field("destructive", step.destructive)
          .end_object();
    }
    json.end_array();
    json.field("units_covered", static_cast<std::int64_t>(sink.covered.size())).end_object();
  }
  json.end_array().end_object();
}

int PlanCommand::run(Session& session) {
  const auto plan = session.plan(plan_);
  JsonWriter json;
  begin_record(json, "flowrun.plan/1", plan_.file);
  std::string text;
  if (plan) {
    RunOptions options;
    options.full = full_;
    const auto journal = session.journal(*plan, false);
    json.field("pipeline", plan->name)
        .field("plan_hash", plan->hash)
        .key("instances")
        .begin_array();
    for (const auto& instance : plan->instances) {
      auto planned =
          preview_run(*plan, instance, options,
                      {.journal = journal.get(), .clock = &session.clock(), .log = &session.log()});
      if (rows_) {
        for (auto& line : counted_rows(instance)) planned.notes.push_back(std::move(line));
      }
      write_instance(json, planned);
      text += shown(planned, session.color_out());
    }
    json.end_array();
  }
  write_diagnostics(json, session.diagnostics().all());
  json.end_object();
  write_out(json_ ? json.str() + "\n" : text);
  if (!plan) return kExitUsage;
  return plan_.warn_error && !session.diagnostics().empty() ? kExitWarnings : kExitOk;
}

}  // namespace

std::unique_ptr<Command> make_plan_command() { return std::make_unique<PlanCommand>(); }

}  // namespace flowrun::command
