#include "engine/plan/binder.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/core/error.h"
#include "engine/plan/commit_order.h"
#include "engine/plan/cursor_spec.h"
#include "engine/plan/plan_hash.h"
#include "engine/spec/reject.h"

namespace flowrun {
namespace {

/// What is known of a node once it was its turn.
struct Bound {
  std::size_t slot = 0;  ///< index into InstancePlan::nodes
  bool good = false;     ///< no problem with it nor with anything upstream
  bool outputs_known = false;
  bool ordered = true;     ///< no source behind it lacks an order
  bool misported = false;  ///< somebody named an output that it does not have
  std::string hash;
};

/// `"by_system.engine", "by_system.navigation"`: the outputs that may be named.
std::vector<std::string> port_names(const PlanNode& node) {
  std::vector<std::string> names;
  for (const auto& port : node.binding.outputs) {
    names.push_back(port.name.empty() ? node.name : fmt::format("{}.{}", node.name, port.name));
  }
  names.push_back(fmt::format("{}.{}", node.name, kRejected));
  return names;
}

/// The first way in which two schemas differ.
std::string difference(const Schema& one, const Schema& other) {
  for (const auto& field : one.fields()) {
    const auto index = other.index_of(field.name);
    if (!index) return fmt::format("it has no column \"{}\"", field.name);
    const auto type = other.field(*index).type;
    if (type != field.type) {
      return fmt::format("its column \"{}\" is {} and not {}", field.name, to_string(type),
                         to_string(field.type));
    }
  }
  for (const auto& field : other.fields()) {
    if (!one.index_of(field.name)) return fmt::format("it has a column \"{}\" more", field.name);
  }
  return "its columns stand in another order";
}

class Binder {
 public:
  Binder(PlanningShared& shared, const std::vector<NodeDraft>& drafts, const Wiring& wiring,
         const std::optional<WindowDraft>& window, InstancePlan& plan, Diagnostics& diagnostics)
      : shared_(shared),
        drafts_(drafts),
        wiring_(wiring),
        window_(window),
        plan_(plan),
        diagnostics_(diagnostics),
        bound_(drafts.size()) {}

  void bind() {
    plan_.nodes.reserve(wiring_.order.size());
    for (const auto index : wiring_.order) bind_node(index);
    const bool inputs_missing = std::any_of(
        drafts_.begin(), drafts_.end(),
        [](const NodeDraft& draft) { return draft.has_bad_input && draft.inputs.empty(); });
    if (!inputs_missing) check_unused();
    check_targets();
  }

 private:
  struct Inputs {
    std::vector<EdgeFrom> edges;
    std::vector<SchemaRef> schemas;
    bool known = true;  ///< every schema is there
    bool good = true;   ///< nothing upstream is wrong
  };

  void bind_node(std::size_t index) {
    const auto& draft = drafts_[index];
    auto& bound = bound_[index];
    PlanNode node;
    node.name = draft.decl->name;
    node.kind = draft.decl->kind;
    node.type = draft.type;
    node.options = draft.options;
    node.span = draft.decl->span;
    node.limits = draft.limits;
    node.shown_options = draft.shown_options;
    auto inputs = take_inputs(draft, bound);
    node.inputs = inputs.edges;
    const bool can_bind = inputs.known && draft.usable && draft.type != nullptr &&
                          same_schemas(draft, inputs) && check_columns(draft, inputs);
    if (can_bind) bound.good = call_bind(draft, inputs, node) && inputs.good;
    bound.outputs_known = bound.good || !node.binding.outputs.empty();
    bound.slot = plan_.nodes.size();
    plan_.nodes.push_back(std::move(node));
    finish_node(draft, bound);
  }

  /// Resolves the ports of the inputs; reports those that do not exist.
  Inputs take_inputs(const NodeDraft& draft, Bound& bound) {
    Inputs inputs;
    inputs.known = !draft.has_bad_input;
    inputs.good = !draft.has_bad_input;
    for (const auto& ref : draft.inputs) {
      if (!ref.upstream) continue;
      auto& upstream = bound_[*ref.upstream];
      inputs.good = inputs.good && upstream.good;
      bound.ordered = bound.ordered && upstream.ordered;
      const auto port = find_port(draft, ref, upstream);
      if (!port) {
        inputs.known = false;
        continue;
      }
      inputs.edges.push_back({upstream.slot, *port});
      inputs.schemas.push_back(plan_.nodes[upstream.slot].output_schema(*port));
    }
    return inputs;
  }

  std::optional<std::size_t> find_port(const NodeDraft& draft, const InputRef& ref,
                                       Bound& upstream) {
    const auto& node = plan_.nodes[upstream.slot];
    const auto& outputs = node.binding.outputs;
    if (ref.port == kRejected) return outputs.size();
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (outputs[i].name == ref.port) return i;
    }
    upstream.misported = true;
    if (!upstream.good)
      return std::nullopt;  // its outputs may be incomplete, and that was reported
    const auto written = ref.port.empty() ? ref.node : ref.node + "." + ref.port;
    diagnostics_.error("unknown-port", ref.port_span,
                       ref.port.empty()
                           ? fmt::format("{}: {} \"{}\" has no main output", draft.decl->shown(),
                                         to_string(node.kind), node.name)
                           : fmt::format("{}: {} \"{}\" has no output \"{}\"", draft.decl->shown(),
                                         to_string(node.kind), node.name, ref.port),
                       suggest(written, port_names(node)));
    return std::nullopt;
  }

  bool same_schemas(const NodeDraft& draft, const Inputs& inputs) {
    bool same = true;
    for (std::size_t i = 1; i < inputs.schemas.size(); ++i) {
      const auto& first = *inputs.schemas.front();
      const auto& other = *inputs.schemas[i];
      if (first == other) continue;
      same = false;
      const auto name = [&](std::size_t at) {
        return plan_.nodes[inputs.edges[at].node].port_name(inputs.edges[at].port);
      };
      diagnostics_.error(
          "schema-mismatch", draft.inputs[i].span,
          fmt::format("{}: \"{}\" has other columns than \"{}\": {}", draft.decl->shown(), name(i),
                      name(0), difference(first, other)),
          "all inputs of a node must have the same columns; put a select in between");
    }
    return same;
  }

  /// Checks the options that name columns of the first input.
  bool check_columns(const NodeDraft& draft, const Inputs& inputs) {
    if (draft.decl->kind == NodeKind::source) return true;
    bool good = true;
    for (const auto& spec : draft.type->spec.options) {
      if (spec.kind != OptionKind::column && spec.kind != OptionKind::columns) continue;
      const auto* value = draft.options.raw(spec.name);
      if (value == nullptr) continue;
      if (value->is_text()) {
        good = check_column(draft, spec.name, *value, *inputs.schemas.front()) && good;
      } else {
        for (const auto& item : value->list()) {
          good = check_column(draft, spec.name, item, *inputs.schemas.front()) && good;
        }
      }
    }
    return good;
  }

  bool check_column(const NodeDraft& draft, const std::string& option, const OptionValue& value,
                    const Schema& schema) {
    if (schema.index_of(value.text())) return true;
    diagnostics_.error("unknown-column", value.span.source ? value.span : draft.decl->span,
                       fmt::format("{}: option \"{}\": the input has no column \"{}\"",
                                   draft.decl->shown(), option, value.text()),
                       suggest(value.text(), schema.names()));
    return false;
  }

  /// Calls the node's own bind(); false where it reported an error.
  bool call_bind(const NodeDraft& draft, Inputs& inputs, PlanNode& node) {
    const bool may_scan = inputs.good && !diagnostics_.has_errors();
    NodeBindContext context(shared_, plan_, draft, inputs.schemas, inputs.edges, may_scan);
    const auto before = diagnostics_.all().size();
    node.binding = draft.type->bind(context);
    for (auto& port : node.binding.outputs) carry_sparse(context.sparse(), port);
    for (auto diagnostic : context.diagnostics().all()) {
      const auto quoted = fmt::format("\"{}\"", draft.decl->name);
      if (diagnostic.message.find(quoted) == std::string::npos) {
        diagnostic.message = fmt::format("{}: {}", draft.decl->shown(), diagnostic.message);
      }
      diagnostics_.add(std::move(diagnostic));
    }
    const auto& all = diagnostics_.all();
    const bool failed =
        context.refused_scan() ||
        std::any_of(all.begin() + static_cast<std::ptrdiff_t>(before), all.end(),
                    [](const Diagnostic& d) { return d.severity == Severity::error; });
    if (!failed && inputs.good) check_factory(node);
    return check_ports(draft, node) && !failed;
  }

  /// A column that goes through unchanged stays as sparse as it was.
  static void carry_sparse(const std::vector<bool>& input, Port& port) {
    port.sparse.resize(port.schema->size(), false);
    for (std::size_t i = 0; i < port.unchanged_from.size(); ++i) {
      const auto from = port.unchanged_from[i];
      if (from && input.at(*from)) port.sparse[i] = true;
    }
  }

  /// A binding without its factory is a bug of the node.
  static void check_factory(const PlanNode& node) {
    const auto& binding = node.binding;
    const int made = (binding.make_source ? 1 : 0) + (binding.make_transform ? 1 : 0) +
                     (binding.make_accumulator ? 1 : 0) + (binding.make_sink ? 1 : 0);
    const bool fits = node.kind == NodeKind::source ? static_cast<bool>(binding.make_source)
                      : node.kind == NodeKind::sink
                          ? static_cast<bool>(binding.make_sink)
                          : binding.make_transform || binding.make_accumulator;
    if (made != 1 || !fits)
      bug("type \"{}\" was bound without its one factory", node.type->spec.name);
    if (node.kind != NodeKind::sink && binding.outputs.empty()) {
      bug("type \"{}\" was bound without an output", node.type->spec.name);
    }
  }

  /// Names of outputs may come from what a person wrote (routes).
  bool check_ports(const NodeDraft& draft, const PlanNode& node) {
    std::vector<std::string> seen;
    for (const auto& port : node.binding.outputs) {
      if (port.name == kRejected) {
        diagnostics_.error(
            "bad-name", draft.decl->span,
            fmt::format("{}: an output cannot be called \"{}\"", draft.decl->shown(), port.name),
            "every node has an output of that name already");
        return false;
      }
      if (std::find(seen.begin(), seen.end(), port.name) != seen.end()) {
        bug("type \"{}\" was bound with two outputs \"{}\"", node.type->spec.name, port.name);
      }
      seen.push_back(port.name);
    }
    return true;
  }

  /// What is checked and worked out once a node is bound.
  void finish_node(const NodeDraft& draft, Bound& bound) {
    auto& node = plan_.nodes[bound.slot];
    if (node.kind == NodeKind::source && bound.good) {
      bound.ordered = node.binding.ordered;
      if (window_ && !check_window_column(*window_, *node.binding.outputs.front().schema,
                                          draft.decl->shown(), diagnostics_)) {
        bound.good = false;
      }
      bound.good = bound.good && bind_cursor(draft, node);
    }
    if (!bound.good) return;
    if (node.binding.needs_order && !bound.ordered) report_order(draft, bound);
    if (draft.memory && !node.binding.make_accumulator) {
      diagnostics_.error(
          "unknown-option", draft.memory_span,
          fmt::format("{}: option \"memory\" has no meaning here", draft.decl->shown()),
          fmt::format("a {} keeps no rows", node.type->spec.name));
    }
    if (draft.memory) node.memory = *draft.memory;
    std::vector<std::string> hashes;
    for (const auto& ref : draft.inputs) hashes.push_back(bound_[*ref.upstream].hash);
    if (node.kind != NodeKind::sink) {
      bound.hash = hash_node(plan_, node, draft.hashed_options, hashes);
      return;
    }
    bound.hash = node.plan_hash = hash_sink(plan_, node, hashes);
    node.takes_rejects = std::all_of(node.inputs.begin(), node.inputs.end(), [&](EdgeFrom from) {
      return from.port == plan_.nodes[from.node].binding.outputs.size();
    });
    node.window_keyed = is_window_keyed(plan_, node);
  }

  bool bind_cursor(const NodeDraft& draft, PlanNode& node) {
    if (!draft.cursor) return true;
    node.cursor =
        resolve_cursor(*draft.cursor, *node.binding.outputs.front().schema, draft.decl->shown(),
                       window_.has_value(), shared_.now, diagnostics_);
    return node.cursor.has_value();
  }

  void report_order(const NodeDraft& draft, Bound& bound) {
    bound.good = false;
    const auto& options = draft.options;
    diagnostics_.error(
        "needs-order", options.span("keep"),
        fmt::format("{}: which row it keeps depends on the order of rows, and a source behind it "
                    "has none",
                    draft.decl->shown()),
        "name a column that decides (order_by = \"…\"), or a rule that needs no order "
        "(on_duplicate = \"max\")");
  }

  void check_unused() {
    for (std::size_t i = 0; i < drafts_.size(); ++i) {
      const auto& draft = drafts_[i];
      const auto& bound = bound_[i];
      if (draft.decl->kind == NodeKind::sink || wiring_.maybe_used[i] || bound.misported) continue;
      if (!bound.outputs_known) {
        if (!is_taken(i, nullptr)) report_unused(draft, "");
        continue;
      }
      for (const auto& port : plan_.nodes[bound.slot].binding.outputs) {
        if (!port.optional && !is_taken(i, &port.name)) report_unused(draft, port.name);
      }
    }
  }

  /// True where some input names the output (null: any output) of a node.
  [[nodiscard]] bool is_taken(std::size_t node, const std::string* port) const {
    return std::any_of(drafts_.begin(), drafts_.end(), [&](const NodeDraft& other) {
      return std::any_of(other.inputs.begin(), other.inputs.end(), [&](const InputRef& ref) {
        return ref.upstream == node && (port == nullptr || ref.port == *port);
      });
    });
  }

  void report_unused(const NodeDraft& draft, const std::string& port) {
    const auto name = port.empty() ? draft.decl->name : draft.decl->name + "." + port;
    diagnostics_.error(
        "unused-output", draft.decl->span,
        fmt::format("{}: nothing takes its output{}", draft.decl->shown(),
                    port.empty() ? "" : fmt::format(" \"{}\"", port)),
        fmt::format(
            "add a node with input = \"{}\", of type \"null\" where the rows are not wanted",
            name));
  }

  void check_targets() {
    for (std::size_t i = 0; i < drafts_.size(); ++i) {
      if (!bound_[i].good || drafts_[i].decl->kind != NodeKind::sink) continue;
      const auto& target = plan_.nodes[bound_[i].slot].binding.sink.target;
      for (std::size_t j = 0; j < i && !target.empty(); ++j) {
        if (!bound_[j].good || drafts_[j].decl->kind != NodeKind::sink) continue;
        if (plan_.nodes[bound_[j].slot].binding.sink.target != target) continue;
        diagnostics_.error(
            "same-target", drafts_[i].decl->span,
            fmt::format("{}: it writes where sink \"{}\" writes: {}", drafts_[i].decl->shown(),
                        drafts_[j].decl->name, target),
            "give one of them another path or table, or give one sink all the inputs");
        break;
      }
    }
  }

  PlanningShared& shared_;
  const std::vector<NodeDraft>& drafts_;
  const Wiring& wiring_;
  const std::optional<WindowDraft>& window_;
  InstancePlan& plan_;
  Diagnostics& diagnostics_;
  std::vector<Bound> bound_;
};

}  // namespace

void bind_nodes(PlanningShared& shared, const std::vector<NodeDraft>& drafts, const Wiring& wiring,
                const std::optional<WindowDraft>& window, InstancePlan& plan,
                Diagnostics& diagnostics) {
  Binder(shared, drafts, wiring, window, plan, diagnostics).bind();
}

}  // namespace flowrun
