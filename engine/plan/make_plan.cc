#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <set>

#include "engine/core/hash.h"
#include "engine/plan/binder.h"
#include "engine/plan/cursor_spec.h"
#include "engine/plan/matrix.h"
#include "engine/plan/params.h"
#include "engine/plan/plan.h"
#include "engine/plan/settings.h"
#include "engine/plan/sides.h"

namespace flowrun {
namespace {

class Planner {
 public:
  Planner(const PipelineFile& file, const PlanOptions& options, const PlanServices& services,
          Diagnostics& found)
      : shared_{.file = file,
                .options = options,
                .services = services,
                .now = services.clock->now()},
        variables_(file.directory, found),
        found_(found) {}

  Plan make() {
    const auto& file = shared_.file;
    plan_.name = file.name;
    plan_.path = file.source->path;
    plan_.directory = file.directory;
    plan_.now = shared_.now;
    plan_.params =
        resolve_params(file.section("params"), shared_.options, shared_.now, variables_, found_);
    auto matrix = expand_matrix(file.section("matrix"), shared_.options, variables_, found_);
    plan_.parallel = matrix.parallel;
    limits_ = read_settings(file, shared_.options, variables_, plan_, found_);
    shared_.state_url = plan_.state_url;
    plan_.tests = read_tests(file, found_);
    note_used();
    for (const auto& cell : matrix.cells) {
      for (const auto& axis : matrix.axes) {
        const auto value = cell.find(axis);
        const bool is_known = value != cell.end();
        variables_.set(axis, is_known ? Variable{.text = value->second, .unresolved = value->second}
                                      : Variable{.broken = true});
      }
      make_instance(cell);
    }
    check_shared_targets();
    if (!found_.has_errors()) warn_unused(matrix);
    share_memory();
    plan_.frozen = std::move(shared_.frozen);
    plan_.hash = whole_hash();
    return std::move(plan_);
  }

 private:
  void note_used() { used_.insert(variables_.used().begin(), variables_.used().end()); }

  void make_instance(const MatrixCell& cell) {
    Diagnostics diagnostics;
    variables_.report_to(diagnostics);
    InstancePlan instance;
    instance.values = cell;
    variables_.forget_used();
    std::optional<WindowDraft> window;
    if (const auto* section = shared_.file.section("window"); section != nullptr) {
      window = resolve_window(*section, shared_.options, shared_.now, variables_, diagnostics);
      if (window) instance.window = window->spec;
    }
    check_bounds(diagnostics);
    note_used();
    NodeReader reader(shared_.file, *shared_.services.registry, variables_, limits_,
                      shared_.options.source_paths, diagnostics);
    std::vector<NodeDraft> drafts;
    for (const auto& decl : shared_.file.nodes) {
      drafts.push_back(reader.read(decl));
      note_used();
    }
    reader.check_connections();
    instance.name = instance_name(cell, drafts);
    const auto wiring = wire(drafts, diagnostics);
    bind_nodes(shared_, drafts, wiring, window, instance, diagnostics);
    find_sides(drafts, instance, diagnostics);
    check_cursors(instance, diagnostics);
    plan_.instances.push_back(std::move(instance));
    variables_.report_to(found_);
    for (const auto& diagnostic : diagnostics.all()) report_once(diagnostic);
  }

  /// Bounds on the command line want a [window].
  void check_bounds(Diagnostics& diagnostics) {
    if (shared_.file.root.find("window") != nullptr) return;
    if (!shared_.options.window_from && !shared_.options.window_until) return;
    diagnostics.error("no-window", {},
                      fmt::format("--window-{}: the pipeline has no [window]",
                                  shared_.options.window_from ? "from" : "until"));
  }

  /// The same problem in several instances is one problem.
  void report_once(const Diagnostic& diagnostic) {
    const auto key = diagnostic.span.location() + '\n' + diagnostic.message;
    if (reported_.insert(key).second) found_.add(diagnostic);
  }

  /// Matrix values, and parameters that reach a source (windows.md 3): with others, other rows are
  /// loaded.
  std::string instance_name(const MatrixCell& cell, const std::vector<NodeDraft>& drafts) const {
    auto values = cell;
    for (const auto& draft : drafts) {
      if (draft.decl->kind != NodeKind::source) continue;
      for (const auto& name : draft.variables) {
        const auto found = variables_.variables().find(name);
        if (found == variables_.variables().end() || values.count(name) != 0) continue;
        const auto& variable = found->second;
        values.emplace(name, variable.secret
                                 ? fmt::format("#{}", fingerprint(variable.text).substr(0, 8))
                                 : variable.text);
      }
    }
    std::string out;
    for (const auto& [name, text] : values) {
      out += (out.empty() ? "" : ",") + name + "=";
      append_escaped(out, text);
    }
    return out;
  }

  /// Instances may share a table of a database, but not a file, nor a table that one of them
  /// replaces (windows.md 20).
  void check_shared_targets() {
    struct Writer {
      const InstancePlan* instance;
      const SinkFacts* facts;
    };
    const auto is_exclusive = [](const SinkFacts& facts) {
      return facts.whole_table || facts.replaces_by_unit || facts.file_per_unit ||
             facts.transaction.empty();
    };
    std::map<std::string, Writer> writers;
    for (const auto& instance : plan_.instances) {
      for (const auto& node : instance.nodes) {
        const auto& facts = node.binding.sink;
        if (node.kind != NodeKind::sink || facts.target.empty()) continue;
        const auto [at, is_first] = writers.try_emplace(facts.target, Writer{&instance, &facts});
        const auto& other = at->second;
        if (is_first || other.instance == &instance) continue;
        if (!is_exclusive(facts) && !is_exclusive(*other.facts)) continue;
        report_shared(node, other.instance->name, instance.name);
      }
    }
  }

  void report_shared(const PlanNode& node, const std::string& one, const std::string& other) {
    // One pair of instances shows it; the others would say the same.
    if (!shared_targets_.insert(node.name).second) return;
    found_.error("same-target", node.span,
                 fmt::format("sink \"{}\": instances {} and {} write to the same place: {}",
                             node.name, one, other, node.binding.sink.target),
                 "put a matrix value into its path or table, such as ${name}");
  }

  void warn_unused(const Matrix& matrix) {
    const auto warn = [&](const std::string& name, const SourceSpan& span, const char* what) {
      if (used_.count(name) != 0) return;
      found_.warning("unused-variable", span, fmt::format("{} \"{}\" is used nowhere", what, name),
                     fmt::format("write ${{{}}} where it is meant", name));
    };
    if (const auto* params = shared_.file.section("params"); params != nullptr) {
      for (const auto& [name, value] : params->table()) warn(name, value.key_span, "parameter");
    }
    for (const auto& axis : matrix.axes) warn(axis, matrix.spans.at(axis), "the matrix axis");
  }

  /// Accumulators that declare no limit share half of the process's memory, whoever needs it.
  void share_memory() {
    const auto at_once = static_cast<std::int64_t>(
        std::min<std::size_t>(plan_.instances.size(), static_cast<std::size_t>(plan_.parallel)));
    for (auto& instance : plan_.instances) {
      for (auto& node : instance.nodes) {
        if (!node.binding.make_accumulator || node.memory != 0) continue;
        node.memory = plan_.accumulator_budget() / at_once;
        node.shares_memory = true;
      }
    }
  }

  [[nodiscard]] std::string whole_hash() const {
    std::string text = plan_.name;
    for (const auto& instance : plan_.instances) {
      text += '\n' + instance.name;
      for (const auto& node : instance.nodes) {
        if (node.kind == NodeKind::sink) text += '\n' + node.name + ' ' + node.plan_hash;
      }
    }
    return fingerprint(text);
  }

  PlanningShared shared_;
  Interpolator variables_;
  Diagnostics& found_;
  RejectLimits limits_;
  Plan plan_;
  std::set<std::string> used_;
  std::set<std::string> reported_;
  std::set<std::string> shared_targets_;
};

std::optional<std::string> read_pipeline_text(const std::string& path, Diagnostics& diagnostics) {
  if (path == "-") {
    return std::string((std::istreambuf_iterator<char>(std::cin)),
                       std::istreambuf_iterator<char>());
  }
  std::string reason;
  auto text = read_text_file(path, reason);
  if (text) return text;
  const auto whole = std::filesystem::absolute(path);
  const auto name = whole.filename().string();
  std::string hint;
  if (const auto meant = closest(name, files_beside(whole.string())); meant && *meant != name) {
    hint = fmt::format("did you mean \"{}\"?", *meant);
  }
  diagnostics.error("cannot-read", {},
                    fmt::format("cannot read the pipeline file \"{}\": {}", path, reason),
                    std::move(hint));
  return std::nullopt;
}

}  // namespace

std::optional<Plan> make_plan(std::shared_ptr<const SourceText> text, const PlanOptions& options,
                              const PlanServices& services, Diagnostics& diagnostics) {
  Diagnostics found;
  std::optional<Plan> plan;
  if (const auto file = read_pipeline(std::move(text), found)) {
    plan = Planner(*file, options, services, found).make();
  }
  found.sort();
  if (plan && !found.has_errors()) {
    plan->warnings = found.all();
    return plan;
  }
  for (const auto& diagnostic : found.all()) diagnostics.add(diagnostic);
  return std::nullopt;
}

std::optional<Plan> make_plan(const std::string& path, const PlanOptions& options,
                              const PlanServices& services, Diagnostics& diagnostics) {
  auto text = read_pipeline_text(path, diagnostics);
  if (!text) return std::nullopt;
  return make_plan(std::make_shared<SourceText>(SourceText{path, std::move(*text)}), options,
                   services, diagnostics);
}

}  // namespace flowrun
