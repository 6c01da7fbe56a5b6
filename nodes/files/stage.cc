#include "nodes/files/stage.h"

#include <algorithm>
#include <utility>

#include "nodes/formats/line_builder.h"

namespace flowrun::nodes {
namespace {

/// Where the lines of a batch end, as int32: what remains of it once its text is in the part.
const SchemaRef& ends_schema() {
  static const SchemaRef schema = make_schema({{"end", kDate}});
  return schema;
}

BatchRef ends_of(const Batch& lines) {
  const auto& parts = lines.column(0).parts();
  auto ends = std::make_shared<const Column>(ColumnParts{
      .type = kDate, .length = parts.length, .offset = parts.offset + 1, .values = parts.values});
  return std::make_shared<const Batch>(ends_schema(), std::vector<ColumnRef>{std::move(ends)},
                                       lines.rows(), lines.ordinals());
}

/// Lines from their text and where they end.
BatchRef lines_of(const Batch& ends, std::shared_ptr<Buffer> text) {
  const auto values = ends.column(0).values<std::int32_t>();
  auto offsets = Buffer::allocate((values.size() + 1) * sizeof(std::int32_t));
  auto* to = offsets->mutable_as<std::int32_t>();
  const auto start = values.back() - static_cast<std::int32_t>(text->size());
  to[0] = 0;
  for (std::size_t i = 0; i < values.size(); ++i) to[i + 1] = values[i] - start;
  auto column = std::make_shared<const Column>(ColumnParts{.type = kBytes,
                                                           .length = ends.rows(),
                                                           .values = std::move(offsets),
                                                           .data = std::move(text)});
  return std::make_shared<const Batch>(line_schema(), std::vector<ColumnRef>{std::move(column)},
                                       ends.rows(), ends.ordinals());
}

std::uint64_t first_of(const Batch& batch) { return batch.ordinal(0); }
std::uint64_t last_of(const Batch& batch) { return batch.ordinal(batch.rows() - 1); }

}  // namespace

void LineStage::add(BatchRef lines) {
  if (lines->rows() == 0) return;
  if (spool_) return spool_->add(std::move(lines));
  memory_ += lines->bytes();
  pending_.push_back(std::move(lines));
}

void LineStage::sort_pending() {
  std::sort(pending_.begin(), pending_.end(),
            [](const BatchRef& a, const BatchRef& b) { return first_of(*a) < first_of(*b); });
}

/// Whether the i-th pending batch lies wholly behind the one before it, or behind what is written.
bool LineStage::follows(std::size_t i) const {
  if (i == pending_.size()) return true;
  if (i > 0) return first_of(*pending_[i]) > last_of(*pending_[i - 1]);
  return written_.empty() || first_of(*pending_[i]) > last_written_;
}

PartWriter& LineStage::writer() {
  if (!writer_) writer_.emplace(open_part_());
  return *writer_;
}

void LineStage::write_through(const Batch& lines) {
  const auto text = text_of_lines(lines);
  DictionaryAges none;
  const auto block = batch_to_bytes(*ends_of(lines), none);
  if (!scratch_.is_open()) scratch_ = open_unlinked(scratch_directory_);
  write_at(scratch_.fd(), {block->as<char>(), block->size()}, scratch_size_,
           "a scratch file in " + scratch_directory_);
  written_.push_back({.first = first_of(lines),
                      .text_offset = writer().length(),
                      .text_size = static_cast<std::int64_t>(text.size()),
                      .block_offset = scratch_size_,
                      .block_size = static_cast<std::int64_t>(block->size())});
  scratch_size_ += written_.back().block_size;
  writer().append(text);
  last_written_ = last_of(lines);
}

void LineStage::spill() {
  sort_pending();
  const auto half = memory_ / 2;
  std::size_t done = 0;
  bool in_order = true;
  while (memory_ > half) {
    in_order = follows(done) && follows(done + 1);
    if (!in_order) break;
    write_through(*pending_[done]);
    memory_ -= pending_[done++]->bytes();
  }
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(done));
  if (!in_order) sort_all(0);
}

BatchRef LineStage::read_back(const Written& written) {
  auto block = Buffer::allocate(static_cast<std::size_t>(written.block_size));
  read_at(scratch_.fd(), {block->mutable_as<char>(), block->size()}, written.block_offset,
          "a scratch file in " + scratch_directory_);
  const auto ends = batch_from_bytes(ends_schema(), std::move(block), DictionaryAges());
  auto text = Buffer::allocate(static_cast<std::size_t>(written.text_size));
  writer().read({text->mutable_as<char>(), text->size()}, written.text_offset);
  return lines_of(*ends, std::move(text));
}

void LineStage::sort_all(std::int64_t memory_limit) {
  spool_.emplace(memory_limit, scratch_directory_);
  for (const auto& written : written_) spool_->add(read_back(written));
  for (auto& lines : pending_) spool_->add(std::move(lines));
  if (writer_) writer_->rewind();
  pending_.clear();
  written_.clear();
  memory_ = 0;
  scratch_ = FileHandle();
}

std::optional<FileExtent> LineStage::finish(std::int64_t memory_limit) {
  sort_pending();
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    if (!follows(i)) {
      sort_all(memory_limit);
      break;
    }
  }
  if (spool_) {
    spool_->for_each([this](const BatchRef& lines) { writer().append(text_of_lines(*lines)); });
    spool_.reset();
  }
  for (const auto& lines : pending_) writer().append(text_of_lines(*lines));
  pending_.clear();
  memory_ = 0;
  if (!writer_) return std::nullopt;
  return writer_->finish();
}

void LineStage::drop() noexcept {
  if (writer_) writer_->drop();
}

void LineStaging::begin(const Unit& unit, std::function<FilePart&()> open_part) {
  stages_.try_emplace(unit.index, scratch_directory_, std::move(open_part));
}

void LineStaging::write(const Unit& unit, BatchRef lines) {
  at(unit).add(std::move(lines));
  std::int64_t total = 0;
  for (const auto& stage : stages_) total += stage.second.memory();
  while (total > memory_limit_) {
    auto largest = std::max_element(
        stages_.begin(), stages_.end(),
        [](const auto& a, const auto& b) { return a.second.memory() < b.second.memory(); });
    total -= largest->second.memory();
    largest->second.spill();
    total += largest->second.memory();
  }
}

void LineStaging::drop(const Unit& unit) noexcept {
  const auto found = stages_.find(unit.index);
  if (found == stages_.end()) return;
  found->second.drop();
  stages_.erase(found);
}

}  // namespace flowrun::nodes
