#include <fmt/format.h>

#include "engine/plan/graph_export.h"
#include "engine/plan/graph_model.h"

namespace flowrun {
namespace {

/// Text inside a quoted string of Graphviz; `end` ends each line ("\\n" centred, "\\l" to the
/// left).
std::string label(const std::vector<std::string>& lines, std::string_view end) {
  std::string out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    for (const char c : lines[i]) {
      if (c == '"' || c == '\\') out += '\\';
      out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    }
    if (i + 1 < lines.size() || end == "\\l") out += end;
  }
  return out;
}

std::string_view shape_of(BoxForm form) {
  switch (form) {
    case BoxForm::source:
      return "shape=cylinder, style=filled";
    case BoxForm::transform:
      return "shape=box, style=\"rounded,filled\"";
    case BoxForm::accumulator:
      return "shape=box, peripheries=2, style=\"rounded,filled\"";
    case BoxForm::sink:
      return "shape=folder, style=filled";
  }
  return "";
}

std::string_view style_of(const GraphArrow& arrow) {
  if (arrow.rejects) return "style=dashed, color=\"#a02020\", ";
  return arrow.waits ? "style=dotted, arrowhead=open, " : "";
}

}  // namespace

std::string export_dot(const InstancePlan& instance, const Plan& plan) {
  const auto model = graph_model(instance, plan);
  std::string out = fmt::format(
      "digraph pipeline {{\n"
      "  graph [rankdir=LR, fontname=\"Helvetica\", fontsize=11, labelloc=t, label=\"{}\"];\n"
      "  node [fontname=\"Helvetica\", fontsize=11, color=\"#404040\"];\n"
      "  edge [fontname=\"Helvetica\", fontsize=9, color=\"#404040\"];\n",
      label(model.title, "\\n"));
  for (const auto& box : model.boxes) {
    out += fmt::format("  {} [{}, fillcolor=\"{}\", label=\"{}\"];\n", box.id, shape_of(box.form),
                       fill_of(box.form), label(box.lines, "\\n"));
  }
  for (const auto& arrow : model.arrows) {
    out += fmt::format("  {} -> {} [{}label=\"{}\"];\n", arrow.from, arrow.to, style_of(arrow),
                       label(arrow.lines, "\\l"));
  }
  return out + "}\n";
}

}  // namespace flowrun
