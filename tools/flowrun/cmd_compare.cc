// flowrun compare: do the targets hold what the sources have?
#include <algorithm>
#include <thread>

#include "engine/core/error.h"
#include "engine/core/text_table.h"
#include "engine/observe/numbers.h"
#include "engine/run/compare.h"
#include "tools/flowrun/command.h"
#include "tools/flowrun/output.h"
#include "tools/flowrun/signals.h"

namespace flowrun::command {
namespace {

class CompareCommand final : public Command {
 public:
  CommandSpec spec() override;
  int run(Session& session) override;

 private:
  PlanArguments plan_;
  bool all_ = false;
  bool json_ = false;
};

CommandSpec CompareCommand::spec() {
  CommandSpec spec{"compare",
                   "what would be loaded beside what the targets hold, window by window",
                   {"flowrun compare pipeline.toml               all that is loaded; exit 1 where "
                    "something differs",
                    "flowrun compare pipeline.toml --window-from 2026-01-01 --window-until "
                    "2026-01-02 --all",
                    "flowrun compare pipeline.toml --only ship=IMO9976903 --json"},
                   {}};
  plan_.declare(spec.arguments);
  spec.arguments.push_back({"--all", "", "show the windows that are equal, too", &all_});
  spec.arguments.push_back({"--json", "", "print one JSON record", &json_});
  common.declare(spec.arguments);
  return spec;
}

bool differs(const ComparedTarget& target) {
  return std::any_of(target.units.begin(), target.units.end(),
                     [](const ComparedUnit& unit) { return !unit.equal(); });
}

void write(JsonWriter& json, const ComparedTarget& target) {
  json.begin_object()
      .field("target", target.target)
      .field("sinks", target.sinks)
      .field("equal", !differs(target))
      .field("skipped", target.skipped);
  json.key("units").begin_array();
  for (const auto& unit : target.units) {
    json.begin_object()
        .field("unit", unit.unit)
        .field("source_rows", unit.source.rows)
        .field("target_rows", unit.target.rows)
        .field("equal", unit.equal())
        .end_object();
  }
  json.end_array().end_object();
}

std::string head_of(const ComparedTarget& target) {
  if (!target.skipped.empty()) return target.target + ": not compared: " + target.skipped + "\n";
  RowSum all;
  std::int64_t different = 0;
  for (const auto& unit : target.units) {
    all += unit.source;
    different += unit.equal() ? 0 : 1;
  }
  const auto units = counted(static_cast<std::int64_t>(target.units.size()), "unit");
  if (different == 0) {
    return fmt::format("{}: equal: {}, {}\n", target.target, units, counted(all.rows, "row"));
  }
  return fmt::format("{}: {} of {} differ\n", target.target, with_commas(different), units);
}

std::string shown(const ComparedTarget& target, bool all, bool color) {
  TextTable table;
  table.column("unit")
      .column("source rows", TextTable::Align::right)
      .column("target rows", TextTable::Align::right)
      .column("");
  bool any = false;
  for (const auto& unit : target.units) {
    if (unit.equal() && !all) continue;
    any = true;
    table.row({unit.unit, with_commas(unit.source.rows), with_commas(unit.target.rows),
               unit.equal()                           ? "equal"
               : unit.source.rows != unit.target.rows ? "differs"
                                                      : "differs in values"});
  }
  return head_of(target) + (any ? table.render(color) : "");
}

int CompareCommand::run(Session& session) {
  const SignalWatch signals([&](const std::string& text) { session.print(text); });
  const auto plan = session.plan(plan_);
  JsonWriter json;
  begin_record(json, "flowrun.compare/1", plan_.file);
  std::vector<ComparedTarget> targets;
  if (plan) {
    const auto journal = session.journal(*plan, false);
    RunOptions options;
    options.stop = signals.token();
    targets =
        compare_plan(*plan, plan_.window_from || plan_.window_until, options,
                     {.journal = journal.get(), .clock = &session.clock(), .log = &session.log()});
  }
  json.key("targets").begin_array();
  for (const auto& target : targets) write(json, target);
  json.end_array();
  write_diagnostics(json, session.diagnostics().all());
  json.end_object();
  if (json_) write_out(json.str() + "\n");
  for (const auto& target : targets) {
    if (!json_) write_out(shown(target, all_, session.color_out()));
  }
  if (!plan) return kExitUsage;
  return std::any_of(targets.begin(), targets.end(), differs) ? kExitFailed : kExitOk;
}

}  // namespace

std::unique_ptr<Command> make_compare_command() { return std::make_unique<CompareCommand>(); }

}  // namespace flowrun::command
