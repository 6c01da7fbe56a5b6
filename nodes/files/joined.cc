// One file that holds all units of a pipeline, joined from parts at the end of a run.
#include <algorithm>
#include <optional>
#include <utility>

#include "nodes/files/inventory.h"
#include "nodes/files/output.h"
#include "nodes/files/parts_folder.h"
#include "nodes/files/stage.h"

namespace flowrun::nodes {
namespace {

class JoinedFileSink final : public Sink {
 public:
  explicit JoinedFileSink(FileOutputRef output) : output_(std::move(output)), parts_(output_) {}
  std::vector<PlanStep> steps(const SinkContext& context) override;
  std::vector<Coverage> covered(const SinkContext& context) override;
  void open(const SinkContext& context) override;
  std::unique_ptr<Encoded> encode(BatchRef batch) const override {
    return encode_lines(*output_, std::move(batch));
  }
  void begin(const Unit& unit) override {
    staging_->begin(unit, [this]() -> FilePart& { return parts_.free_part(); });
  }
  void write(const Unit& unit, std::unique_ptr<Encoded> rows) override {
    staging_->write(unit, std::move(rows->batch));
  }
  void prepare(const Unit& unit, const Marker& marker, const Refuse& refuse) override;
  void commit(const Unit& unit) override;
  void abort(const Unit& unit) noexcept override;
  void close(bool complete) override;

 private:
  [[nodiscard]] std::int64_t sequence_of(const FileRange& range) const;

  FileOutputRef output_;
  FileParts parts_;
  SinkContext context_;
  std::optional<LineStaging> staging_;
  std::vector<FileUnit> units_;  ///< what the file is to be made of
  std::optional<FileUnit> prepared_;
};

std::vector<PlanStep> JoinedFileSink::steps(const SinkContext& context) {
  const auto inventory = take_inventory(*output_, *context.coverage, context.key);
  const bool ours = inventory.whole || inventory.joined;
  if (size_of_file(output_->path) < 0) return {{.text = "make the file " + output_->path}};
  if (!ours)
    return {{.text = "replace the file " + output_->path + ", which holds something else now",
             .destructive = true}};
  return {};
}

std::vector<Coverage> JoinedFileSink::covered(const SinkContext& context) {
  std::vector<Coverage> covered;
  for (auto& unit : take_inventory(*output_, *context.coverage, context.key).units) {
    covered.push_back(std::move(unit.marker.coverage));
  }
  return covered;
}

void JoinedFileSink::open(const SinkContext& context) {
  context_ = context;
  staging_.emplace(context.memory, context.spool_directory);
  auto& store = *context.coverage;
  auto inventory = take_inventory(*output_, store, context.key);
  for (const auto& unit : inventory.finished) store.commit(unit.marker, to_text(unit.range));
  for (const auto& marker : inventory.hopeless) store.forget(marker);
  for (const auto& marker : inventory.lost) store.forget(marker);
  parts_.recover(inventory);
  units_ = std::move(inventory.units);
}

/// Loads stand in the order in which they came; one that is loaded again keeps its place.
std::int64_t JoinedFileSink::sequence_of(const FileRange& range) const {
  std::int64_t last = 0;
  for (const auto& unit : units_) {
    if (same_unit(unit.range, range)) return unit.range.sequence;
    last = std::max(last, unit.range.sequence);
  }
  return last + 1;
}

void JoinedFileSink::prepare(const Unit& unit, const Marker& marker, const Refuse& /*refuse*/) {
  auto range = range_of(unit, marker.coverage.generation);
  if (range.kind == UnitKind::load) range.sequence = sequence_of(range);
  range.format = output_->format;
  parts_.begin_change();
  if (const auto extent = staging_->finish(unit)) {
    const auto& part = *staging_->at(unit).part();
    // Nothing depends on these bytes being durable before the parts are joined (recovery compares
    // digests): so the disk begins to write now, and close() waits for it once instead of every
    // unit.
    start_writing_back(part.file.fd(), extent->offset, extent->length);
    range.part = part.number;
    range.offset = extent->offset;
    range.length = extent->length;
    range.digest = extent->digest;
  }
  context_.coverage->prepare(marker, to_text(range));
  prepared_ = {marker, std::move(range)};
}

void JoinedFileSink::commit(const Unit& unit) {
  context_.coverage->commit(prepared_->marker, to_text(prepared_->range));
  staging_->end(unit);
  auto& marker = prepared_->marker;
  if (marker.replaces != 0 || marker.coverage.kind == UnitKind::load) {
    const auto old = std::partition(units_.begin(), units_.end(), [&](const FileUnit& there) {
      return !supersedes(*prepared_, there);
    });
    for (auto at = old; at != units_.end(); ++at) {
      if (at->range.id != prepared_->range.id) context_.coverage->forget(at->marker);
    }
    units_.erase(old, units_.end());
  }
  units_.push_back(std::move(*prepared_));
  prepared_.reset();
}

void JoinedFileSink::abort(const Unit& unit) noexcept {
  staging_->drop(unit);
  if (!prepared_ || !same_unit(prepared_->range, range_of(unit, prepared_->range.generation)))
    return;
  try {
    context_.coverage->forget(prepared_->marker);
  } catch (const std::exception& error) {
    context_.log->warning("{}: {} is not forgotten: {}; the next run does it", output_->path,
                          unit.shown(), error.what());
  }
  prepared_.reset();
}

void JoinedFileSink::close(bool complete) {
  if (!complete || !parts_.has_changes()) return;
  if (units_.empty()) return parts_.discard();
  std::vector<FileRange> ranges;
  for (const auto& unit : units_) ranges.push_back(unit.range);
  parts_.join(std::move(ranges));
}

}  // namespace

std::unique_ptr<Sink> make_joined_file_sink(FileOutputRef output) {
  return std::make_unique<JoinedFileSink>(std::move(output));
}

}  // namespace flowrun::nodes
