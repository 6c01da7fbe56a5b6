// What the pictures of a graph show, before it is put into a format.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "engine/plan/plan.h"

namespace flowrun {

enum class BoxForm { source, transform, accumulator, sink };
[[nodiscard]] const char* to_string(BoxForm form);

/// Fill of a form's boxes: light, and of different brightness, so that they differ in grey print
/// too.
[[nodiscard]] std::string_view fill_of(BoxForm form);

struct GraphBox {
  std::string id;  ///< "n0"
  BoxForm form = BoxForm::transform;
  /// Name, type, then what bounds it, what it writes, what becomes of its rejects.
  std::vector<std::string> lines;
};

struct GraphArrow {
  std::string from;
  std::string to;
  std::vector<std::string> lines;  ///< the port, then the columns, abridged
  bool rejects = false;
  bool waits = false;  ///< no rows go there: `to` waits for what `from` commits
};

struct GraphModel {
  std::vector<std::string> title;
  std::vector<GraphBox> boxes;
  std::vector<GraphArrow> arrows;
};

[[nodiscard]] GraphModel graph_model(const InstancePlan& instance, const Plan& plan);

/// What a plan node is drawn as.
[[nodiscard]] BoxForm form_of(const PlanNode& node);

/// True where some node takes the rejects of node number `node`.
[[nodiscard]] bool has_reject_taker(const InstancePlan& instance, std::size_t node);

/// What a sink writes, below the folder of the pipeline file where it lies there.
[[nodiscard]] std::string shown_target(const PlanNode& sink, const Plan& plan);

/// Bytes that one source may have in flight.
[[nodiscard]] std::int64_t credit_share(const InstancePlan& instance, const Plan& plan);

}  // namespace flowrun
