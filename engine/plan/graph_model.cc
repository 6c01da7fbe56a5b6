#include "engine/plan/graph_model.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/data/batch.h"

namespace flowrun {
namespace {

/// Columns of an edge that are shown; the others are counted.
constexpr std::size_t kShownColumns = 5;

std::string with_commas(std::int64_t number) {
  auto text = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3) {
    text.insert(static_cast<std::size_t>(at), 1, ',');
  }
  return text;
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

std::string shown_limits(const RejectLimits& limits) {
  if (limits.on_error == OnError::fail) return "rejects end the run";
  std::string out = "rejects go to the journal";
  if (limits.max_rejects >= 0) out += fmt::format(", at most {}", with_commas(limits.max_rejects));
  if (limits.max_reject_ratio >= 0)
    out += fmt::format(", at most {:g} %", limits.max_reject_ratio * 100);
  return out;
}

std::vector<std::string> columns_of(const Schema& schema) {
  std::vector<std::string> lines;
  const auto& fields = schema.fields();
  const bool abridged = fields.size() > kShownColumns + 1;
  for (std::size_t i = 0; i < (abridged ? kShownColumns : fields.size()); ++i) {
    lines.push_back(fields[i].name + " " + to_string(fields[i].type));
  }
  if (abridged) {
    lines.push_back(
        fmt::format("… {} columns in all", with_commas(static_cast<std::int64_t>(fields.size()))));
  }
  return lines;
}

void add_sink_lines(const PlanNode& node, const Plan& plan, bool has_window,
                    std::vector<std::string>& lines) {
  const auto& facts = node.binding.sink;
  std::string how = facts.mode;
  if (!facts.key.empty())
    how += fmt::format("{}key {}", how.empty() ? "" : ", ", joined(facts.key));
  if (!how.empty()) lines.push_back(how);
  if (!facts.target.empty()) lines.push_back("writes " + shown_target(node, plan));
  if (has_window && facts.keeps_coverage && !node.takes_rejects)
    lines.push_back(node.window_keyed ? "windows in any order" : "windows in order");
}

/// True where other accumulators have the same memory.
bool shares(const InstancePlan& instance, const PlanNode& node) {
  const auto sharing = std::count_if(instance.nodes.begin(), instance.nodes.end(),
                                     [](const PlanNode& each) { return each.shares_memory; });
  return node.shares_memory && sharing > 1;
}

std::vector<std::string> lines_of(const InstancePlan& instance, const Plan& plan,
                                  std::size_t index) {
  const auto& node = instance.nodes[index];
  std::vector<std::string> lines{node.name, node.type->spec.name};
  switch (form_of(node)) {
    case BoxForm::source:
      lines.push_back("in flight: at most " + format_size(credit_share(instance, plan)));
      break;
    case BoxForm::accumulator:
      lines.push_back("keeps at most " + format_size(node.memory) +
                      (shares(instance, node) ? ", with the others" : ""));
      break;
    case BoxForm::sink:
      add_sink_lines(node, plan, instance.window.has_value(), lines);
      break;
    case BoxForm::transform:
      break;
  }
  if (!has_reject_taker(instance, index)) lines.push_back(shown_limits(node.limits));
  return lines;
}

std::vector<std::string> title_of(const InstancePlan& instance, const Plan& plan) {
  std::vector<std::string> lines{plan.name};
  if (!instance.name.empty()) lines.push_back(instance.name);
  if (instance.window) {
    auto line = fmt::format("windows of {} of {}", format_duration(instance.window->every),
                            instance.window->column);
    const auto& bounds = instance.window->bounds_as_written;
    const auto dots = bounds.find("..");
    if (dots != 0) line += ", from " + bounds.substr(0, dots);
    if (dots + 2 < bounds.size()) line += ", until " + bounds.substr(dots + 2);
    lines.push_back(line);
  }
  lines.push_back(fmt::format("a batch on an edge: at most {} rows, about {}",
                              with_commas(kMaxBatchRows), format_size(kMaxBatchBytes)));
  return lines;
}

}  // namespace

const char* to_string(BoxForm form) {
  switch (form) {
    case BoxForm::source:
      return "source";
    case BoxForm::transform:
      return "transform";
    case BoxForm::accumulator:
      return "accumulator";
    case BoxForm::sink:
      return "sink";
  }
  return "";
}

std::string_view fill_of(BoxForm form) {
  switch (form) {
    case BoxForm::source:
      return "#cfe4f7";
    case BoxForm::transform:
      return "#fff9e0";
    case BoxForm::accumulator:
      return "#eec39a";
    case BoxForm::sink:
      return "#9fc8a0";
  }
  return "";
}

BoxForm form_of(const PlanNode& node) {
  if (node.kind == NodeKind::source) return BoxForm::source;
  if (node.kind == NodeKind::sink) return BoxForm::sink;
  return node.binding.make_accumulator ? BoxForm::accumulator : BoxForm::transform;
}

bool has_reject_taker(const InstancePlan& instance, std::size_t node) {
  return std::any_of(instance.nodes.begin(), instance.nodes.end(), [&](const PlanNode& other) {
    return std::any_of(other.inputs.begin(), other.inputs.end(), [&](EdgeFrom from) {
      return from.node == node && from.port == instance.nodes[node].binding.outputs.size();
    });
  });
}

std::string shown_target(const PlanNode& sink, const Plan& plan) {
  const auto& target = sink.binding.sink.target;
  const auto folder = plan.directory + "/";
  return target.compare(0, folder.size(), folder) == 0 ? target.substr(folder.size()) : target;
}

std::int64_t credit_share(const InstancePlan& instance, const Plan& plan) {
  const auto sources =
      std::count_if(instance.nodes.begin(), instance.nodes.end(),
                    [](const PlanNode& node) { return node.kind == NodeKind::source; });
  const auto at_once =
      std::min<std::int64_t>(plan.parallel, static_cast<std::int64_t>(plan.instances.size()));
  return plan.credit_budget() / std::max<std::int64_t>(1, sources * at_once);
}

GraphModel graph_model(const InstancePlan& instance, const Plan& plan) {
  GraphModel model;
  model.title = title_of(instance, plan);
  for (std::size_t i = 0; i < instance.nodes.size(); ++i) {
    const auto& node = instance.nodes[i];
    const auto id = fmt::format("n{}", i);
    model.boxes.push_back({id, form_of(node), lines_of(instance, plan, i)});
    for (const auto& from : node.inputs) {
      const auto& upstream = instance.nodes[from.node];
      const auto& outputs = upstream.binding.outputs;
      GraphArrow arrow{.from = fmt::format("n{}", from.node), .to = id};
      arrow.rejects = from.port == outputs.size();
      if (arrow.rejects) {
        arrow.lines = {std::string(kRejected)};
      } else {
        if (!outputs[from.port].name.empty()) arrow.lines.push_back(outputs[from.port].name + ":");
        for (auto& line : columns_of(*outputs[from.port].schema))
          arrow.lines.push_back(std::move(line));
      }
      model.arrows.push_back(std::move(arrow));
    }
    for (const auto sink : node.after) {
      model.arrows.push_back(
          {.from = fmt::format("n{}", sink), .to = id, .lines = {"after"}, .waits = true});
    }
  }
  return model;
}

}  // namespace flowrun
