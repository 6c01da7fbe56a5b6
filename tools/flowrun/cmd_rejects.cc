// flowrun rejects: the rows that a run could not take and that no sink took.
#include <limits>

#include "engine/core/error.h"
#include "engine/core/text_table.h"
#include "engine/observe/numbers.h"
#include "tools/flowrun/command.h"
#include "tools/flowrun/journal_choice.h"
#include "tools/flowrun/output.h"

namespace flowrun::command {
namespace {

constexpr std::int64_t kDefaultLimit = 100;

class RejectsCommand final : public Command {
 public:
  CommandSpec spec() override;
  int run(Session& session) override;

 private:
  void print(Session& session, const StoredRejects& rejects, const RunRecord& run) const;

  std::string run_;
  JournalArguments journal_;
  std::optional<std::int64_t> limit_;
  bool json_ = false;
};

CommandSpec RejectsCommand::spec() {
  CommandSpec spec{"rejects",
                   "the rows that a run could not take and that no sink took, and why",
                   {"flowrun rejects 20261121T131500-4f2a pipeline.toml",
                    "flowrun rejects last pipeline.toml               of the latest run",
                    "flowrun rejects last pipeline.toml --json | jq -r .record"},
                   {}};
  spec.arguments.push_back(
      {"RUN", "", "the run's id, its beginning or end, or \"last\"", &run_, {}, true});
  journal_.declare(spec.arguments);
  spec.arguments.push_back({"--limit", "N", "at most N rows (100; with --json all)", &limit_});
  spec.arguments.push_back({"--json", "", "one JSON object per row", &json_});
  common.declare(spec.arguments);
  return spec;
}

std::string as_json(const StoredReject& each) {
  JsonWriter json;
  json.begin_object()
      .field("node", each.node)
      .field("unit", each.unit)
      .field("reason", each.reject.reason)
      .field("column", each.reject.column)
      .field("value", each.reject.value)
      .field("origin", each.reject.origin)
      .field("record", each.reject.record)
      .end_object();
  return json.str() + "\n";
}

void RejectsCommand::print(Session& session, const StoredRejects& rejects,
                           const RunRecord& run) const {
  constexpr std::size_t kValueWidth = 32;
  constexpr std::size_t kRecordWidth = 60;
  if (rejects.total == 0) {
    session.print(fmt::format("run {} left no rejects in the journal\n", run.id));
    return;
  }
  TextTable table;
  table.column("node").column("reason").column("column").column("value").column("origin").column(
      "record");
  for (const auto& each : rejects.kept) {
    table.row({each.node, each.reject.reason, each.reject.column,
               one_line(each.reject.value, kValueWidth), each.reject.origin,
               one_line(each.reject.record, kRecordWidth)});
  }
  table.drop_empty_columns();
  write_out(table.render(session.color_out()));
  const auto shown = static_cast<std::int64_t>(rejects.kept.size());
  if (shown < rejects.total && !session.quiet()) {
    write_err(fmt::format("{} of {} shown; --limit shows more of what was kept\n",
                          with_commas(shown), counted(rejects.total, "reject")));
  }
}

int RejectsCommand::run(Session& session) {
  if (limit_ && *limit_ < 0)
    throw Error(Errc::usage, "--limit wants a number of rows, not {}", *limit_);
  const auto chosen = journal_.open(session);
  const auto run = find_run(chosen, run_);
  const auto most = json_ ? std::numeric_limits<std::int64_t>::max() : kDefaultLimit;
  const auto rejects = chosen.journal->rejects(run.id, limit_.value_or(most));
  if (!json_) {
    print(session, rejects, run);
    return kExitOk;
  }
  for (const auto& each : rejects.kept) write_out(as_json(each));
  return kExitOk;
}

}  // namespace

std::unique_ptr<Command> make_rejects_command() { return std::make_unique<RejectsCommand>(); }

}  // namespace flowrun::command
