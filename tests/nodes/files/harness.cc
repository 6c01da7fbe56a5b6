#include "tests/nodes/files/harness.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "engine/spec/coverage.h"

namespace flowrun::testing {

Unit hour(int number) {
  return {.index = static_cast<std::uint32_t>(number),
          .kind = UnitKind::window,
          .interval = {number * kHour, (number + 1) * kHour},
          .id = format_timestamp(number * kHour),
          .run = "run"};
}

Unit load_of(const std::string& id) {
  return {.index = 1000, .kind = UnitKind::load, .id = id, .run = "run"};
}

Unit unplaced() {
  return {.index = 1001, .kind = UnitKind::unplaced, .id = "unplaced", .run = "run"};
}

FileRun::FileRun(const NodeType& type, BindFake::Given options, const std::string& fields,
                 CoverageStore& store, const std::string& scratch)
    : fields_(fields) {
  BindFake bind(type, options, {schema_of(fields)});
  bind.window = "ts";
  binding_ = bind.bind();
  if (!binding_.make_sink) throw std::runtime_error(bind.problems());
  context_ = {.key = {.pipeline = "p", .instance = "", .sink = "s", .target = binding_.sink.target},
              .run = "run",
              .spool_directory = scratch,
              .coverage = &store,
              .shared = &shared_,
              .log = &log_};
}

void FileRun::start() {
  context_.memory = memory;
  sink_ = binding_.make_sink();
  covered_ = sink_->covered(context_);
  sink_->open(context_);
}

static Coverage wanted(const Unit& unit) {
  const bool window = unit.kind == UnitKind::window;
  return {.kind = unit.kind, .interval = unit.interval, .id = window ? "" : unit.id};
}

bool FileRun::is_done(const Unit& unit) const {
  return std::any_of(covered_.begin(), covered_.end(), [&](const Coverage& entry) {
    return overlaps(entry, wanted(unit)) && entry.plan_hash == plan_hash && *entry.inputs == inputs;
  });
}

void FileRun::stage(const Unit& unit, const std::vector<BatchRef>& rows) {
  sink_->begin(unit);
  for (const auto& batch : rows) {
    written_[unit.index] += batch->rows();
    sink_->write(unit, sink_->encode(batch));
  }
}

void FileRun::prepare(const Unit& unit) {
  auto coverage = wanted(unit);
  coverage.interval.from -= stretch * kHour;
  coverage.plan_hash = plan_hash;
  coverage.inputs = std::make_shared<const InputSet>(inputs);
  coverage.run = "run";
  coverage.rows = written_[unit.index];
  std::int64_t replaces = 0;
  for (const auto& entry : covered_) {
    if (overlaps(entry, coverage)) replaces = std::max(replaces, entry.generation);
  }
  coverage.generation = replaces + 1;
  const Marker marker{.key = context_.key, .coverage = coverage, .replaces = replaces};
  sink_->prepare(unit, marker, [](const std::vector<Reject>&) {
    throw std::runtime_error("a file refused rows");
  });
}

bool FileRun::put(const Unit& unit, const std::vector<BatchRef>& rows) {
  if (is_done(unit)) return false;
  stage(unit, rows);
  prepare(unit);
  commit(unit);
  return true;
}

bool FileRun::put(const Unit& unit, const std::string& rows, std::uint64_t first) {
  std::vector<BatchRef> batches;
  if (!rows.empty()) batches.push_back(batch_of(fields_, rows, first));
  return put(unit, batches);
}

std::string FileRun::covered() const {
  auto entries = const_cast<Sink&>(*sink_).covered(context_);
  std::string out;
  for (const auto& entry : merge_coverage(std::move(entries))) {
    std::ostringstream one;
    one << (out.empty() ? "" : "; ") << to_string(entry.kind) << ' ';
    if (entry.kind == UnitKind::window) {
      one << entry.interval.from / kHour << '-' << entry.interval.until / kHour << 'h';
    } else {
      one << entry.id;
    }
    one << " gen " << entry.generation << " rows " << entry.rows;
    out += one.str();
  }
  return out;
}

std::string FileRun::steps() const {
  std::string out;
  for (const auto& step : binding_.make_sink()->steps(context_)) {
    out += (step.destructive ? "destructive: " : "") + step.text + "\n";
  }
  return out;
}

std::string content(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return "(no file)";
  return {std::istreambuf_iterator<char>(in), {}};
}

void put_content(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::string names_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : " ") + name;
  return out;
}

}  // namespace flowrun::testing
