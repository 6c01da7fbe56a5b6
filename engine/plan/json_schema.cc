#include "engine/plan/json_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "engine/core/json.h"
#include "engine/plan/grammar.h"

namespace flowrun {
namespace {

/// A number may also be written as a string with a variable.
constexpr std::string_view kVariable = R"({ "type": "string", "pattern": "\\$\\{" })";

class SchemaWriter {
 public:
  explicit SchemaWriter(const Registry& registry) : registry_(registry) {}

  std::string write() {
    json_.begin_object().field("$schema", "http://json-schema.org/draft-07/schema#");
    json_.field("title", "flowrun pipeline").field("type", "object");
    json_.key("required").texts({"name"});
    json_.key("additionalProperties").boolean(false);
    json_.key("properties").begin_object();
    json_.key("name").begin_object().field(
        "description", "Name of the pipeline; what it loaded is remembered under it.");
    json_.field("type", "string").end_object();
    write_params();
    write_matrix();
    for (const auto* section :
         {&window_section(), &state_section(), &retry_section(), &rejects_section(),
          &limits_section(), &schedule_section(), &logs_section()}) {
      json_.key(section->name);
      write_table(section->help, section->options, {});
    }
    write_connections();
    write_tests();
    for (const auto kind : kKinds) write_nodes(kind);
    json_.end_object();
    json_.key("definitions").begin_object();
    for (const auto kind : kKinds) write_types(kind);
    return json_.end_object().end_object().str() + "\n";
  }

 private:
  static constexpr std::array<NodeKind, 3> kKinds{NodeKind::source, NodeKind::transform,
                                                  NodeKind::sink};

  void write_params() {
    json_.key("params")
        .begin_object()
        .field("description", param_section().help)
        .field("type", "object");
    json_.key("additionalProperties").begin_object().key("anyOf").begin_array();
    json_.raw(R"({ "type": ["string", "number", "boolean"] })");
    write_table("", param_section().options, {});
    json_.end_array().end_object().end_object();
  }

  void write_matrix() {
    json_.key("matrix").begin_object();
    json_.field("description",
                "One instance per combination: each list is an axis, rows a list of tables.");
    json_.field("type", "object").key("properties").begin_object();
    json_.key("parallel")
        .raw(
            R"({ "description": "Instances that run at once.", "type": "integer", "minimum": 1 })");
    json_.key("rows").raw(R"({ "type": "array", "items": { "type": "object" } })");
    json_.end_object().key("additionalProperties").raw(R"({ "type": "array" })");
    json_.end_object();
  }

  void write_connections() {
    json_.key("connections").begin_object();
    json_.field("description", "What several nodes share; a node says connection = \"NAME\".");
    json_.field("type", "object")
        .key("additionalProperties")
        .raw(R"({ "type": "object" })")
        .end_object();
  }

  void write_tests() {
    json_.key("test").begin_object().field("description", test_section().help);
    json_.field("type", "array").key("items").begin_object();
    json_.field("type", "object").key("additionalProperties").boolean(false);
    json_.key("required").texts({"name"});
    json_.key("properties").begin_object();
    for (const auto& option : test_section().options) {
      json_.key(option.name);
      // Expectations of ports may be written as tables in tables: [test.expect.NODE.PORT].
      if (option.name == "sources") {
        json_.begin_object().field("description", option.help).field("type", "object");
        json_.key("additionalProperties");
        write_table(test_rows_section().help, test_rows_section().options, {});
        json_.end_object();
      } else {
        write_option(option);
      }
    }
    json_.end_object().end_object().end_object();
  }

  /// [sources], [transforms] or [sinks]: `type` decides which options there are.
  void write_nodes(NodeKind kind) {
    json_.key(table_of(kind)).begin_object().field("type", "object");
    json_.key("additionalProperties").begin_object().field("type", "object");
    json_.key("properties").begin_object().key("type").begin_object();
    json_.key("enum").texts(registry_.names(kind)).end_object().end_object();
    json_.key("allOf").begin_array();
    for (const auto& name : registry_.names(kind)) {
      json_.begin_object();
      json_.key("if").begin_object().key("properties").begin_object();
      json_.key("type").begin_object().field("const", name).end_object().end_object();
      json_.key("required").texts({"type"}).end_object();
      json_.key("then").begin_object().field(
          "$ref", fmt::format("#/definitions/{}.{}", to_string(kind), name));
      json_.end_object().end_object();
    }
    json_.end_array().end_object().end_object();
  }

  void write_types(NodeKind kind) {
    for (const auto& name : registry_.names(kind)) {
      const auto& spec = registry_.find(kind, name)->spec;
      auto options = spec.options;
      for (auto& common : common_options(kind, spec.many_inputs)) {
        const bool is_own =
            std::any_of(options.begin(), options.end(),
                        [&](const OptionSpec& option) { return option.name == common.name; });
        // A connection may give the type; everything else that is required is checked with it in
        // mind.
        common.required = false;
        if (!is_own) options.push_back(std::move(common));
      }
      json_.key(fmt::format("{}.{}", to_string(kind), name));
      write_table(spec.summary, options, kind == NodeKind::source ? "" : "input");
    }
  }

  /// A table with known keys. What a connection may give is required only where there is none.
  void write_table(const std::string& help, const std::vector<OptionSpec>& options,
                   std::string_view input) {
    json_.begin_object();
    if (!help.empty()) json_.field("description", help);
    json_.field("type", "object").key("additionalProperties").boolean(false);
    json_.key("properties").begin_object();
    std::vector<std::string> required;
    std::set<std::string_view> names;
    for (const auto& option : options) {
      names.insert(option.name);
      json_.key(option.name);
      if (option.name == cursor_section().name) {
        write_table(option.help, cursor_section().options, "");
      } else {
        write_option(option);
      }
      if (option.required) required.push_back(option.name);
    }
    json_.end_object();
    const bool has_connection = names.count("connection") != 0;
    if (!required.empty() && !has_connection) json_.key("required").texts(required);
    const bool is_open = !required.empty() && has_connection;
    if (is_open || !input.empty())
      write_conditions(is_open ? required : std::vector<std::string>{}, input, names);
    json_.end_object();
  }

  /// What of a node must be there: its required options or a connection, and exactly one way to
  /// name its input.
  void write_conditions(const std::vector<std::string>& required, std::string_view input,
                        const std::set<std::string_view>& names) {
    json_.key("allOf").begin_array();
    if (!required.empty()) {
      json_.begin_object().key("anyOf").begin_array();
      json_.begin_object().key("required").texts({"connection"}).end_object();
      json_.begin_object().key("required").texts(required).end_object();
      json_.end_array().end_object();
    }
    if (!input.empty()) {
      json_.begin_object().key(names.count("inputs") != 0 ? "oneOf" : "allOf").begin_array();
      json_.begin_object().key("required").texts({"input"}).end_object();
      if (names.count("inputs") != 0)
        json_.begin_object().key("required").texts({"inputs"}).end_object();
      json_.end_array().end_object();
    }
    json_.end_array();
  }

  void write_option(const OptionSpec& option) {
    json_.begin_object().field("description", option.help);
    write_kind(option);
    if (!option.fallback.empty() && !option.secret) {
      json_.key("default");
      write_default(option);
    }
    json_.end_object();
  }

  void write_default(const OptionSpec& option) {
    const bool is_bare = option.kind == OptionKind::integer || option.kind == OptionKind::number ||
                         option.kind == OptionKind::boolean;
    const bool is_list = option.fallback.front() == '[' && option.kind != OptionKind::text;
    if (is_bare || is_list) {
      json_.raw(option.fallback);
    } else {
      json_.text(option.fallback);
    }
  }

  void write_kind(const OptionSpec& option) {
    switch (option.kind) {
      case OptionKind::text:
      case OptionKind::path:
      case OptionKind::column:
      case OptionKind::expression:
      case OptionKind::query:
      case OptionKind::duration:
      case OptionKind::size:
        json_.field("type", "string");
        return;
      case OptionKind::choice:
        json_.key("anyOf")
            .begin_array()
            .begin_object()
            .key("enum")
            .texts(option.choices)
            .end_object();
        json_.raw(kVariable).end_array();
        return;
      case OptionKind::integer:
        return write_scalar("integer");
      case OptionKind::number:
        return write_scalar("number");
      case OptionKind::boolean:
        return write_scalar("boolean");
      case OptionKind::names:
      case OptionKind::columns:
      case OptionKind::targets:
        json_.key("anyOf").raw(
            R"([{ "type": "string" }, { "type": "array", "items": { "type": "string" } }])");
        return;
      case OptionKind::types:
      case OptionKind::renames:
      case OptionKind::expressions:
        json_.field("type", "object").key("additionalProperties").raw(R"({ "type": "string" })");
        return;
      case OptionKind::any:
        return;
    }
  }

  void write_scalar(std::string_view type) {
    json_.key("anyOf")
        .begin_array()
        .begin_object()
        .field("type", type)
        .end_object()
        .raw(kVariable)
        .end_array();
  }

  const Registry& registry_;
  JsonWriter json_{2};
};

}  // namespace

std::string json_schema(const Registry& registry) { return SchemaWriter(registry).write(); }

}  // namespace flowrun
