#include <fmt/format.h>

#include "engine/core/json.h"
#include "engine/plan/graph_export.h"
#include "engine/plan/graph_model.h"

namespace flowrun {
namespace {

/// Text inside a quoted label.
std::string label(const std::vector<std::string>& lines) {
  std::string out;
  for (const auto& line : lines) {
    if (!out.empty()) out += "<br/>";
    for (const char c : line) {
      switch (c) {
        case '"':
          out += "#quot;";
          break;
        case '#':
          out += "#35;";
          break;
        case '<':
          out += "#lt;";
          break;
        case '>':
          out += "#gt;";
          break;
        default:
          out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
      }
    }
  }
  return out;
}

struct Brackets {
  std::string_view open;
  std::string_view close;
};

Brackets brackets_of(BoxForm form) {
  switch (form) {
    case BoxForm::source:
      return {"[(", ")]"};
    case BoxForm::transform:
      return {"(", ")"};
    case BoxForm::accumulator:
      return {"[[", "]]"};
    case BoxForm::sink:
      return {"[/", "/]"};
  }
  return {"[", "]"};
}

}  // namespace

std::string export_mermaid(const InstancePlan& instance, const Plan& plan) {
  const auto model = graph_model(instance, plan);
  std::string title;
  for (const auto& line : model.title) title += (title.empty() ? "" : " · ") + line;
  std::string out = "---\ntitle: ";
  append_json_string(out, title);  // a JSON string is a YAML string too
  out += "\n---\nflowchart LR\n";
  for (const auto& box : model.boxes) {
    const auto [open, close] = brackets_of(box.form);
    out += fmt::format("  {}{}\"{}\"{}:::{}\n", box.id, open, label(box.lines), close,
                       to_string(box.form));
  }
  for (const auto& arrow : model.arrows) {
    out += fmt::format("  {} {}|\"{}\"| {}\n", arrow.from,
                       arrow.rejects || arrow.waits ? "-.->" : "-->", label(arrow.lines), arrow.to);
  }
  for (const auto form :
       {BoxForm::source, BoxForm::transform, BoxForm::accumulator, BoxForm::sink}) {
    out += fmt::format("  classDef {} fill:{},stroke:#404040,color:#000000\n", to_string(form),
                       fill_of(form));
  }
  return out;
}

}  // namespace flowrun
