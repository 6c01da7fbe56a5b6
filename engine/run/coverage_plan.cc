#include "engine/run/coverage_plan.h"

#include <algorithm>

#include "engine/core/error.h"
#include "engine/core/hash.h"

namespace flowrun {
namespace {

/// True where `part` is in `whole` with the same fingerprints.
bool contains(const InputSet& whole, const InputSet& part) {
  return std::all_of(part.begin(), part.end(), [&](const auto& input) {
    const auto found = whole.find(input.first);
    return found != whole.end() && found->second == input.second;
  });
}

/// An input that both name with different fingerprints.
const std::string* changed(const InputSet& before, const InputSet& now) {
  for (const auto& [name, fingerprint] : now) {
    const auto found = before.find(name);
    if (found != before.end() && found->second != fingerprint) return &found->first;
  }
  return nullptr;
}

InputSet without(const InputSet& all, const InputSet& less) {
  InputSet rest;
  for (const auto& input : all) {
    if (!less.contains(input.first)) rest.insert(input);
  }
  return rest;
}

InputSet together(InputSet a, const InputSet& b) {
  a.insert(b.begin(), b.end());
  return a;
}

/// Ends the plan hash of a window that will be loaded once more.
constexpr std::string_view kProvisional = "+";

}  // namespace

bool is_provisional(const Coverage& entry) { return entry.plan_hash.ends_with(kProvisional); }

bool is_of_plan(const Coverage& entry, const std::string& plan_hash) {
  return entry.plan_hash == plan_hash ||
         (is_provisional(entry) && entry.plan_hash == plan_hash + std::string(kProvisional));
}

std::string CoveragePlan::hash_of(std::size_t number, const Unit& unit, bool unsettled) const {
  const auto& sink = sinks_[number];
  const bool too_soon = revisit_ > 0 && now_ < unit.interval.until + revisit_;
  const bool provisional =
      unit.kind == UnitKind::window && sink.idempotent && (too_soon || unsettled);
  return provisional ? sink.plan_hash + std::string(kProvisional) : sink.plan_hash;
}

std::string load_id(const InputSet& inputs) {
  std::string text;
  for (const auto& [name, print] : inputs) text += name + '\n' + print + '\n';
  return fingerprint(text);
}

bool CoveragePlan::has_coverage() const {
  return std::any_of(sinks_.begin(), sinks_.end(), [](const CoveredSink& s) { return s.keeps; });
}

const Coverage* CoveragePlan::find(const CoveredSink& sink, UnitKind kind, Interval cell,
                                   const std::string& id) const {
  for (const auto& entry : sink.covered) {
    if (entry.kind != kind) continue;
    if (kind == UnitKind::window) {
      if (entry.interval.from <= cell.from && cell.until <= entry.interval.until) return &entry;
    } else if (kind == UnitKind::unplaced || entry.id == id) {
      return &entry;
    }
  }
  return nullptr;
}

std::int64_t CoveragePlan::overlapping(const CoveredSink& sink, UnitKind kind, Interval cell) {
  std::int64_t newest = 0;
  for (const auto& entry : sink.covered) {
    const bool touches = entry.interval.from < cell.until && cell.from < entry.interval.until;
    if (kind == UnitKind::window && entry.kind == kind && touches)
      newest = std::max(newest, entry.generation);
  }
  return newest;
}

InputSet CoveragePlan::complete(const CoveredSink& sink) const {
  InputSet inputs;
  const auto kind = windowed_ ? UnitKind::unplaced : UnitKind::load;
  for (const auto& entry : sink.covered) {
    if (entry.kind == kind && is_of_plan(entry, sink.plan_hash)) {
      inputs.insert(entry.inputs->begin(), entry.inputs->end());
    }
  }
  return inputs;
}

void CoveragePlan::refuse_changes(const CoveredSink& sink, const InputSet& all) const {
  if (sink.covered.empty()) return;
  const std::string what =
      "sink \"" + sink.node + "\" appends, and what it has loaded cannot be taken back";
  const std::string next = "; clear the target and load it anew, or use mode \"upsert\" with a key";
  if (full_) throw Error(Errc::plan, "--full would load rows twice: {}{}", what, next);
  for (const auto& entry : sink.covered) {
    if (const auto* name = changed(*entry.inputs, all)) {
      throw Error(Errc::plan, "input {} has changed since it was loaded (run {}): {}{}", *name,
                  entry.run, what, next);
    }
    if (!is_of_plan(entry, sink.plan_hash)) {
      throw Error(Errc::plan, "the pipeline upstream has changed since run {}: {}{}", entry.run,
                  what, next);
    }
  }
}

std::optional<InputSet> CoveragePlan::append_round(const InputSet& all) const {
  InputSet done = all;
  InputSet started;
  for (const auto& sink : sinks_) {
    if (!sink.keeps) continue;
    if (!sink.idempotent) refuse_changes(sink, all);
    const auto whole = complete(sink);
    done = without(done, without(done, whole));
    for (const auto& entry : sink.covered) {
      if (!sink.idempotent) started.insert(entry.inputs->begin(), entry.inputs->end());
    }
  }
  const auto rest = without(all, done);
  if (rest.empty()) return std::nullopt;
  // What an interrupted run had begun is finished with the inputs that it had, so that no unit
  // mixes rows that one sink has with rows that it lacks.
  const auto interrupted = without(rest, without(rest, started));
  return interrupted.empty() ? rest : interrupted;
}

std::optional<InputSet> CoveragePlan::whole_round(const InputSet& all) const {
  if (full_) return all;
  const bool covered = std::all_of(sinks_.begin(), sinks_.end(), [&](const CoveredSink& sink) {
    if (!sink.keeps) return true;
    if (windowed_) {
      const auto* last = find(sink, UnitKind::unplaced, {}, {});
      const bool same =
          std::all_of(sink.covered.begin(), sink.covered.end(), [&](const Coverage& entry) {
            return is_of_plan(entry, sink.plan_hash) && changed(*entry.inputs, all) == nullptr;
          });
      return last != nullptr && same && contains(*last->inputs, all);
    }
    const auto* load = find(sink, UnitKind::load, {}, load_id(all));
    return load != nullptr && is_of_plan(*load, sink.plan_hash);
  });
  if (covered) return std::nullopt;
  return all;
}

std::optional<InputSet> CoveragePlan::next_round(const InputSet& all) {
  const bool appends = std::any_of(sinks_.begin(), sinks_.end(),
                                   [](const CoveredSink& s) { return s.keeps && !s.idempotent; });
  if (!read_.empty() && without(all, read_).empty()) return std::nullopt;
  std::optional<InputSet> next = all;
  if (has_coverage()) next = appends ? append_round(all) : whole_round(all);
  if (next) round_ = *next;
  return next;
}

std::vector<std::string> CoveragePlan::new_inputs() const {
  std::vector<std::string> names;
  for (const auto& input : round_) {
    const bool known = std::all_of(sinks_.begin(), sinks_.end(), [&](const CoveredSink& sink) {
      return !sink.keeps ||
             std::any_of(sink.covered.begin(), sink.covered.end(), [&](const Coverage& c) {
               const auto found = c.inputs->find(input.first);
               return found != c.inputs->end() && found->second == input.second;
             });
    });
    if (!known) names.push_back(input.first);
  }
  return names;
}

SinkPart CoveragePlan::decide(std::size_t number, UnitKind kind, Interval cell,
                              const std::string& id) const {
  const auto& sink = sinks_[number];
  SinkPart part{.inputs = std::make_shared<const InputSet>(round_)};
  part.skip = number < skips_.size() && skips_[number];
  if (!sink.keeps || part.skip) return part;
  const auto* entry = find(sink, kind, cell, id);
  if (entry == nullptr) {
    part.replaces = overlapping(sink, kind, cell);
    part.generation = part.replaces + 1;
    return part;
  }
  part.generation = entry->generation + 1;
  part.replaces = entry->generation;
  if (!sink.idempotent) {
    part.skip = contains(*entry->inputs, round_);
    part.inputs = std::make_shared<const InputSet>(together(round_, *entry->inputs));
    return part;
  }
  if (full_ || !is_of_plan(*entry, sink.plan_hash)) return part;
  const bool is_due = is_provisional(*entry) && now_ >= cell.until + revisit_;
  if (is_due) return part;
  if (contains(*entry->inputs, round_)) {
    part.skip = true;
  } else if (changed(*entry->inputs, round_) == nullptr && kind == UnitKind::window) {
    part.skip = cell.until <= new_rows_from_;
  }
  return part;
}

Interval CoveragePlan::clip(std::size_t number, Interval stretch, Interval cell) const {
  for (const auto& entry : sinks_[number].covered) {
    if (entry.kind != UnitKind::window || entry.interval.from >= cell.from) continue;
    if (entry.interval.until > stretch.from)
      stretch.from = std::min(entry.interval.until, cell.from);
  }
  return stretch;
}

void CoveragePlan::committed(const Marker& marker, std::size_t number) {
  auto& covered = sinks_[number].covered;
  if (marker.replaces != 0 && marker.coverage.kind == UnitKind::window) {
    // The new generation takes its cell out of the entry that held it.
    std::vector<Coverage> kept;
    for (const auto& entry : covered) {
      const auto& cell = marker.coverage.interval;
      if (entry.kind != UnitKind::window || entry.interval.until <= cell.from ||
          cell.until <= entry.interval.from) {
        kept.push_back(entry);
        continue;
      }
      for (const Interval rest :
           {Interval{entry.interval.from, cell.from}, Interval{cell.until, entry.interval.until}}) {
        if (rest.from >= rest.until) continue;
        kept.push_back(entry);
        kept.back().interval = rest;
      }
    }
    covered = std::move(kept);
  } else if (marker.replaces != 0) {
    std::erase_if(covered, [&](const Coverage& entry) {
      return entry.kind == marker.coverage.kind && entry.id == marker.coverage.id;
    });
  }
  covered.push_back(marker.coverage);
}

void CoveragePlan::replace(std::size_t number, std::vector<Coverage> covered) {
  sinks_[number].covered = std::move(covered);
}

}  // namespace flowrun
