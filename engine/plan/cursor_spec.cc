#include "engine/plan/cursor_spec.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/data/text.h"
#include "engine/plan/grammar.h"
#include "engine/plan/moment.h"
#include "engine/plan/option_check.h"

namespace flowrun {
namespace {

class CursorReader {
 public:
  CursorReader(const Options& options, const Schema& schema, std::string what, Micros now,
               Diagnostics& diagnostics)
      : options_(options),
        schema_(schema),
        what_(std::move(what)),
        now_(now),
        diagnostics_(diagnostics) {}

  std::optional<CursorSpec> read() {
    const auto column = find(options_.text("column"), "column");
    for (const auto& name : options_.names("per")) {
      if (const auto index = find(name, "per")) spec_.per.push_back(*index);
    }
    if (!column || !good_) return std::nullopt;
    spec_.column = *column;
    const auto type = schema_.field(*column).type;
    check_type(type);
    spec_.lag = options_.duration("lag");
    spec_.max_ahead = options_.duration("max_ahead");
    if (spec_.lag < 0) problem("lag", "must not be negative");
    if (spec_.max_ahead < 0) problem("max_ahead", "must not be negative");
    const bool has_time = type.is_time() || type.id == TypeId::date;
    if (spec_.lag != 0 && !has_time) problem("lag", "wants a column with times");
    const auto& missing = options_.text("on_missing");
    spec_.on_missing = missing == "skip"   ? OnMissing::skip
                       : missing == "load" ? OnMissing::load
                                           : OnMissing::reject;
    if (good_) read_initial(type);
    if (!good_) return std::nullopt;
    return spec_;
  }

 private:
  void problem(const std::string& option, const std::string& message, std::string hint = {}) {
    diagnostics_.error("bad-value", options_.span(option),
                       fmt::format("{}: option \"{}\" {}", what_, option, message),
                       std::move(hint));
    good_ = false;
  }

  std::optional<std::size_t> find(const std::string& name, const std::string& option) {
    const auto index = schema_.index_of(name);
    if (index) return index;
    diagnostics_.error("unknown-column", options_.span(option),
                       fmt::format("{}: the source has no column \"{}\"", what_, name),
                       suggest(name, schema_.names()));
    good_ = false;
    return std::nullopt;
  }

  void check_type(Type type) {
    switch (type.id) {
      case TypeId::int64:
      case TypeId::decimal:
      case TypeId::string:
      case TypeId::date:
      case TypeId::timestamp:
      case TypeId::timestamptz:
        return;
      case TypeId::boolean:
      case TypeId::float64:
      case TypeId::bytes:
        break;
    }
    diagnostics_.error(
        "wrong-type", options_.span("column"),
        fmt::format("{}: column \"{}\" is {}", what_, options_.text("column"), to_string(type)),
        "a cursor is a date, a timestamp, a number without rounding, or a string");
    good_ = false;
  }

  /// Kept in the form of the column's type; times may be relative.
  void read_initial(Type type) {
    if (!options_.has("initial")) return;
    const auto& text = options_.text("initial");
    ColumnBuilder builder(type);
    if (type.is_time() || type.id == TypeId::date) {
      const auto moment = parse_moment(text, now_);
      if (!moment)
        return problem("initial", "is no moment: \"" + text + "\"", std::string(kMomentForms));
      if (type.id == TypeId::date) {
        builder.append_date(static_cast<std::int32_t>(snap_down(moment->at, kDay, 0) / kDay));
      } else {
        builder.append_int64(moment->at);
      }
    } else if (!parse_append(builder, text)) {
      return problem("initial", fmt::format("is no {}: \"{}\"", to_string(type), text));
    }
    spec_.initial = text_of(*builder.finish(), 0);
  }

  const Options& options_;
  const Schema& schema_;
  std::string what_;
  Micros now_;
  Diagnostics& diagnostics_;
  CursorSpec spec_;
  bool good_ = true;
};

}  // namespace

std::optional<CursorSpec> resolve_cursor(const OptionValue& written, const Schema& schema,
                                         const std::string& node, bool has_window, Micros now,
                                         Diagnostics& diagnostics) {
  const auto what = node + ": cursor";
  if (!written.is_table()) {
    diagnostics.error("wrong-type", written.span,
                      fmt::format("{} must be a table, not {}", what, kind_of(written)),
                      "write cursor = { column = \"…\" }");
    return std::nullopt;
  }
  if (has_window) {
    diagnostics.error("conflicting-options", written.key_span,
                      what + " cannot go with [window]: both say which rows a run loads",
                      "leave one of them out");
    return std::nullopt;
  }
  const auto& grammar = cursor_section();
  const auto checked = check_table(written, written.key_span,
                                   {what, grammar.options, {}, grammar.later}, diagnostics);
  if (!checked.usable) return std::nullopt;
  const Options options(checked.values, written.key_span);
  return CursorReader(options, schema, what, now, diagnostics).read();
}

void check_cursors(const InstancePlan& plan, Diagnostics& diagnostics) {
  for (const auto& side : plan.sides) {
    const auto with = std::find_if(side.begin(), side.end(), [&](std::size_t node) {
      return plan.nodes[node].cursor.has_value();
    });
    if (with == side.end()) continue;
    for (const auto number : side) {
      const auto& node = plan.nodes[number];
      if (node.kind != NodeKind::source || node.cursor) continue;
      diagnostics.error(
          "missing-option", node.span,
          fmt::format(
              "source \"{}\" has no cursor, and source \"{}\" has one: every load would read all "
              "of it again",
              node.name, plan.nodes[*with].name),
          "give it a cursor, too, look it up with a lookup, or load it by a pipeline of its own");
    }
  }
}

}  // namespace flowrun
