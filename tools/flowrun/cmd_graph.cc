// flowrun graph: draws a pipeline.
#include "engine/observe/numbers.h"
#include "engine/plan/graph_export.h"
#include "tools/flowrun/command.h"
#include "tools/flowrun/output.h"

namespace flowrun::command {
namespace {

class GraphCommand final : public Command {
 public:
  CommandSpec spec() override;
  int run(Session& session) override;

 private:
  [[nodiscard]] std::string draw(const InstancePlan& instance, const Plan& plan) const;

  PlanArguments plan_;
  std::string format_ = "dot";
  std::optional<std::string> output_;
};

CommandSpec GraphCommand::spec() {
  CommandSpec spec{"graph",
                   "draw a pipeline: nodes, ports, columns and rejects; the same every time",
                   {"flowrun graph pipeline.toml --format svg -o graph.svg",
                    "flowrun graph pipeline.toml | dot -Tpng > graph.png",
                    "flowrun graph pipeline.toml --format mermaid      for a Markdown page"},
                   {}};
  plan_.declare(spec.arguments);
  spec.arguments.push_back(
      {"-f,--format", "FORMAT", "what to draw it as", &format_, {"dot", "mermaid", "json", "svg"}});
  spec.arguments.push_back({"-o,--output", "PATH", "write a file in place of stdout", &output_});
  common.declare(spec.arguments);
  return spec;
}

std::string GraphCommand::draw(const InstancePlan& instance, const Plan& plan) const {
  if (format_ == "mermaid") return export_mermaid(instance, plan);
  if (format_ == "json") return export_json(instance, plan);
  if (format_ == "svg") return export_svg(instance, plan);
  return export_dot(instance, plan);
}

int GraphCommand::run(Session& session) {
  const auto plan = session.plan(plan_);
  if (!plan) return kExitUsage;
  const auto& instance = plan->instances.front();
  if (plan->instances.size() > 1 && !session.quiet()) {
    write_err(fmt::format("{} of {}; --only chooses another\n", instance.name,
                          counted(static_cast<std::int64_t>(plan->instances.size()), "instance")));
  }
  const auto text = draw(instance, *plan);
  if (output_ && *output_ != "-") {
    write_file(*output_, text);
  } else {
    write_out(text);
  }
  return plan_.warn_error && !session.diagnostics().empty() ? kExitWarnings : kExitOk;
}

}  // namespace

std::unique_ptr<Command> make_graph_command() { return std::make_unique<GraphCommand>(); }

}  // namespace flowrun::command
