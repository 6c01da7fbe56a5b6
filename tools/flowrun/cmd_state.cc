// flowrun state: how far a pipeline has come, and what to do about it.
#include <algorithm>

#include "engine/core/error.h"
#include "engine/core/text_table.h"
#include "engine/data/text.h"
#include "engine/observe/numbers.h"
#include "engine/run/instance_state.h"
#include "tools/flowrun/command.h"
#include "tools/flowrun/output.h"

namespace flowrun::command {
namespace {

class StateCommand final : public Command {
 public:
  CommandSpec spec() override;
  int run(Session& session) override;

 private:
  int show(Session& session, const Plan& plan) const;
  int verify(Session& session, const Plan& plan) const;
  int change(Session& session, const Plan& plan) const;
  [[nodiscard]] CursorState changed(const PlanNode& source, CursorState state) const;
  [[nodiscard]] std::string checked_value(const PlanNode& source) const;

  std::string action_;
  PlanArguments plan_;
  std::optional<std::string> source_;
  std::optional<std::string> value_;
  std::optional<std::string> key_;
  bool json_ = false;
};

CommandSpec StateCommand::spec() {
  CommandSpec spec{
      "state",
      "how far a pipeline has come: windows, loads, cursors",
      {"flowrun state show pipeline.toml                 of every sink and every cursor",
       "flowrun state verify pipeline.toml               do journal and targets agree? (exit 1: "
       "no)",
       "flowrun state set pipeline.toml arrivals 2026-01-01T00:00:00    load from there on",
       "flowrun state set pipeline.toml arrivals 2026-01-01 --key chokepoint=Suez",
       "flowrun state clear pipeline.toml arrivals       forget a cursor: load from `initial`"},
      {}};
  plan_.declare(spec.arguments);
  auto& arguments = spec.arguments;
  arguments.insert(arguments.begin(), Argument{"ACTION",
                                               "",
                                               "show, verify, set or clear",
                                               &action_,
                                               {"show", "verify", "set", "clear"},
                                               true});
  arguments.insert(arguments.begin() + 2,
                   {Argument{"SOURCE", "", "set and clear: a source with a cursor", &source_},
                    Argument{"VALUE", "", "set: the least value to load from now on", &value_}});
  arguments.push_back(
      {"--key", "NAME=VALUE", "set and clear: only this mark of a cursor that has several", &key_});
  arguments.push_back({"--json", "", "print one JSON record on stdout", &json_});
  common.declare(arguments);
  return spec;
}

void write_state(JsonWriter& json, const InstanceState& state) {
  json.begin_object().field("instance", state.instance);
  json.field("watermark", state.watermark ? format_timestamptz(*state.watermark) : std::string());
  json.key("sinks").begin_array();
  for (const auto& sink : state.sinks) {
    json.begin_object()
        .field("name", sink.sink)
        .field("target", sink.target)
        .field("watermark", sink.watermark ? format_timestamptz(*sink.watermark) : std::string())
        .field("loads", sink.loads)
        .field("rows", sink.rows);
    json.key("windows").begin_array();
    for (const auto& entry : sink.covered) {
      if (entry.kind != UnitKind::window) continue;
      json.begin_object()
          .field("from", format_timestamptz(entry.interval.from))
          .field("until", format_timestamptz(entry.interval.until))
          .field("generation", entry.generation)
          .field("rows", entry.rows)
          .end_object();
    }
    json.end_array().end_object();
  }
  json.end_array().key("cursors").begin_array();
  for (const auto& [source, cursor] : state.cursors) {
    json.begin_object().field("source", source).key("marks").begin_array();
    for (const auto& [key, mark] : cursor.marks) {
      json.begin_object().field("key", key).field("value", mark.value).end_object();
    }
    json.end_array();
    json.field("interrupted_load", cursor.load ? cursor.load->id : std::string()).end_object();
  }
  json.end_array().end_object();
}

std::string as_text(const InstanceState& state, bool color) {
  std::string out = state.instance.empty() ? std::string() : state.instance + "\n";
  TextTable sinks;
  sinks.column("sink")
      .column("target")
      .column("committed until")
      .column("loads", TextTable::Align::right);
  sinks.column("rows", TextTable::Align::right);
  for (const auto& sink : state.sinks) {
    sinks.row({sink.sink, sink.target, sink.watermark ? format_timestamp(*sink.watermark) : "",
               sink.loads == 0 ? "" : with_commas(sink.loads), with_commas(sink.rows)});
  }
  sinks.drop_empty_columns();
  if (!sinks.empty()) out += sinks.render(color, 2);
  TextTable cursors;
  cursors.column("source").column("key").column("cursor").column("interrupted load");
  for (const auto& [source, cursor] : state.cursors) {
    for (const auto& [key, mark] : cursor.marks) cursors.row({source, key, mark.value, ""});
    if (cursor.load) {
      cursors.row({source, "", "", counted(cursor.load->rows, "row") + ", " + cursor.load->id});
    }
  }
  cursors.drop_empty_columns();
  if (!cursors.empty()) out += cursors.render(color, 2);
  return out.empty() ? "nothing is committed\n" : out;
}

int StateCommand::show(Session& session, const Plan& plan) const {
  const auto journal = session.journal(plan, false);
  JsonWriter json;
  begin_record(json, "flowrun.state/1", plan_.file);
  json.field("pipeline", plan.name).key("instances").begin_array();
  std::string text;
  for (const auto& instance : plan.instances) {
    const auto state =
        state_of(plan, instance,
                 {.journal = journal.get(), .clock = &session.clock(), .log = &session.log()});
    write_state(json, state);
    text += as_text(state, session.color_out());
  }
  json.end_array().end_object();
  write_out(json_ ? json.str() + "\n" : text);
  return kExitOk;
}

int StateCommand::verify(Session& session, const Plan& plan) const {
  const auto journal = session.journal(plan, false);
  JsonWriter json;
  begin_record(json, "flowrun.verify/1", plan_.file);
  json.field("pipeline", plan.name).key("instances").begin_array();
  std::string text;
  std::int64_t problems = 0;
  for (const auto& instance : plan.instances) {
    const auto state =
        state_of(plan, instance,
                 {.journal = journal.get(), .clock = &session.clock(), .log = &session.log()});
    const auto found = verify_state(plan, state, journal.get());
    problems += static_cast<std::int64_t>(found.size());
    json.begin_object().field("instance", instance.name).field("problems", found).end_object();
    for (const auto& line : found) {
      text += (instance.name.empty() ? "" : instance.name + ": ") + line + "\n";
    }
  }
  json.end_array().end_object();
  if (problems == 0) text = "journal and targets agree\n";
  write_out(json_ ? json.str() + "\n" : text);
  return problems == 0 ? kExitOk : kExitFailed;
}

const PlanNode& find_source(const InstancePlan& instance, const std::optional<std::string>& name) {
  std::vector<std::string> known;
  for (const auto& node : instance.nodes) {
    if (!node.cursor) continue;
    if (name && node.name == *name) return node;
    known.push_back(node.name);
  }
  if (known.empty()) throw Error(Errc::usage, "no source of the pipeline has a cursor");
  throw Error(Errc::usage, "which cursor is meant? {}", suggest(name.value_or(""), known));
}

/// The value in the form of the cursor's column.
std::string StateCommand::checked_value(const PlanNode& source) const {
  const auto type = source.binding.outputs.front().schema->field(source.cursor->column).type;
  ColumnBuilder builder(type);
  if (!parse_append(builder, *value_)) {
    throw Error(Errc::usage, "the cursor of \"{}\" is {}, and \"{}\" is none", source.name,
                to_string(type), *value_);
  }
  return text_of(*builder.finish(), 0);
}

CursorState StateCommand::changed(const PlanNode& source, CursorState state) const {
  if (state.load) {
    throw Error(Errc::usage,
                "a load of \"{}\" was interrupted; run the pipeline first, so that every sink gets "
                "it",
                source.name);
  }
  state.inputs.clear();
  state.held_back = false;
  const bool has_keys = !source.cursor->per.empty();
  if (key_ && !has_keys) {
    throw Error(Errc::usage, "--key: the cursor of \"{}\" has one mark only", source.name);
  }
  if (action_ == "clear") {
    if (!key_) return {};
    if (state.marks.erase(*key_) == 0) {
      std::vector<std::string> known;
      for (const auto& [key, mark] : state.marks) known.push_back(key);
      throw Error(Errc::usage, "--key: there is no mark \"{}\"; {}", *key_, suggest(*key_, known));
    }
    return state;
  }
  const CursorMark mark{.value = checked_value(source), .columns = {}, .ties = {}};
  if (key_ || !has_keys) {
    state.marks[key_.value_or("")] = mark;
  } else {
    if (state.marks.empty()) {
      throw Error(Errc::usage,
                  "the cursor of \"{}\" has a mark per key and none yet; name one: "
                  "--key NAME=VALUE",
                  source.name);
    }
    for (auto& [key, old] : state.marks) old = mark;
  }
  return state;
}

int StateCommand::change(Session& session, const Plan& plan) const {
  if (action_ == "set" && !value_) {
    throw Error(Errc::usage, "state set wants FILE SOURCE VALUE");
  }
  if (action_ == "clear" && value_) {
    throw Error(Errc::usage, "state clear takes no value: {}", *value_);
  }
  const auto journal = session.journal(plan, true);
  for (const auto& instance : plan.instances) {
    const auto& source = find_source(instance, source_);
    // Nobody may be loading meanwhile.
    const auto lease = journal->acquire(plan.name, instance.name);
    auto states = journal->cursors(plan.name, instance.name);
    const auto state = changed(source, std::move(states[source.name]));
    journal->put_cursors(plan.name, instance.name, {{source.name, state}});
    session.print(fmt::format(
        "{}cursor of {}: {}\n", instance.name.empty() ? "" : instance.name + ": ", source.name,
        state.marks.empty() ? "forgotten"
                            : counted(static_cast<std::int64_t>(state.marks.size()), "mark")));
  }
  return kExitOk;
}

int StateCommand::run(Session& session) {
  const bool changes = action_ == "set" || action_ == "clear";
  if (!changes && (source_ || value_ || key_)) {
    throw Error(Errc::usage, "state {} takes a pipeline file only", action_);
  }
  const auto plan = session.plan(plan_);
  if (!plan) return kExitUsage;
  if (changes) return change(session, *plan);
  return action_ == "show" ? show(session, *plan) : verify(session, *plan);
}

}  // namespace

std::unique_ptr<Command> make_state_command() { return std::make_unique<StateCommand>(); }

}  // namespace flowrun::command
