#include "tests/support/coverage_fake.h"

#include <fcntl.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/spec/coverage.h"

namespace flowrun::testing {
namespace {

bool rivals(const Marker& a, const Marker& b) { return overlaps(a.coverage, b.coverage); }

/// Fields in the order of the struct, inputs as name=print, all separated by tabs; the note last.
std::string line_of(const std::string& what, const CoverageStore::Prepared& entry) {
  const auto& c = entry.marker.coverage;
  std::ostringstream out;
  out << what << '\t' << static_cast<int>(c.kind) << '\t' << c.interval.from << '\t'
      << c.interval.until << '\t' << c.id << '\t' << c.plan_hash << '\t' << c.generation << '\t'
      << c.epoch << '\t' << c.run << '\t' << c.rows << '\t' << entry.marker.replaces << '\t';
  for (const auto& [name, print] : *c.inputs) out << name << '=' << print << ';';
  out << '\t' << entry.note << '\n';
  return out.str();
}

std::pair<std::string, CoverageStore::Prepared> entry_of(const std::string& line) {
  std::vector<std::string> fields;
  std::istringstream in(line);
  for (std::string field; std::getline(in, field, '\t');) fields.push_back(field);
  fields.resize(13);
  auto inputs = std::make_shared<InputSet>();
  std::istringstream list(fields[11]);
  for (std::string input; std::getline(list, input, ';');) {
    inputs->emplace(input.substr(0, input.find('=')), input.substr(input.find('=') + 1));
  }
  Marker marker{.key = {},
                .coverage = {.kind = static_cast<UnitKind>(std::stoi(fields[1])),
                             .interval = {std::stoll(fields[2]), std::stoll(fields[3])},
                             .id = fields[4],
                             .plan_hash = fields[5],
                             .inputs = std::move(inputs),
                             .generation = std::stoll(fields[6]),
                             .epoch = std::stoll(fields[7]),
                             .run = fields[8],
                             .rows = std::stoll(fields[9])},
                .replaces = std::stoll(fields[10])};
  return {fields[0], {std::move(marker), fields[12]}};
}

}  // namespace

CoverageFake::CoverageFake(std::string path) : path_(std::move(path)) {
  std::ifstream in(path_);
  for (std::string line; std::getline(in, line);) {
    const auto [what, entry] = entry_of(line);
    apply(what, entry);
  }
}

void CoverageFake::apply(const std::string& what, const Prepared& entry) {
  const auto same_unit = [&](const Prepared& other) { return rivals(other.marker, entry.marker); };
  if (what == "forget") {
    for (auto* list : {&prepared_, &committed_}) {
      std::erase_if(*list, [&](const Prepared& other) {
        return same_unit(other) &&
               other.marker.coverage.generation == entry.marker.coverage.generation;
      });
    }
    return;
  }
  std::erase_if(prepared_, same_unit);
  if (what == "prepare") {
    prepared_.push_back(entry);
  } else {
    for (const auto& old : std::exchange(committed_, {})) {
      const auto& there = old.marker.coverage;
      const auto& cell = entry.marker.coverage.interval;
      if (!same_unit(old)) committed_.push_back(old);
      if (!same_unit(old) || there.kind != UnitKind::window) continue;
      for (const Interval rest :
           {Interval{there.interval.from, cell.from}, Interval{cell.until, there.interval.until}}) {
        if (rest.from >= rest.until) continue;
        committed_.push_back(old);
        committed_.back().marker.coverage.interval = rest;
      }
    }
    committed_.push_back(entry);
  }
}

void CoverageFake::record(const std::string& what, const Prepared& entry) {
  if (!path_.empty()) {
    const auto file = open_file(path_, O_WRONLY | O_CREAT | O_APPEND);
    write_all(file.fd(), line_of(what, entry), path_);
  }
  apply(what, entry);
}

std::vector<Coverage> CoverageFake::load(const CoverageKey& /*key*/) {
  std::vector<Coverage> coverage;
  for (const auto& entry : committed_) coverage.push_back(entry.marker.coverage);
  return merge_coverage(std::move(coverage));
}

void CoverageFake::prepare(const Marker& marker, const std::string& note) {
  record("prepare", {marker, note});
}

void CoverageFake::commit(const Marker& marker, const std::string& note) {
  std::int64_t newest = 0;
  for (const auto& [there, its_note] : committed_) {
    if (!rivals(there, marker)) continue;
    if (its_note == note && there.coverage.generation == marker.coverage.generation) return;
    newest = std::max(newest, there.coverage.generation);
  }
  if (newest != marker.replaces) {
    throw Error(Errc::lease, "generation {} is committed, {} was expected", newest,
                marker.replaces);
  }
  record("commit", {marker, note});
}

void CoverageFake::forget(const Marker& marker) { record("forget", {marker, ""}); }

std::shared_ptr<void> SharedFake::get(const std::string& name,
                                      std::shared_ptr<void> (*make)(const std::string&)) {
  auto& object = objects_[name];
  if (!object) object = make(name);
  return object;
}

}  // namespace flowrun::testing
