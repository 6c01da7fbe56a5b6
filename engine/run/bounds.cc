#include "engine/run/bounds.h"

#include <algorithm>
#include <map>
#include <set>

#include "engine/core/error.h"

namespace flowrun {
namespace {

/// Under what an instance's origin is kept among the frozen values of its pipeline.
constexpr std::string_view kOrigin = "origin of ";

/// The axes of an instance's name: "ship=a,year=2026" as it is written.
std::set<std::string> axes_of(const std::string& instance) {
  std::set<std::string> axes;
  std::size_t begin = 0;
  while (begin < instance.size()) {
    const auto end = std::min(instance.find(',', begin), instance.size());
    axes.insert(instance.substr(begin, end - begin));
    begin = end + 1;
  }
  return axes;
}

/// True where two instances name one ship: what both name has the same value in both.
bool agree(const std::set<std::string>& a, const std::set<std::string>& b) {
  return std::all_of(a.begin(), a.end(), [&](const std::string& axis) {
    const auto name = axis.substr(0, axis.find('=') + 1);
    return b.contains(axis) || std::none_of(b.begin(), b.end(), [&](const std::string& other) {
             return other.starts_with(name);
           });
  });
}

Micros moment_of(const std::string& text) {
  const auto moment = parse_timestamp(text);
  if (!moment) throw Error(Errc::io, "the journal holds \"{}\" where a moment belongs", text);
  return moment->utc();
}

/// The least origin of the instances of a pipeline that agree with `instance`.
std::optional<Micros> origin_of(Journal* journal, const std::string& pipeline,
                                const std::string& instance) {
  if (journal == nullptr) return std::nullopt;
  const auto mine = axes_of(instance);
  std::optional<Micros> least;
  for (const auto& [name, value] : journal->frozen(pipeline)) {
    if (!name.starts_with(kOrigin) || !agree(mine, axes_of(name.substr(kOrigin.size())))) continue;
    const auto at = moment_of(value);
    least = std::min(least.value_or(at), at);
  }
  return least;
}

std::optional<Micros> own_origin(Journal* journal, const std::string& pipeline,
                                 const std::string& instance) {
  if (journal == nullptr) return std::nullopt;
  const auto known = journal->frozen(pipeline);
  const auto found = known.find(std::string(kOrigin) + instance);
  if (found == known.end()) return std::nullopt;
  return moment_of(found->second);
}

std::optional<Micros> first_loaded(const std::vector<CoveredSink>& sinks) {
  std::optional<Micros> first;
  for (const auto& sink : sinks) {
    for (const auto& entry : sink.covered) {
      if (entry.kind != UnitKind::window) continue;
      first = std::min(first.value_or(entry.interval.from), entry.interval.from);
    }
  }
  return first;
}

void go_on(WindowSpec& window, const InstancePlan& instance, const std::string& pipeline,
           const std::vector<CoveredSink>& sinks, Journal* journal, bool touches) {
  auto origin = own_origin(journal, pipeline, instance.name);
  if (!origin) {
    origin = first_loaded(sinks).value_or(window.from.value());
    if (touches && journal != nullptr) {
      journal->freeze(pipeline,
                      {{std::string(kOrigin) + instance.name, format_timestamptz(*origin)}});
    }
  }
  auto from = loaded_until(sinks, *origin);
  for (const auto& sink : sinks) {
    for (const auto& entry : sink.covered) {
      if (is_provisional(entry)) from = std::min(from, entry.interval.from);
    }
  }
  window.from = snap_down(std::max(from, *origin), window.every, window.align);
}

}  // namespace

Micros loaded_until(const std::vector<CoveredSink>& sinks, Micros origin) {
  std::optional<Micros> least;
  for (const auto& sink : sinks) {
    if (!sink.keeps) continue;
    std::vector<Interval> windows;
    for (const auto& entry : sink.covered) {
      if (entry.kind == UnitKind::window) windows.push_back(entry.interval);
    }
    std::sort(windows.begin(), windows.end());
    Micros end = origin;
    for (const auto& window : windows) {
      if (window.from > end) break;
      end = std::max(end, window.until);
    }
    least = std::min(least.value_or(end), end);
  }
  return least.value_or(origin);
}

void resolve_bounds(InstancePlan& instance, const std::string& pipeline,
                    const std::vector<CoveredSink>& sinks, Journal* journal, bool touches) {
  if (!instance.window) return;
  auto& window = *instance.window;
  if (window.from_watermark) go_on(window, instance, pipeline, sinks, journal, touches);
  if (window.until_origin.empty()) return;
  const auto origin = origin_of(journal, window.until_origin, instance.name);
  if (origin) {
    window.until = *origin;
  } else if (!window.until) {
    throw Error(
        Errc::plan,
        "pipeline \"{}\" has not begun yet, and this one ends where it began; run it first, "
        "or write until = \"origin:{} or now\"",
        window.until_origin, window.until_origin);
  }
}

}  // namespace flowrun
