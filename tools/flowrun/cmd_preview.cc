// flowrun preview: the first rows that leave a node.
#include <unistd.h>

#include <algorithm>
#include <numeric>

#include "engine/core/diagnostic.h"
#include "engine/core/error.h"
#include "engine/data/row_table.h"
#include "engine/observe/numbers.h"
#include "engine/run/rehearsal.h"
#include "tools/flowrun/command.h"
#include "tools/flowrun/json_rows.h"
#include "tools/flowrun/output.h"

namespace flowrun::command {
namespace {

class PreviewCommand final : public Command {
 public:
  CommandSpec spec() override;
  int run(Session& session) override;

 private:
  [[nodiscard]] std::vector<std::size_t> chosen_columns(const Schema& schema) const;
  void show(Session& session, const InstancePlan& instance,
            const std::vector<EdgeFrom>& edges) const;

  PlanArguments plan_;
  std::string node_;
  std::optional<std::int64_t> rows_;
  std::optional<std::string> columns_;
  bool json_ = false;
};

CommandSpec PreviewCommand::spec() {
  CommandSpec spec{
      "preview",
      "the first rows that leave a node; nothing is written",
      {"flowrun preview pipeline.toml readings",
       "flowrun preview pipeline.toml by_system.engine --rows 5     one port of a node",
       "flowrun preview pipeline.toml readings.rejected             what a node cannot take",
       "flowrun preview pipeline.toml engine_wide --json | jq ."},
      {}};
  plan_.declare(spec.arguments);
  auto& arguments = spec.arguments;
  arguments.insert(
      arguments.begin() + 1,
      Argument{
          "NODE", "", "a node, or node.port; of a sink: what arrives there", &node_, {}, true});
  arguments.push_back({"-n,--rows", "N", "how many rows (20)", &rows_});
  arguments.push_back({"-c,--columns", "A,B", "only these columns", &columns_});
  arguments.push_back({"--json", "", "one JSON object per row", &json_});
  common.declare(arguments);
  return spec;
}

/// The edges whose rows are shown for `name`: a port's own, or a sink's inputs.
std::vector<EdgeFrom> find_edges(const InstancePlan& instance, const std::string& name) {
  auto edges = find_port(instance, name);
  if (!edges.empty()) return edges;
  std::vector<std::string> names;
  for (const auto& node : instance.nodes) {
    for (std::size_t port = 0; port <= node.binding.outputs.size(); ++port) {
      names.push_back(node.port_name(port));
    }
  }
  for (const auto& node : instance.nodes) {
    if (node.name != name) continue;
    std::erase_if(names, [&](const std::string& port) { return !port.starts_with(name + "."); });
    throw Error(Errc::usage, "node \"{}\" has several ports; {}", name, suggest("", names));
  }
  for (const auto& node : instance.nodes) {
    if (node.kind == NodeKind::sink) names.push_back(node.name);
  }
  throw Error(Errc::usage, "the pipeline has no node or port \"{}\"; {}", name,
              suggest(name, names));
}

std::vector<std::size_t> PreviewCommand::chosen_columns(const Schema& schema) const {
  std::vector<std::size_t> chosen;
  if (!columns_) {
    chosen.resize(schema.size());
    std::iota(chosen.begin(), chosen.end(), std::size_t{0});
    return chosen;
  }
  std::size_t start = 0;
  while (start <= columns_->size()) {
    const auto end = std::min(columns_->find(',', start), columns_->size());
    const auto name = columns_->substr(start, end - start);
    const auto found = schema.index_of(name);
    if (!found) {
      throw Error(Errc::usage, "there is no column \"{}\"; {}", name,
                  suggest(name, schema.names()));
    }
    chosen.push_back(*found);
    start = end + 1;
  }
  return chosen;
}

void PreviewCommand::show(Session& session, const InstancePlan& instance,
                          const std::vector<EdgeFrom>& edges) const {
  constexpr std::int64_t kDefaultRows = 20;
  const auto& schema = *instance.nodes[edges.front().node].output_schema(edges.front().port);
  const auto columns = chosen_columns(schema);
  RowTable table(schema, columns);
  std::int64_t left = rows_.value_or(kDefaultRows);
  std::int64_t shown = 0;
  for (const auto& edge : edges) {
    if (left <= 0) break;
    scan(instance, edge, left, [&](const Batch& batch) {
      const auto rows = std::min(left, batch.rows());
      const auto part = slice(batch, 0, rows);
      left -= rows;
      shown += rows;
      if (json_) {
        write_out(json_rows(*part, columns));
      } else {
        table.add(*part);
      }
    });
  }
  if (json_) return;
  write_out(table.render(is_terminal(STDOUT_FILENO) ? terminal_width(STDOUT_FILENO) : 0,
                         session.color_out()));
  if (!session.quiet()) {
    write_err(fmt::format("{}{}\n", counted(shown, "row"), left > 0 ? "; there are no more" : ""));
  }
}

int PreviewCommand::run(Session& session) {
  if (rows_ && *rows_ < 0)
    throw Error(Errc::usage, "--rows wants a number of rows, not {}", *rows_);
  const auto plan = session.plan(plan_);
  if (!plan) return kExitUsage;
  const auto& instance = plan->instances.front();
  if (plan->instances.size() > 1 && !session.quiet()) {
    write_err(fmt::format("{} of {}; --only chooses another\n", instance.name,
                          counted(static_cast<std::int64_t>(plan->instances.size()), "instance")));
  }
  show(session, instance, find_edges(instance, node_));
  return kExitOk;
}

}  // namespace

std::unique_ptr<Command> make_preview_command() { return std::make_unique<PreviewCommand>(); }

}  // namespace flowrun::command
