// flowrun nodes: the node types and their options.
#include "engine/core/diagnostic.h"
#include "engine/core/error.h"
#include "engine/plan/json_schema.h"
#include "tools/flowrun/command.h"
#include "tools/flowrun/node_reference.h"
#include "tools/flowrun/output.h"

namespace flowrun::command {
namespace {

class NodesCommand final : public Command {
 public:
  CommandSpec spec() override;
  int run(Session& session) override;

 private:
  std::optional<std::string> name_;
  bool markdown_ = false;
  bool json_schema_ = false;
};

CommandSpec NodesCommand::spec() {
  CommandSpec spec{
      "nodes",
      "the node types and their options",
      {"flowrun nodes                 all of them", "flowrun nodes pivot           one of them",
       "flowrun nodes --json-schema   what an editor needs to check and complete pipeline files"},
      {}};
  spec.arguments.push_back({"NAME", "", "a node type", &name_});
  spec.arguments.push_back(
      {"--markdown", "", "the whole reference as a Markdown page", &markdown_});
  spec.arguments.push_back(
      {"--json-schema", "", "the JSON Schema of pipeline files", &json_schema_});
  common.declare(spec.arguments);
  return spec;
}

int NodesCommand::run(Session& session) {
  const auto& registry = session.registry();
  if (json_schema_) {
    write_out(json_schema(registry));
  } else if (markdown_) {
    write_out(reference_markdown(registry));
  } else if (!name_) {
    write_out(node_list(registry, session.color_out()));
  } else {
    std::string text;
    std::vector<std::string> names;
    for (const auto& type : registry.all()) {
      names.push_back(type.spec.name);
      if (type.spec.name != *name_) continue;
      if (!text.empty()) text += '\n';
      text += node_text(type.spec, session.color_out());
    }
    if (text.empty())
      throw Error(Errc::usage, "there is no node type \"{}\"; {}", *name_, suggest(*name_, names));
    write_out(text);
  }
  return kExitOk;
}

}  // namespace

std::unique_ptr<Command> make_nodes_command() { return std::make_unique<NodesCommand>(); }

}  // namespace flowrun::command
