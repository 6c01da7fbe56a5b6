// The graph of a plan as text and as a picture: the same every time, so that it can be compared.
#pragma once

#include <string>

#include "engine/plan/plan.h"

namespace flowrun {

/// Graphviz. Sources are cylinders, transforms boxes, accumulators boxes with two borders, sinks
/// folders; fills differ in brightness too. Edges carry the columns; those of rejects are dashed.
[[nodiscard]] std::string export_dot(const InstancePlan& instance, const Plan& plan);

/// A Mermaid flowchart, for Markdown pages.
[[nodiscard]] std::string export_mermaid(const InstancePlan& instance, const Plan& plan);

/// Everything, for programs; `format` 1.
[[nodiscard]] std::string export_json(const InstancePlan& instance, const Plan& plan);

/// The picture that Graphviz's `dot` draws of export_dot(). Throws Error(io) where the command is
/// missing or fails.
[[nodiscard]] std::string export_svg(const InstancePlan& instance, const Plan& plan);

}  // namespace flowrun
