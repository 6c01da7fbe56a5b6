#include "nodes/files/part.h"

#include <unistd.h>

namespace flowrun::nodes {
namespace {

constexpr std::size_t kWriteAtOnce = 256U << 10U;
/// The disk begins to write what is there while more is made, instead of all of it at the end.
constexpr std::int64_t kWriteBackAt = 8 << 20;

}  // namespace

PartWriter::PartWriter(FilePart& part) : part_(&part), start_(part.size) { part.busy = true; }

void PartWriter::append(std::string_view text) {
  digest_.add(text);
  if (pending_.size() + text.size() < kWriteAtOnce) {
    pending_ += text;
    return;
  }
  flush();
  write_at(part_->file.fd(), text, start_ + written_, part_->path);
  written_ += static_cast<std::int64_t>(text.size());
  if (written_ - writing_back_ >= kWriteBackAt) {
    start_writing_back(part_->file.fd(), start_ + writing_back_, written_ - writing_back_);
    writing_back_ = written_;
  }
}

void PartWriter::flush() {
  write_at(part_->file.fd(), pending_, start_ + written_, part_->path);
  written_ += static_cast<std::int64_t>(pending_.size());
  pending_.clear();
}

void PartWriter::read(std::span<char> out, std::int64_t offset) {
  flush();
  read_at(part_->file.fd(), out, start_ + offset, part_->path);
}

void PartWriter::rewind() {
  pending_.clear();
  written_ = writing_back_ = 0;
  digest_ = Fingerprinter();
  resize_file(part_->file.fd(), start_, part_->path);
}

FileExtent PartWriter::finish() {
  flush();
  finished_ = true;
  part_->size = start_ + written_;
  part_->busy = false;
  return {.offset = start_, .length = written_, .digest = digest_.digest()};
}

void PartWriter::drop() noexcept {
  if (finished_ && (part_->busy || part_->size != start_ + written_)) return;
  part_->busy = false;
  part_->size = start_;
  // Bytes that cannot be cut off now are when the part is opened again, or never reach the target.
  if (::ftruncate(part_->file.fd(), start_) != 0) return;
}

}  // namespace flowrun::nodes
