#include "engine/run/attempt_context.h"

#include "engine/core/error.h"

namespace flowrun {

NodeBase::NodeBase(AttemptContext& context, std::size_t number, NodeStats& stats,
                   tbb::flow::graph& graph)
    : context_(&context),
      number_(number),
      stats_(&stats),
      where_(fmt::format("node \"{}\" ({})", context.instance->nodes[number].name,
                         context.instance->nodes[number].type->spec.name)) {
  const auto& drop = context.options->hooks.drop;
  for (std::size_t i = 0; i <= plan().binding.outputs.size(); ++i) {
    OutPort::Drop planted;
    if (drop)
      planted = [&drop, name = plan().name, port = plan().port_name(i)] {
        return drop(name, port);
      };
    ports_.push_back(std::make_unique<OutPort>(graph, std::move(planted)));
  }
}

bool NodeBase::begin_body() {
  if (context_->failure.stopped()) return false;
  if (context_->options->hooks.before_body) context_->options->hooks.before_body(plan().name);
  return true;
}

void NodeBase::account(OpenUnit& unit, std::int64_t rows_in, const CollectedOutput& out) {
  const auto rejected = static_cast<std::int64_t>(out.rejects.size());
  const auto passed = out.emitted_rows() - out.made_rows();
  if (rows_in != passed + out.absorbed_rows() + out.filtered_rows() + rejected) {
    bug("rows do not add up: {} in, {} passed, {} absorbed, {} filtered, {} rejected", rows_in,
        passed, out.absorbed_rows(), out.filtered_rows(), rejected);
  }
  stats_->in += rows_in;
  stats_->passed += passed;
  stats_->absorbed += out.absorbed_rows();
  stats_->filtered += out.filtered_rows();
  stats_->rejected += rejected;
  stats_->made += out.made_rows();
  stats_->out += out.emitted_rows();
  ++stats_->batches;
  const std::lock_guard lock(unit.mutex);
  unit.rows_in[number_] += rows_in;
}

void NodeBase::route_rejects(OpenUnit& unit, std::vector<Reject> rejects,
                             const Credits::LeaseRef& lease) {
  if (rejects.empty()) return;
  for (auto& reject : rejects) {
    if (reject.origin.empty()) reject.origin = context_->origin(reject.ordinal);
  }
  {
    const std::lock_guard lock(unit.mutex);
    unit.rows_rejected[number_] += static_cast<std::int64_t>(rejects.size());
    if (!rejected().connected()) {
      auto& kept = unit.kept[number_];
      kept.count += static_cast<std::int64_t>(rejects.size());
      for (auto& reject : rejects) {
        if (kept.first.size() == kMaxKeptRejects) break;
        kept.first.push_back(std::move(reject));
      }
    }
  }
  if (!rejected().connected()) return fail_where_asked(unit);
  rejected().send(unit, make_reject_batch(rejects, plan().name, unit.unit.shown(), context_->run),
                  lease);
}

void NodeBase::fail_where_asked(OpenUnit& unit) const {
  const auto& limits = plan().limits;
  const bool limited = limits.max_rejects >= 0 || limits.max_reject_ratio >= 0;
  if (limited || limits.on_error == OnError::skip) return;
  const std::lock_guard lock(unit.mutex);
  const auto& first = unit.kept[number_].first.front();
  throw Error(
      Errc::data,
      "rejected a row that nothing takes: {}{}{}{}; connect \"{}.rejected\" to a sink, or set "
      "on_error = \"skip\" or max_rejects",
      first.origin.empty() ? "" : first.origin + ": ",
      first.column.empty() ? "" : "column \"" + first.column + "\": ", first.reason,
      first.value.empty() ? "" : ": \"" + first.value + "\"", plan().name);
}

void NodeBase::keep_checks(OpenUnit& unit, std::vector<CheckResult> results) {
  if (results.empty()) return;
  for (auto& result : results) {
    if (result.first && result.origin.empty()) result.origin = context_->origin(*result.first);
  }
  const std::lock_guard lock(unit.mutex);
  unit.checks[number_] = std::move(results);
}

void NodeBase::end_ports(OpenUnit& unit) {
  for (const auto& port : ports_) port->end(unit);
}

}  // namespace flowrun
