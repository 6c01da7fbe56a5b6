#include "engine/plan/node_options.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/plan/option_check.h"
#include "engine/plan/source_position.h"
#include "engine/plan/toml_reader.h"

namespace flowrun {
namespace {

const OptionSpec* find_spec(const std::vector<OptionSpec>& specs, std::string_view name) {
  const auto found = std::find_if(specs.begin(), specs.end(),
                                  [&](const OptionSpec& spec) { return spec.name == name; });
  return found == specs.end() ? nullptr : &*found;
}

InputRef parse_input(const OptionValue& value) {
  const auto& text = value.text();
  const auto dot = text.find('.');
  InputRef ref{.node = text.substr(0, dot),
               .port = "",
               .span = value.span,
               .port_span = value.span,
               .upstream = std::nullopt};
  if (dot != std::string::npos) {
    ref.port = text.substr(dot + 1);
    ref.port_span = span_inside(value.span, dot + 1, ref.port.size());
  }
  return ref;
}

/// The inputs that stand before already.
std::vector<const InputRef*> repeated_inputs(const std::vector<InputRef>& inputs) {
  std::vector<const InputRef*> repeated;
  for (auto at = inputs.begin(); at != inputs.end(); ++at) {
    const bool is_again = std::any_of(inputs.begin(), at, [&](const InputRef& other) {
      return other.node == at->node && other.port == at->port;
    });
    if (is_again) repeated.push_back(&*at);
  }
  return repeated;
}

/// The other kinds that have a node type of this name, for a hint.
std::string other_kinds(const Registry& registry, NodeKind kind, const std::string& name) {
  for (const auto other : {NodeKind::source, NodeKind::transform, NodeKind::sink}) {
    if (other != kind && registry.find(other, name) != nullptr) {
      return fmt::format("\"{}\" is a {}; write it under [{}]", name, to_string(other),
                         table_of(other));
    }
  }
  return {};
}

/// Puts variables into a value that a factory looks at itself: strings under the keys `expressions`
/// take them as bound values, the others as text.
OptionValue apply_mixed(Interpolator& variables, const OptionValue& value,
                        const std::vector<std::string>& expressions) {
  if (!value.is_list() && !value.is_table()) return variables.apply(value, Form::resolved);
  auto out = value;
  if (value.is_list()) {
    for (auto& item : std::get<OptionValue::List>(out.value)) {
      item = apply_mixed(variables, item, expressions);
    }
    return out;
  }
  for (auto& [key, entry] : std::get<OptionValue::Table>(out.value)) {
    const bool is_expression =
        std::find(expressions.begin(), expressions.end(), key) != expressions.end();
    entry = is_expression ? variables.apply(entry, Form::expression)
                          : apply_mixed(variables, entry, expressions);
  }
  return out;
}

}  // namespace

RejectLimits read_reject_limits(const Options& options, const RejectLimits& otherwise,
                                const std::string& what, Diagnostics& diagnostics) {
  const bool has_limit = options.has("max_rejects") || options.has("max_reject_ratio");
  if (!options.has("on_error") && !has_limit) return otherwise;
  RejectLimits limits;
  limits.on_error = OnError::skip;
  if (options.has("on_error") && options.text("on_error") == "fail") {
    limits.on_error = OnError::fail;
    if (has_limit) {
      diagnostics.error(
          "conflicting-options", options.span("on_error"),
          fmt::format("{}: on_error = \"fail\" allows no reject, and a limit is given too", what),
          "leave one of them out; a limit alone means: skip up to it");
    }
  }
  const auto out_of_range = [&](const char* option, const char* range) {
    diagnostics.error("bad-value", options.span(option),
                      fmt::format("{}: option \"{}\" must be {}", what, option, range));
  };
  if (options.has("max_rejects")) {
    limits.max_rejects = options.integer("max_rejects");
    if (limits.max_rejects < 0) out_of_range("max_rejects", "0 or more");
  }
  if (options.has("max_reject_ratio")) {
    limits.max_reject_ratio = options.number("max_reject_ratio");
    if (!(limits.max_reject_ratio >= 0 && limits.max_reject_ratio <= 1)) {
      out_of_range("max_reject_ratio", "between 0 and 1");
    }
  }
  return limits;
}

NodeDraft NodeReader::read(const NodeDecl& decl) {
  variables_.forget_used();
  NodeDraft draft;
  draft.decl = &decl;
  const auto connection = read_connection(decl);
  draft.type = read_type(decl, connection.table);
  const auto table = resolve(decl, draft.type, connection);
  read_common(draft, table);
  if (draft.type != nullptr) {
    read_own(draft, table, connection.good);
  } else {
    has_unknown_types_ = true;
  }
  draft.variables = variables_.used();
  return draft;
}

NodeReader::Connection NodeReader::read_connection(const NodeDecl& decl) {
  const auto* written = decl.table.find("connection");
  if (written == nullptr) return {};
  const auto name = variables_.apply(*written, Form::resolved);
  const bool had_bad = has_bad_connection_;
  Connection out{.good = false};
  has_bad_connection_ = true;
  if (is_broken(name)) return out;
  if (!name.is_text()) {
    diagnostics_.error("wrong-type", written->span,
                       fmt::format("{}: option \"connection\" must be a string, not {}",
                                   decl.shown(), kind_of(name)));
    return out;
  }
  out.name = name.text();
  const auto* section = file_.section("connections");
  const auto* found = section == nullptr ? nullptr : section->find(name.text());
  if (found == nullptr) {
    std::vector<std::string> names;
    if (section != nullptr) {
      for (const auto& [known, table] : section->table()) names.push_back(known);
    }
    diagnostics_.error("unknown-connection", written->span,
                       fmt::format("{}: there is no connection \"{}\"", decl.shown(), name.text()),
                       names.empty() ? fmt::format("add [connections.{}]", name.text())
                                     : suggest(name.text(), names));
    return out;
  }
  connection_options_[name.text()];
  if (!found->is_table()) {
    diagnostics_.error(
        "wrong-type", found->span,
        fmt::format("connection \"{}\" must be a table, not {}", name.text(), kind_of(*found)),
        fmt::format("write [connections.{}]", name.text()));
    return out;
  }
  out.table = found;
  out.good = true;
  has_bad_connection_ = had_bad;
  return out;
}

const NodeType* NodeReader::read_type(const NodeDecl& decl, const OptionValue* connection) {
  const auto* written = decl.table.find("type");
  if (written == nullptr && connection != nullptr) written = connection->find("type");
  const auto known = registry_.names(decl.kind);
  if (written == nullptr) {
    diagnostics_.error("missing-option", decl.span,
                       fmt::format("{}: option \"type\" is missing", decl.shown()),
                       suggest("", known));
    return nullptr;
  }
  const auto name = variables_.apply(*written, Form::resolved);
  if (is_broken(name)) return nullptr;
  if (!name.is_text()) {
    diagnostics_.error(
        "wrong-type", written->span,
        fmt::format("{}: option \"type\" must be a string, not {}", decl.shown(), kind_of(name)));
    return nullptr;
  }
  const auto* type = registry_.find(decl.kind, name.text());
  if (type == nullptr) {
    auto hint = other_kinds(registry_, decl.kind, name.text());
    if (hint.empty()) hint = suggest(name.text(), known);
    diagnostics_.error("unknown-type", written->span,
                       fmt::format("{}: there is no {} of type \"{}\"", decl.shown(),
                                   to_string(decl.kind), name.text()),
                       std::move(hint));
  }
  return type;
}

NodeReader::Resolved NodeReader::resolve_option(const OptionValue& value, const OptionSpec* spec,
                                                NodeKind kind) {
  const bool window_allowed =
      spec != nullptr && kind == NodeKind::sink && spec->kind == OptionKind::path;
  const bool binds =
      spec != nullptr &&
      (spec->kind == OptionKind::expression || spec->kind == OptionKind::expressions ||
       spec->kind == OptionKind::targets || spec->kind == OptionKind::query);
  const auto form = binds ? Form::expression : Form::resolved;
  const bool is_mixed = spec != nullptr && !spec->expressions.empty();
  Resolved out{is_mixed ? apply_mixed(variables_, value, spec->expressions)
                        : variables_.apply(value, form, window_allowed),
               variables_.apply(value, Form::unresolved, window_allowed)};
  const bool wants_scalar =
      spec != nullptr && (spec->kind == OptionKind::integer || spec->kind == OptionKind::number ||
                          spec->kind == OptionKind::boolean);
  if (!wants_scalar || !value.is_text() || !has_variable(value.text()) || !out.value.is_text())
    return out;
  // "${limit}" where a number is wanted is the number that it stands for.
  if (auto scalar = read_toml_value(out.value.text()); scalar && !scalar->is_text()) {
    out.value.value = std::move(scalar->value);
  }
  return out;
}

NodeReader::ResolvedTable NodeReader::resolve(const NodeDecl& decl, const NodeType* type,
                                              const Connection& connection) {
  const std::vector<OptionSpec> none;
  const auto& specs = type == nullptr ? none : type->spec.options;
  ResolvedTable table;
  for (const auto& [key, value] : decl.table.table()) {
    if (key == "type" || key == "connection") continue;
    table.emplace_back(key, resolve_option(value, find_spec(specs, key), decl.kind));
  }
  if (const auto path = source_paths_.find(decl.name);
      path != source_paths_.end() && decl.kind == NodeKind::source) {
    std::erase_if(table, [](const auto& entry) { return entry.first == "path"; });
    const OptionValue value{.value = path->second, .span = decl.span, .key_span = decl.span};
    table.emplace_back("path", Resolved{value, value});
  }
  if (connection.table == nullptr || type == nullptr) return table;
  auto& taken = connection_options_[connection.name];
  for (const auto& spec : specs) {
    taken.insert(spec.name);
    const auto* shared = connection.table->find(spec.name);
    if (shared == nullptr || decl.table.find(spec.name) != nullptr) continue;
    table.emplace_back(spec.name, resolve_option(*shared, &spec, decl.kind));
  }
  return table;
}

void NodeReader::read_common(NodeDraft& draft, const ResolvedTable& table) {
  const auto& decl = *draft.decl;
  auto specs = common_options(decl.kind, draft.type == nullptr || draft.type->spec.many_inputs);
  OptionValue common;
  auto& entries = common.value.emplace<OptionValue::Table>();
  const OptionValue* one = nullptr;
  const OptionValue* many = nullptr;
  for (const auto& [key, resolved] : table) {
    if (key == "input") one = &resolved.value;
    if (key == "inputs") many = &resolved.value;
    const bool is_common = find_spec(specs, key) != nullptr;
    if (is_common && key != "input" && key != "inputs") entries.emplace_back(key, resolved.value);
  }
  // The type and the connection were looked at before.
  std::erase_if(specs, [](const OptionSpec& spec) { return spec.name == "type"; });
  const auto checked = check_table(common, decl.span, {decl.shown(), specs, {}, {}}, diagnostics_);
  draft.usable = checked.usable;
  const Options options(checked.values, decl.span);
  draft.limits = read_reject_limits(options, limits_, decl.shown(), diagnostics_);
  if (options.has("memory")) {
    draft.memory = options.size("memory");
    draft.memory_span = options.span("memory");
  }
  if (const auto* after = options.raw("after"); after != nullptr) {
    if (after->is_text()) {
      draft.after.push_back({after->text(), after->span});
    } else {
      for (const auto& item : after->list()) draft.after.push_back({item.text(), item.span});
    }
  }
  if (const auto* cursor = options.raw("cursor"); cursor != nullptr) draft.cursor = *cursor;
  if (decl.kind != NodeKind::source) read_inputs(draft, one, many);
}

void NodeReader::read_inputs(NodeDraft& draft, const OptionValue* one, const OptionValue* many) {
  const auto& decl = *draft.decl;
  const auto problem = [&](std::string code, const SourceSpan& span, const std::string& message,
                           std::string hint) {
    diagnostics_.error(std::move(code), span, decl.shown() + ": " + message, std::move(hint));
    draft.has_bad_input = true;
  };
  const bool takes_many = draft.type == nullptr || draft.type->spec.many_inputs;
  if (one == nullptr && many == nullptr) {
    return problem("missing-input", decl.span, "option \"input\" is missing",
                   takes_many
                       ? "say where its rows come from: input = \"…\" or inputs = [\"…\", \"…\"]"
                       : "say where its rows come from: input = \"…\"");
  }
  if (one != nullptr && many != nullptr) {
    return problem("conflicting-options", many->key_span, "both \"input\" and \"inputs\" are given",
                   "put them all into inputs = […]");
  }
  if (many != nullptr && !takes_many) {
    return problem("unknown-option", many->key_span, "it takes one input", "write input = \"…\"");
  }
  const auto& value = one != nullptr ? *one : *many;
  if (is_broken(value)) {
    draft.has_bad_input = true;
    return;
  }
  const OptionSpec spec{.name = one != nullptr ? "input" : "inputs",
                        .kind = one != nullptr ? OptionKind::text : OptionKind::names,
                        .example = one != nullptr ? "\"a\"" : "[\"a\", \"b.rejected\"]"};
  auto checked = value;
  if (!check_value(checked, spec, decl.shown(), diagnostics_)) {
    draft.has_bad_input = true;
    return;
  }
  if (checked.is_text()) {
    draft.inputs.push_back(parse_input(checked));
  } else {
    for (const auto& item : checked.list()) draft.inputs.push_back(parse_input(item));
  }
  if (draft.inputs.empty())
    problem("missing-input", value.span, "\"inputs\" is empty", "name at least one node");
  for (const auto* ref : repeated_inputs(draft.inputs)) {
    problem("duplicate-input", ref->span, "the same input is there twice", "name it once");
  }
}

void NodeReader::read_own(NodeDraft& draft, const ResolvedTable& table, bool connection_good) {
  const auto& decl = *draft.decl;
  const auto& spec = draft.type->spec;
  TableRules rules{decl.shown(), spec.options, {}, {}, connection_good};
  for (const auto& common : common_options(decl.kind, spec.many_inputs))
    rules.others.push_back(common.name);
  if (decl.kind != NodeKind::source) rules.others.push_back("inputs");  // read_inputs speaks of it
  OptionValue own;
  auto& entries = own.value.emplace<OptionValue::Table>();
  for (const auto& [key, resolved] : table) {
    // A common option with a wrong value was reported; the node need not say it again.
    entries.emplace_back(key, resolved.value);
  }
  auto checked = check_table(own, decl.span, rules, diagnostics_);
  draft.usable = draft.usable && checked.usable && connection_good;
  for (const auto& checked_option : checked.values) {
    const auto& key = checked_option.first;
    const auto& value = checked_option.second;
    const auto* option = find_spec(spec.options, key);
    const auto written = std::find_if(table.begin(), table.end(),
                                      [&](const auto& entry) { return entry.first == key; });
    if (written == table.end()) {
      draft.hashed_options.emplace_back(key, toml_text(value));
      continue;
    }
    const auto unresolved = toml_text(written->second.unresolved);
    const bool differs = unresolved != toml_text(written->second.value);
    draft.hashed_options.emplace_back(key, differs ? unresolved : toml_text(value));
    draft.shown_options.emplace_back(key, option->secret ? "\"***\"" : unresolved);
  }
  draft.options = Options(std::move(checked.values), decl.span);
}

void NodeReader::check_connections() {
  const auto* section = file_.section("connections");
  if (section == nullptr) return;
  for (const auto& [name, table] : section->table()) {
    const auto used = connection_options_.find(name);
    if (used == connection_options_.end()) {
      if (has_bad_connection_) continue;  // it may be the one that was meant
      diagnostics_.warning("unused-connection", table.key_span,
                           fmt::format("no node uses the connection \"{}\"", name));
      continue;
    }
    if (!table.is_table() || has_unknown_types_) continue;
    const std::vector<std::string> known(used->second.begin(), used->second.end());
    for (const auto& [key, value] : table.table()) {
      if (key == "type" || used->second.count(key) != 0) continue;
      diagnostics_.error(
          "unknown-option", value.key_span,
          fmt::format("connection \"{}\": no node that uses it has an option \"{}\"", name, key),
          suggest(key, known));
    }
  }
}

}  // namespace flowrun
