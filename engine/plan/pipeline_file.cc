#include "engine/plan/pipeline_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "engine/plan/option_check.h"
#include "engine/plan/toml_reader.h"

namespace flowrun {
namespace {

constexpr std::array<NodeKind, 3> kKinds{NodeKind::source, NodeKind::transform, NodeKind::sink};

std::string directory_of(const std::string& path) {
  const auto whole = path.empty() || path == "-" ? std::filesystem::current_path() / "-"
                                                 : std::filesystem::absolute(path);
  return whole.lexically_normal().parent_path().string();
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

class Shape {
 public:
  Shape(PipelineFile& file, Diagnostics& diagnostics) : file_(file), diagnostics_(diagnostics) {}

  void read() {
    check_keys();
    read_name();
    for (const auto kind : kKinds) read_nodes(kind);
    std::stable_sort(
        file_.nodes.begin(), file_.nodes.end(), [](const NodeDecl& a, const NodeDecl& b) {
          return std::pair(a.span.line, a.span.column) < std::pair(b.span.line, b.span.column);
        });
    check_names();
    if (file_.nodes.empty() && !diagnostics_.has_errors()) {
      diagnostics_.error("no-nodes", {file_.source, 0, 0, 0}, "the pipeline has no nodes",
                         "add [sources.NAME] and [sinks.NAME] tables");
    }
  }

 private:
  void check_keys() {
    for (const auto& [key, value] : file_.root.table()) {
      if (contains(later_top_level_keys(), key)) {
        diagnostics_.error("not-supported", value.key_span,
                           fmt::format("[{}] is not supported yet", key),
                           "this release does not know it; leave it out");
      } else if (!contains(top_level_keys(), key)) {
        auto known = top_level_keys();
        std::sort(known.begin(), known.end());
        diagnostics_.error(
            "unknown-table", value.key_span,
            fmt::format("unknown {} \"{}\"", value.is_table() ? "table" : "key", key),
            suggest(key, known));
      } else if (key == "test") {
        if (value.is_list()) continue;
        diagnostics_.error("wrong-type", value.span,
                           fmt::format("\"test\" must be a list of tables, not {}", kind_of(value)),
                           "write [[test]]");
      } else if (key != "name" && !value.is_table()) {
        diagnostics_.error("wrong-type", value.span,
                           fmt::format("\"{}\" must be a table, not {}", key, kind_of(value)),
                           fmt::format("write [{}]", key));
      }
    }
  }

  void read_name() {
    const auto* name = file_.root.find("name");
    if (name == nullptr) {
      diagnostics_.error(
          "missing-option", {file_.source, 1, 1, 0}, "the pipeline has no name",
          "add name = \"…\" as the first line; what was loaded is remembered under it");
    } else if (!name->is_text()) {
      diagnostics_.error("wrong-type", name->span,
                         fmt::format("\"name\" must be a string, not {}", kind_of(*name)));
    } else if (!is_name(name->text())) {
      diagnostics_.error("bad-name", name->span,
                         fmt::format("a pipeline cannot be called \"{}\"", name->text()),
                         std::string(kNameRule));
    } else {
      file_.name = name->text();
    }
  }

  void read_nodes(NodeKind kind) {
    const auto* section = file_.section(table_of(kind));
    if (section == nullptr) return;
    for (const auto& [name, value] : section->table()) {
      if (!value.is_table()) {
        diagnostics_.error(
            "wrong-type", value.span,
            fmt::format("{} \"{}\" must be a table, not {}", to_string(kind), name, kind_of(value)),
            fmt::format("write [{}.{}]", table_of(kind), name));
        continue;
      }
      if (!is_name(name)) {
        diagnostics_.error("bad-name", value.key_span,
                           fmt::format("a {} cannot be called \"{}\"", to_string(kind), name),
                           std::string(kNameRule));
        continue;
      }
      file_.nodes.push_back({name, kind, value, value.key_span});
    }
  }

  /// Inputs name nodes of any table, so that a name may stand only once in all three.
  void check_names() {
    std::vector<NodeDecl> kept;
    for (auto& node : file_.nodes) {
      const auto same = std::find_if(
          kept.begin(), kept.end(), [&](const NodeDecl& other) { return other.name == node.name; });
      if (same == kept.end()) {
        kept.push_back(std::move(node));
        continue;
      }
      diagnostics_.error(
          "duplicate-name", node.span,
          fmt::format("{} has the name of a {}", node.shown(), to_string(same->kind)),
          fmt::format("the other one stands at {}; inputs could not tell them apart",
                      same->span.location()));
    }
    file_.nodes = std::move(kept);
  }

  PipelineFile& file_;
  Diagnostics& diagnostics_;
};

/// Without the byte order mark that some editors write: positions do not count it.
std::shared_ptr<const SourceText> without_mark(std::shared_ptr<const SourceText> source) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  if (source->text.compare(0, kMark.size(), kMark) != 0) return source;
  return std::make_shared<SourceText>(SourceText{source->path, source->text.substr(kMark.size())});
}

}  // namespace

std::string NodeDecl::shown() const { return fmt::format("{} \"{}\"", to_string(kind), name); }

const OptionValue* PipelineFile::section(std::string_view section_name) const {
  const auto* found = root.find(section_name);
  return found != nullptr && found->is_table() ? found : nullptr;
}

std::optional<PipelineFile> read_pipeline(std::shared_ptr<const SourceText> source,
                                          Diagnostics& diagnostics) {
  PipelineFile file;
  file.source = without_mark(std::move(source));
  file.directory = directory_of(file.source->path);
  auto root = read_toml(file.source, diagnostics);
  if (!root) return std::nullopt;
  file.root = std::move(*root);
  Shape(file, diagnostics).read();
  return file;
}

}  // namespace flowrun
