#include "engine/core/json.h"
#include "engine/data/batch.h"
#include "engine/plan/graph_export.h"
#include "engine/plan/graph_model.h"

namespace flowrun {
namespace {

void write_limits(JsonWriter& json, const RejectLimits& limits) {
  json.field("on_error", limits.on_error == OnError::fail ? "fail" : "skip");
  if (limits.max_rejects >= 0) json.key("max_rejects").integer(limits.max_rejects);
  if (limits.max_reject_ratio >= 0) json.key("max_reject_ratio").number(limits.max_reject_ratio);
}

void write_outputs(JsonWriter& json, const PlanNode& node) {
  json.key("outputs").begin_array();
  for (const auto& port : node.binding.outputs) {
    json.begin_object().field("port", port.name).key("columns").begin_array();
    for (const auto& field : port.schema->fields()) {
      std::string column = "{ \"name\": ";
      append_json_string(column, field.name);
      json.raw(column + ", \"type\": \"" + to_string(field.type) +
               "\" }");  // one line each: there are many
    }
    json.end_array().end_object();
  }
  json.end_array();
}

void write_sink(JsonWriter& json, const PlanNode& node, const Plan& plan) {
  const auto& facts = node.binding.sink;
  json.field("target", shown_target(node, plan)).field("mode", facts.mode);
  json.key("key").texts(facts.key);
  json.key("window_keyed").boolean(node.window_keyed);
}

void write_node(JsonWriter& json, const InstancePlan& instance, const Plan& plan,
                std::size_t index) {
  const auto& node = instance.nodes[index];
  const auto form = form_of(node);
  json.begin_object().field("name", node.name).field("kind", to_string(node.kind));
  json.field("type", node.type->spec.name).field("form", to_string(form));
  json.key("options").begin_object();
  for (const auto& [option, value] : node.shown_options) json.field(option, value);
  json.end_object();
  if (form == BoxForm::source) json.key("credit_bytes").integer(credit_share(instance, plan));
  if (form == BoxForm::accumulator) {
    json.field("memory_bytes", node.memory).field("memory_is_shared", node.shares_memory);
  }
  if (form == BoxForm::sink) {
    write_sink(json, node, plan);
  } else {
    write_outputs(json, node);
  }
  json.key("rejects").begin_object();
  const bool is_taken = has_reject_taker(instance, index);
  json.key("taken").boolean(is_taken);
  if (!is_taken) write_limits(json, node.limits);
  json.end_object();
  json.key("notes").texts(node.binding.notes);
  json.end_object();
}

/// An arrow without rows: `node` waits for what the sink commits.
void write_wait(JsonWriter& json, const PlanNode& sink, const PlanNode& node) {
  json.begin_object().field("from", sink.name).field("to", node.name);
  json.key("waits").boolean(true).end_object();
}

void write_edge(JsonWriter& json, const InstancePlan& instance, const PlanNode& to,
                std::size_t input) {
  const auto& from = to.inputs[input];
  const auto& upstream = instance.nodes[from.node];
  const bool rejects = from.port == upstream.binding.outputs.size();
  json.begin_object().field("from", upstream.name);
  json.field("port",
             rejects ? kRejected : std::string_view(upstream.binding.outputs[from.port].name));
  json.field("to", to.name).key("rejects").boolean(rejects);
  json.key("max_batch_rows")
      .integer(kMaxBatchRows)
      .key("max_batch_bytes")
      .integer(kMaxBatchBytes)
      .end_object();
}

}  // namespace

std::string export_json(const InstancePlan& instance, const Plan& plan) {
  JsonWriter json(2);
  json.begin_object().key("format").integer(1);
  json.field("pipeline", plan.name).field("instance", instance.name);
  if (instance.window) {
    json.key("window").begin_object().field("column", instance.window->column);
    json.field("every", format_duration(instance.window->every));
    json.field("bounds", instance.window->bounds_as_written).end_object();
  }
  json.key("nodes").begin_array();
  for (std::size_t i = 0; i < instance.nodes.size(); ++i) write_node(json, instance, plan, i);
  json.end_array().key("edges").begin_array();
  for (const auto& node : instance.nodes) {
    for (std::size_t i = 0; i < node.inputs.size(); ++i) write_edge(json, instance, node, i);
    for (const auto sink : node.after) write_wait(json, instance.nodes[sink], node);
  }
  return json.end_array().end_object().str() + "\n";
}

}  // namespace flowrun
