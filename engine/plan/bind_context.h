// What a node sees of the planner while it is bound.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/plan/node_options.h"
#include "engine/plan/side_files.h"

namespace flowrun {

/// What every instance of a plan shares while it is made.
struct PlanningShared {
  const PipelineFile& file;
  const PlanOptions& options;
  const PlanServices& services;
  Micros now = 0;
  SideFiles side_files = {};
  std::map<std::string, std::string> frozen = {};  ///< what nodes froze, by instance, node and name
  std::string state_url = {};
  std::optional<std::map<std::string, std::string>> loaded =
      {};  ///< what load_frozen gave, once asked
};

/// Services for one call of bind(). Its diagnostics are its own: the binder hands them on with the
/// node's name.
class NodeBindContext final : public BindContext {
 public:
  NodeBindContext(PlanningShared& shared, const InstancePlan& instance, const NodeDraft& draft,
                  std::vector<SchemaRef> inputs, std::vector<EdgeFrom> edges, bool may_scan)
      : shared_(shared),
        instance_(instance),
        draft_(draft),
        inputs_(std::move(inputs)),
        edges_(std::move(edges)),
        may_scan_(may_scan) {}

  [[nodiscard]] const std::string& pipeline() const override { return shared_.file.name; }
  [[nodiscard]] const std::string& node() const override { return draft_.decl->name; }
  [[nodiscard]] const Options& options() const override { return draft_.options; }
  [[nodiscard]] const std::vector<SchemaRef>& inputs() const override { return inputs_; }
  [[nodiscard]] std::string resolve(std::string_view path) const override;
  [[nodiscard]] std::optional<std::string> read_file(std::string_view option,
                                                     const std::string& path) override;
  [[nodiscard]] const std::string& window_column() const override;
  /// A column is sparse where it is so in any of the inputs: keeping an old value is the safe
  /// choice.
  [[nodiscard]] std::vector<bool> sparse() const override;
  [[nodiscard]] bool waits() const override { return !draft_.after.empty(); }
  [[nodiscard]] bool offline() const override { return shared_.options.offline; }
  [[nodiscard]] Micros now() const override { return shared_.now; }
  [[nodiscard]] std::optional<std::string> frozen(const std::string& name) const override;
  void freeze(const std::string& name, const std::string& value) override;
  [[nodiscard]] bool scan_input(std::optional<std::int64_t> rows,
                                const std::function<void(const Batch&)>& visit) override;
  [[nodiscard]] SourceSpan inside(const OptionValue& value, std::size_t offset,
                                  std::size_t length) const override;
  [[nodiscard]] Diagnostics& diagnostics() override { return diagnostics_; }
  /// Whether the node asked for its input and got none because of problems elsewhere: it can then
  /// not be bound, through no fault of its own.
  [[nodiscard]] bool refused_scan() const { return refused_scan_; }

 private:
  [[nodiscard]] std::string frozen_key(const std::string& name) const;

  PlanningShared& shared_;
  const InstancePlan& instance_;  ///< the nodes bound so far
  const NodeDraft& draft_;
  std::vector<SchemaRef> inputs_;
  std::vector<EdgeFrom> edges_;
  bool may_scan_;
  bool refused_scan_ = false;
  Diagnostics diagnostics_;
};

}  // namespace flowrun
