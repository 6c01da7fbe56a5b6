#include "engine/plan/window_spec.h"

#include <fmt/format.h>

#include "engine/plan/grammar.h"
#include "engine/plan/moment.h"
#include "engine/plan/option_check.h"

namespace flowrun {
namespace {

class WindowReader {
 public:
  WindowReader(const Options& options, const OptionValue& unresolved, Micros now,
               Diagnostics& diagnostics)
      : options_(options), unresolved_(unresolved), now_(now), diagnostics_(diagnostics) {}

  std::optional<WindowDraft> read(const PlanOptions& given) {
    auto& spec = draft_.spec;
    spec.column = options_.text("column");
    draft_.column_span = options_.span("column");
    draft_.every_span = options_.span("every");
    spec.every = positive("every");
    spec.max_ahead = options_.duration("max_ahead");
    spec.in_flight = options_.integer("in_flight");
    if (spec.in_flight < 1) problem("in_flight", "must be at least 1");
    if (options_.has("lateness")) {
      spec.lateness = options_.duration("lateness");
      if (*spec.lateness < 0) problem("lateness", "must not be negative");
    }
    const auto& late = options_.text("late");
    spec.late = late == "skip"   ? LatePolicy::skip
                : late == "fail" ? LatePolicy::fail
                                 : LatePolicy::reject;
    read_align();
    if (const auto& zone = options_.text("timezone"); zone != "UTC") {
      diagnostics_.error("not-supported", options_.span("timezone"),
                         fmt::format("[window]: timezone \"{}\" is not supported yet", zone),
                         "windows are anchored in UTC; align = \"16h\" starts days at 16:00 UTC");
      good_ = false;
    }
    read_revisit();
    spec.from = read_from(given.window_from);
    spec.until = read_until(given.window_until);
    spec.bounds_as_written = written("from") + ".." + written("until");
    if (spec.from_watermark) spec.bounds_as_written += " from " + written("initial");
    if (good_) snap_bounds();
    if (!good_) return std::nullopt;
    return std::move(draft_);
  }

 private:
  void problem(const std::string& option, const std::string& message, std::string hint = {}) {
    diagnostics_.error("bad-value", options_.span(option),
                       fmt::format("[window]: option \"{}\" {}", option, message), std::move(hint));
    good_ = false;
  }

  Micros positive(const std::string& option) {
    const auto span = options_.duration(option);
    if (span <= 0)
      problem(option, fmt::format("must be longer than nothing: {}", format_duration(span)));
    return span;
  }

  void read_align() {
    if (!options_.has("align")) return;
    const auto& text = options_.text("align");
    if (const auto span = parse_duration(text)) {
      draft_.spec.align = *span;
    } else if (const auto moment = parse_moment(text, now_); moment && !moment->relative) {
      draft_.spec.align = moment->at;
    } else {
      problem("align", fmt::format("is neither a duration nor a moment: \"{}\"", text),
              "write \"30m\" to start windows half an hour past, or a moment at which one starts");
    }
  }

  std::string written(const std::string& option) const {
    const auto* value = unresolved_.find(option);
    return value != nullptr && value->is_text() ? value->text() : "";
  }

  void read_revisit() {
    if (!options_.has("revisit")) return;
    draft_.spec.revisit = options_.duration("revisit");
    if (draft_.spec.revisit < 0) problem("revisit", "must not be negative");
  }

  std::optional<Micros> read_from(const std::optional<std::string>& given) {
    const bool goes_on = options_.has("from") && options_.text("from") == "watermark";
    if (goes_on != options_.has("initial")) {
      problem(goes_on ? "from" : "initial",
              goes_on ? "goes on from what was loaded, and nothing says where the first run begins"
                      : "means something with from = \"watermark\" only",
              goes_on ? "add initial = \"now\", or another moment" : "");
      return std::nullopt;
    }
    if (given) return bound_given("from", *given);
    draft_.spec.from_watermark = goes_on;
    return bound(goes_on ? "initial" : "from");
  }

  std::optional<Micros> read_until(const std::optional<std::string>& given) {
    constexpr std::string_view kOrigin = "origin:";
    constexpr std::string_view kElse = " or ";
    if (given) return bound_given("until", *given);
    if (!options_.has("until")) return std::nullopt;
    const auto& text = options_.text("until");
    if (!text.starts_with(kOrigin)) return bound("until");
    const auto otherwise = text.find(kElse);
    draft_.spec.until_origin = text.substr(kOrigin.size(), otherwise - kOrigin.size());
    if (draft_.spec.until_origin.empty()) problem("until", "names no pipeline behind \"origin:\"");
    if (otherwise == std::string::npos) return std::nullopt;
    return bound("until", text.substr(otherwise + kElse.size()));
  }

  std::optional<Micros> bound_given(const std::string& option, const std::string& given) {
    const auto moment = parse_moment(given, now_);
    if (moment) return moment->at;
    diagnostics_.error("bad-value", {},
                       fmt::format("--window-{}: no moment: \"{}\"", option, given),
                       std::string(kMomentForms));
    good_ = false;
    return std::nullopt;
  }

  std::optional<Micros> bound(const std::string& option) {
    if (!options_.has(option)) return std::nullopt;
    return bound(option, options_.text(option));
  }

  std::optional<Micros> bound(const std::string& option, const std::string& text) {
    if (const auto moment = parse_moment(text, now_)) {
      if (!moment->relative && moment->offset.value_or(0) != 0) {
        draft_.zoned_bounds.push_back(options_.span(option));
      }
      return moment->at;
    }
    problem(option, fmt::format("is no moment: \"{}\"", text),
            std::string(kMomentForms) + (option == "from"    ? ", or \"watermark\""
                                         : option == "until" ? ", or \"origin:PIPELINE or now\""
                                                             : ""));
    return std::nullopt;
  }

  void snap_bounds() {
    auto& spec = draft_.spec;
    const auto from = spec.from;
    const auto until = spec.until;
    if (from) spec.from = snap_down(*from, spec.every, spec.align);
    if (until) spec.until = snap_down(*until, spec.every, spec.align);
    if (!from || !until || *spec.from < *spec.until) return;
    // Where the last run stopped may well be where this one would: then there is nothing to do yet.
    if (spec.from_watermark) return;
    const bool is_reversed = *from >= *until;
    diagnostics_.error(
        "bad-value", options_.has("from") ? options_.span("from") : options_.span("until"),
        is_reversed ? fmt::format("[window]: \"from\" is not before \"until\": {}, {}",
                                  format_timestamptz(*from), format_timestamptz(*until))
                    : fmt::format("[window]: there is no whole window of {} from {} until {}",
                                  format_duration(spec.every), format_timestamptz(*from),
                                  format_timestamptz(*until)),
        is_reversed ? "" : "both ends are put back to the start of their window");
    good_ = false;
  }

  const Options& options_;
  const OptionValue& unresolved_;
  Micros now_;
  Diagnostics& diagnostics_;
  WindowDraft draft_;
  bool good_ = true;
};

}  // namespace

std::optional<WindowDraft> resolve_window(const OptionValue& section, const PlanOptions& options,
                                          Micros now, Interpolator& variables,
                                          Diagnostics& diagnostics) {
  const auto resolved = variables.apply(section, Form::resolved);
  const auto unresolved = variables.apply(section, Form::unresolved);
  const auto& grammar = window_section();
  const auto checked = check_table(resolved, section.key_span,
                                   {"[window]", grammar.options, {}, grammar.later}, diagnostics);
  if (!checked.usable) return std::nullopt;
  const Options values(checked.values, section.key_span);
  return WindowReader(values, unresolved, now, diagnostics).read(options);
}

bool check_window_column(const WindowDraft& window, const Schema& schema, const std::string& node,
                         Diagnostics& diagnostics) {
  const auto& column = window.spec.column;
  const auto index = schema.index_of(column);
  if (!index) {
    diagnostics.error("unknown-column", window.column_span,
                      fmt::format("[window]: {} has no column \"{}\"", node, column),
                      suggest(column, schema.names()));
    return false;
  }
  const auto type = schema.field(*index).type;
  if (!type.is_time() && type.id != TypeId::date) {
    diagnostics.error(
        "wrong-type", window.column_span,
        fmt::format("[window]: column \"{}\" of {} is {}", column, node, to_string(type)),
        "windows are made of a date, timestamp or timestamptz; cast the column where it is read");
    return false;
  }
  if (type.id == TypeId::date && (window.spec.every % kDay != 0 || window.spec.align % kDay != 0)) {
    diagnostics.error(
        "bad-value", window.every_span,
        fmt::format("[window]: column \"{}\" of {} is a date, and windows of {} are no "
                    "whole days",
                    column, node, format_duration(window.spec.every)),
        "write every = \"1d\" or a multiple of it, and align to midnight");
    return false;
  }
  if (type.id != TypeId::timestamptz && !window.zoned_bounds.empty()) {
    diagnostics.error(
        "bad-value", window.zoned_bounds.front(),
        fmt::format("[window]: column \"{}\" of {} is {}, which has no zone, and the bound "
                    "names one",
                    column, node, to_string(type)),
        "write the bound without a zone, as the clock on the wall shows it");
    return false;
  }
  return true;
}

}  // namespace flowrun
