// A bind context for tests of nodes: options built in code, side files in memory, diagnostics
// collected.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/spec/node_type.h"

namespace flowrun::testing {

/// Option values in code: value("x"), value(3), value(true), value(0.5), list({"a", "b"}),
/// table({{"routes", value("r.csv")}, {"output", value("engine")}}).
[[nodiscard]] OptionValue value(const char* text);
[[nodiscard]] OptionValue value(std::string text);
[[nodiscard]] OptionValue value(bool flag);
[[nodiscard]] OptionValue value(int number);
[[nodiscard]] OptionValue value(std::int64_t number);
[[nodiscard]] OptionValue value(double number);
[[nodiscard]] OptionValue list(const std::vector<std::string>& texts);
[[nodiscard]] OptionValue list_of(OptionValue::List values);
[[nodiscard]] OptionValue table(OptionValue::Table entries);

/// Does for one node what the planner does: fills in defaults, turns "2h" and "64 KiB" into numbers
/// for options of kind duration and size, and hands over schemas. Throws std::runtime_error for an
/// option that the node's table does not declare or that is required and missing: a mistake of the
/// test.
class BindFake final : public BindContext {
 public:
  using Given = std::vector<std::pair<std::string, OptionValue>>;

  BindFake(const NodeType& type, const Given& options, std::vector<SchemaRef> inputs = {});

  // What tests set before bind().
  std::map<std::string, std::string> files;          ///< side files by the path as written
  std::map<std::string, std::string> frozen_values;  ///< what earlier runs froze
  std::vector<BatchRef> scanned;                     ///< what scan_input() shows
  bool can_scan = true;
  std::string window;
  std::vector<bool> sparse_columns;  ///< of the first input
  bool is_offline = false;
  bool is_waiting = false;  ///< the node comes after a sink
  Micros moment = 0;
  std::string directory = "/pipeline";
  std::string pipeline_name = "p";

  /// Calls the node's bind. Look at diagnostics() and problems() afterwards.
  [[nodiscard]] Binding bind() { return type_.bind(*this); }
  /// One line per diagnostic: "error unknown-column: no such column: \"x\"; did you mean …".
  [[nodiscard]] std::string problems() const;
  /// What the node froze.
  [[nodiscard]] const std::map<std::string, std::string>& freezes() const { return freezes_; }
  /// How often the node asked for its input.
  [[nodiscard]] int scans() const { return scans_; }

  [[nodiscard]] const std::string& pipeline() const override { return pipeline_name; }
  [[nodiscard]] const std::string& node() const override { return node_; }
  [[nodiscard]] const Options& options() const override { return options_; }
  [[nodiscard]] const std::vector<SchemaRef>& inputs() const override { return inputs_; }
  [[nodiscard]] std::string resolve(std::string_view path) const override;
  [[nodiscard]] std::optional<std::string> read_file(std::string_view option,
                                                     const std::string& path) override;
  [[nodiscard]] const std::string& window_column() const override { return window; }
  [[nodiscard]] std::vector<bool> sparse() const override { return sparse_columns; }
  [[nodiscard]] bool waits() const override { return is_waiting; }
  [[nodiscard]] bool offline() const override { return is_offline; }
  [[nodiscard]] Micros now() const override { return moment; }
  [[nodiscard]] std::optional<std::string> frozen(const std::string& name) const override;
  void freeze(const std::string& name, const std::string& text) override { freezes_[name] = text; }
  [[nodiscard]] bool scan_input(std::optional<std::int64_t> rows,
                                const std::function<void(const Batch&)>& visit) override;
  [[nodiscard]] Diagnostics& diagnostics() override { return diagnostics_; }

 private:
  NodeType type_;
  std::string node_ = "node";
  Options options_;
  std::vector<SchemaRef> inputs_;
  Diagnostics diagnostics_;
  std::map<std::string, std::string> freezes_;
  int scans_ = 0;
};

}  // namespace flowrun::testing
