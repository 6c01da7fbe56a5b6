#include "nodes/formats/csv_cutter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "engine/core/error.h"
#include "nodes/formats/csv_record.h"

namespace flowrun::nodes {
namespace {

constexpr std::size_t kMostAtOnce = 16U << 20U;
constexpr std::size_t kSkipBytes = 512U << 10U;
constexpr std::size_t kLineEnd = 2;  // CR and LF

std::size_t count_newlines(const char* text, std::size_t size) {
  return static_cast<std::size_t>(std::count(text, text + size, '\n'));
}

CsvMarks marks_of(const CsvDialect& dialect) {
  return {.delimiter = dialect.delimiter,
          .quote = dialect.quote.value_or('"'),
          .quoted = dialect.quote.has_value()};
}

}  // namespace

CsvText CsvText::rest(std::size_t offset) const {
  auto out = *this;
  const auto before = count_newlines(text(), offset);
  out.from += offset;
  out.size -= offset;
  out.line += before;
  out.newlines -= before;
  out.byte += offset;
  return out;
}

CsvCutter::CsvCutter(std::unique_ptr<ByteStream> stream, std::string name,
                     const CsvDialect& dialect, std::size_t max_row, const CsvKernels& kernels)
    : stream_(std::move(stream)),
      name_(std::move(name)),
      dialect_(dialect),
      max_row_(max_row),
      kernels_(kernels) {}

void CsvCutter::make_room(std::size_t size) {
  // One more for the line end that a last row may lack.
  const auto need = kFrontSlack + size + 1 + kScanSlack;
  if (buffer_ && buffer_->capacity() >= need) return;
  auto larger = Buffer::allocate(need);
  if (size_ > 0) std::memcpy(larger->mutable_as<char>() + kFrontSlack, data(), size_);
  buffer_ = std::move(larger);
}

bool CsvCutter::fill(std::size_t size, const std::stop_token& stop) {
  make_room(size);
  while (size_ < size && !ended_) {
    const std::span<char> room(buffer_->mutable_as<char>() + kFrontSlack + size_, size - size_);
    const auto got = stream_->read(room, stop);
    if (stop.stop_requested()) return false;
    size_ += got;
    ended_ = got == 0;
  }
  return !ended_;
}

void CsvCutter::skip_mark(const std::stop_token& stop) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  fill(kMark.size(), stop);
  const std::string_view start(data(), size_);
  if (start.starts_with("\xFF\xFE") || start.starts_with("\xFE\xFF")) {
    throw Error(Errc::data, "{} starts with a UTF-16 byte-order mark; say encoding = \"utf-16\"",
                name_);
  }
  if (start == kMark) {
    byte_ = kMark.size();
    size_ = 0;
  }
  started_ = !stop.stop_requested();
}

CsvSurvey CsvCutter::survey() const {
  const auto seen = kernels_.survey(data(), size_, marks_of(dialect_));
  return seen.quotes && dialect_.irregular() ? walk() : seen;
}

CsvSurvey CsvCutter::walk() const {
  CsvSurvey seen{.newlines = count_newlines(data(), size_), .quotes = true};
  CsvMachine machine(dialect_);
  machine.run(
      data(), size_, [](std::size_t) {},
      [&](std::size_t at) {
        seen.last_row_end = at + 1;
        return true;
      });
  seen.open = machine.open();
  return seen;
}

std::optional<CsvText> CsvCutter::next(std::size_t bytes, const std::stop_token& stop) {
  if (!started_) skip_mark(stop);
  std::size_t wanted = std::max(std::clamp<std::size_t>(bytes, 1, kMostAtOnce), size_ + 1);
  for (;;) {
    const bool more = fill(wanted, stop);
    if (stop.stop_requested()) return std::nullopt;
    if (size_ == 0) return std::nullopt;
    const auto seen = survey();
    if (!more) return last_rows(seen);
    if (seen.last_row_end > 0) return cut(seen.last_row_end, seen);
    if (size_ >= max_row_ + kLineEnd) {
      if (auto row = skip_long_row(stop); row || stop.stop_requested()) return row;
    }
    wanted = std::max(size_ + 1, std::min(size_ * 2, max_row_ + kLineEnd));
  }
}

CsvText CsvCutter::cut(std::size_t size, const CsvSurvey& seen) {
  CsvText out{.buffer = buffer_,
              .from = kFrontSlack,
              .size = size,
              .line = line_,
              .byte = byte_,
              .newlines = seen.newlines,
              .quotes = seen.quotes,
              .taken = stream_->taken() - taken_};
  const std::size_t rest = size_ - std::min(size, size_);
  if (seen.quotes) out.newlines -= count_newlines(data() + size, rest);
  auto carried = Buffer::allocate(kFrontSlack + rest + 1 + kScanSlack);
  if (rest > 0) std::memcpy(carried->mutable_as<char>() + kFrontSlack, data() + size, rest);
  buffer_ = std::move(carried);
  size_ = rest;
  line_ += out.newlines;
  byte_ += size;
  taken_ = stream_->taken();
  return out;
}

std::optional<CsvText> CsvCutter::last_rows(CsvSurvey seen) {
  const bool whole = seen.last_row_end == size_;
  if (!whole && seen.open) {
    if (seen.last_row_end > 0) return cut(seen.last_row_end, seen);
    CsvMachine machine(dialect_);
    machine.run(
        data(), size_, [](std::size_t) {}, [](std::size_t) { return true; });
    auto out = broken_row(unclosed(machine), record_text(without_line_end({data(), size_})));
    size_ = 0;
    return out;
  }
  if (!whole) {
    buffer_->mutable_as<char>()[kFrontSlack + size_] = '\n';
    ++size_;
    ++seen.newlines;
  }
  return cut(size_, seen);
}

/// Nothing where it is a comment: a line that is no row may be of any length.
std::optional<CsvText> CsvCutter::skip_long_row(const std::stop_token& stop) {
  CsvMachine machine(dialect_);
  const bool is_comment = *data() == dialect_.comment;
  constexpr std::size_t kWanted =
      kMostRecordBytes + kLineEnd + 1;  // enough to see whether it is cut
  std::string beginning;
  std::uint64_t newlines = 0;
  std::uint64_t bytes = 0;
  bool found = false;
  while (!found && size_ > 0) {
    const auto used = machine.run(
        data(), size_, [](std::size_t) {},
        [&](std::size_t) {
          found = true;
          return false;
        });
    newlines += count_newlines(data(), used);
    bytes += used;
    beginning.append(data(), std::min(used, kWanted - beginning.size()));
    size_ -= used;
    if (found) std::memmove(buffer_->mutable_as<char>() + kFrontSlack, data() + used, size_);
    if (!found) fill(kSkipBytes, stop);
    if (stop.stop_requested()) return std::nullopt;
  }
  std::optional<CsvText> out;
  if (!is_comment) {
    auto reason = machine.open() ? unclosed(machine) : long_row_reason(max_row_);
    out = broken_row(std::move(reason), record_text(without_line_end(beginning)));
  }
  line_ += newlines;
  byte_ += bytes;
  return out;
}

CsvText CsvCutter::broken_row(std::string reason, std::string record) {
  CsvText out{.buffer = buffer_,
              .from = kFrontSlack,
              .line = line_,
              .byte = byte_,
              .taken = stream_->taken() - taken_,
              .broken = BrokenRow{.reason = std::move(reason), .record = std::move(record)}};
  taken_ = stream_->taken();
  // What was read stays with this cutter; the piece has no text of its own.
  out.buffer = Buffer::allocate(kFrontSlack + kScanSlack);
  return out;
}

std::string CsvCutter::unclosed(const CsvMachine& machine) const {
  return fmt::format("the quote opened in line {} is not closed before the end of the input",
                     line_ + machine.opened_after_newlines());
}

}  // namespace flowrun::nodes
