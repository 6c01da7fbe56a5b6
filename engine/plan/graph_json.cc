#include "engine/data/batch.h"
#include "engine/plan/graph_export.h"
#include "engine/plan/graph_model.h"
#include "engine/plan/json_text.h"
#include "engine/spec/reject.h"

namespace flowrun {
namespace {

void write_limits(JsonText& json, const RejectLimits& limits) {
  json.entry("on_error", limits.on_error == OnError::fail ? "fail" : "skip");
  if (limits.max_rejects >= 0) json.key("max_rejects").number(limits.max_rejects);
  if (limits.max_reject_ratio >= 0) json.key("max_reject_ratio").number(limits.max_reject_ratio);
}

void write_outputs(JsonText& json, const PlanNode& node) {
  json.key("outputs").begin_list();
  for (const auto& port : node.binding.outputs) {
    json.begin_object().entry("port", port.name).key("columns").begin_list();
    for (const auto& field : port.schema->fields()) {
      std::string column = "{ \"name\": ";
      append_json_string(column, field.name);
      json.raw(column + ", \"type\": \"" + to_string(field.type) +
               "\" }");  // one line each: there are many
    }
    json.end_list().end_object();
  }
  json.end_list();
}

void write_sink(JsonText& json, const PlanNode& node, const Plan& plan) {
  const auto& facts = node.binding.sink;
  json.entry("target", shown_target(node, plan)).entry("mode", facts.mode);
  json.key("key").texts(facts.key);
  json.key("window_keyed").boolean(node.window_keyed);
}

void write_node(JsonText& json, const InstancePlan& instance, const Plan& plan, std::size_t index) {
  const auto& node = instance.nodes[index];
  const auto form = form_of(node);
  json.begin_object().entry("name", node.name).entry("kind", to_string(node.kind));
  json.entry("type", node.type->spec.name).entry("form", to_string(form));
  json.key("options").begin_object();
  for (const auto& [option, value] : node.shown_options) json.entry(option, value);
  json.end_object();
  if (form == BoxForm::source) json.key("credit_bytes").number(credit_share(instance, plan));
  if (form == BoxForm::accumulator) json.key("memory_bytes").number(node.memory);
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

void write_edge(JsonText& json, const InstancePlan& instance, const PlanNode& to,
                std::size_t input) {
  const auto& from = to.inputs[input];
  const auto& upstream = instance.nodes[from.node];
  const bool rejects = from.port == upstream.binding.outputs.size();
  json.begin_object().entry("from", upstream.name);
  json.entry("port",
             rejects ? kRejected : std::string_view(upstream.binding.outputs[from.port].name));
  json.entry("to", to.name).key("rejects").boolean(rejects);
  json.key("max_batch_rows")
      .number(kMaxBatchRows)
      .key("max_batch_bytes")
      .number(kMaxBatchBytes)
      .end_object();
}

}  // namespace

std::string export_json(const InstancePlan& instance, const Plan& plan) {
  JsonText json;
  json.begin_object().key("format").number(std::int64_t{1});
  json.entry("pipeline", plan.name).entry("instance", instance.name);
  if (instance.window) {
    json.key("window").begin_object().entry("column", instance.window->column);
    json.entry("every", format_duration(instance.window->every));
    json.entry("bounds", instance.window->bounds_as_written).end_object();
  }
  json.key("nodes").begin_list();
  for (std::size_t i = 0; i < instance.nodes.size(); ++i) write_node(json, instance, plan, i);
  json.end_list().key("edges").begin_list();
  for (const auto& node : instance.nodes) {
    for (std::size_t i = 0; i < node.inputs.size(); ++i) write_edge(json, instance, node, i);
  }
  return json.end_list().end_object().finish();
}

}  // namespace flowrun
