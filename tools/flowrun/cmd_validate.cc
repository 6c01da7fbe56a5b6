// flowrun validate: checks a pipeline file and touches nothing.
#include "engine/observe/numbers.h"
#include "tools/flowrun/command.h"
#include "tools/flowrun/output.h"

namespace flowrun::command {
namespace {

class ValidateCommand final : public Command {
 public:
  CommandSpec spec() override;
  int run(Session& session) override;

 private:
  PlanArguments plan_;
  bool json_ = false;
};

CommandSpec ValidateCommand::spec() {
  CommandSpec spec{"validate",
                   "check a pipeline file, touch nothing",
                   {"flowrun validate pipeline.toml",
                    "flowrun validate pipeline.toml --json | jq -r '.diagnostics[].message'"},
                   {}};
  plan_.declare(spec.arguments);
  spec.arguments.push_back({"--json", "", "print one JSON record on stdout", &json_});
  common.declare(spec.arguments);
  return spec;
}

int ValidateCommand::run(Session& session) {
  const auto plan = session.plan(plan_);
  const bool has_warnings = !session.diagnostics().empty();
  const int code =
      !plan ? kExitUsage : (has_warnings && plan_.warn_error ? kExitWarnings : kExitOk);
  if (json_) {
    JsonWriter json;
    begin_record(json, "flowrun.validate/1", plan_.file);
    json.field("ok", plan.has_value()).field("exit_code", code);
    write_diagnostics(json, session.diagnostics().all());
    json.end_object();
    write_out(json.str() + "\n");
  } else if (plan && !session.quiet()) {
    const auto nodes = plan->instances.empty() ? 0 : plan->instances.front().nodes.size();
    const auto instances = static_cast<std::int64_t>(plan->instances.size());
    write_out(fmt::format("{}: ok, {}{}\n", plan->path,
                          counted(static_cast<std::int64_t>(nodes), "node"),
                          instances == 1 ? "" : ", " + counted(instances, "instance")));
  }
  return code;
}

}  // namespace

std::unique_ptr<Command> make_validate_command() { return std::make_unique<ValidateCommand>(); }

}  // namespace flowrun::command
