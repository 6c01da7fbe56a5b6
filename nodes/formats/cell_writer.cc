#include "nodes/formats/cell_writer.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "engine/core/time.h"

namespace flowrun::nodes {
namespace {

/// Writes `digits` digits of a number that has no more.
char* write_padded(char* to, std::uint32_t value, int digits) {
  for (int i = digits - 1; i >= 0; --i) {
    to[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  return to + digits;
}

char* write_text(char* to, std::string_view text) {
  std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

/// "10:20:30.5" of a time of day.
char* write_clock(char* to, Micros time) {
  const auto seconds = static_cast<std::uint32_t>(time / kSecond);
  to = write_padded(to, seconds / 3600, 2);
  *to++ = ':';
  to = write_padded(to, seconds / 60 % 60, 2);
  *to++ = ':';
  to = write_padded(to, seconds % 60, 2);
  if (const auto fraction = static_cast<std::uint32_t>(time % kSecond); fraction != 0) {
    *to++ = '.';
    to = write_padded(to, fraction, 6);
    while (to[-1] == '0') --to;
  }
  return to;
}

char* write_decimal(char* to, Int128 unscaled, int scale) {
  const auto small = static_cast<std::int64_t>(unscaled);
  if (small != unscaled) return write_text(to, format_decimal(unscaled, scale));
  if (small < 0) *to++ = '-';
  const auto size =
      small < 0 ? 0 - static_cast<std::uint64_t>(small) : static_cast<std::uint64_t>(small);
  std::array<char, 24> digits;
  const char* end = std::to_chars(digits.data(), digits.data() + digits.size(), size).ptr;
  const auto count = static_cast<int>(end - digits.data());
  const int whole = std::max(count - scale, 0);
  if (whole == 0) *to++ = '0';
  to = write_text(to, {digits.data(), static_cast<std::size_t>(whole)});
  if (scale == 0) return to;
  *to++ = '.';
  for (int i = count; i < scale; ++i) *to++ = '0';
  return write_text(to, {digits.data() + whole, static_cast<std::size_t>(count - whole)});
}

}  // namespace

std::size_t text_estimate(const Batch& batch) {
  std::size_t total = 0;
  for (const auto& column : batch.columns()) {
    const auto rows = static_cast<std::size_t>(column->length());
    const auto& dictionary = column->dictionary();
    if (dictionary && dictionary->length() > 0) {
      const auto bytes = dictionary->parts().data->size();
      total += rows * (bytes / static_cast<std::size_t>(dictionary->length()) + 2);
    } else if (column->type().is_text() && !dictionary) {
      const auto* ends = column->parts().values->as<std::int32_t>() + column->parts().offset;
      total += static_cast<std::size_t>(ends[rows] - ends[0]) + rows * 2;
    } else {
      total += rows * (column->type().is_time() ? 22 : 10);
    }
  }
  return total;
}

CellWriter::CellWriter(const Column& column)
    : id_(column.type().id),
      scale_(column.type().scale),
      values_(column.parts().values->data()),
      validity_(column.has_nulls() ? column.parts().validity->data() : nullptr),
      offset_(column.parts().offset) {}

char* CellWriter::write_other(char* to, std::int64_t row) {
  switch (id_) {
    case TypeId::boolean:
      return write_text(
          to, get_bit(static_cast<const std::uint8_t*>(values_), offset_ + row) ? "true" : "false");
    case TypeId::int64:
      return std::to_chars(to, to + kRoom, at<std::int64_t>(row)).ptr;
    case TypeId::decimal:
      return write_decimal(to, at<Int128>(row), scale_);
    case TypeId::date:
      return write_date(to, at<std::int32_t>(row));
    case TypeId::timestamp:
    case TypeId::timestamptz:
      return write_time(to, at<std::int64_t>(row));
    case TypeId::float64:
    case TypeId::string:
    case TypeId::bytes:
      break;
  }
  return to;
}

char* CellWriter::write_date(char* to, std::int64_t days) {
  if (!remembers_ || days != last_) {
    const auto text = format_date(static_cast<std::int32_t>(days));
    text_size_ = text.copy(text_.data(), text_.size());
    last_ = days;
    remembers_ = true;
  }
  std::memcpy(to, text_.data(), text_.size());
  return to + text_size_;
}

/// Telemetry repeats timestamps and days: the text of the last one is kept, and its date where only
/// the time of day differs.
char* CellWriter::write_time(char* to, std::int64_t micros) {
  if (!remembers_ || micros != last_) {
    constexpr std::size_t kDateSize = sizeof "2026-01-31T" - 1;
    if (remembers_ && day_of(micros) == day_ && text_[kDateSize - 1] == 'T') {
      text_size_ = static_cast<std::size_t>(
          write_clock(text_.data() + kDateSize, time_of_day(micros)) - text_.data());
    } else {
      const auto text = format_timestamp(micros);
      text_size_ = text.copy(text_.data(), text_.size());
      day_ = day_of(micros);
    }
    if (id_ == TypeId::timestamptz) text_[text_size_++] = 'Z';
    last_ = micros;
    remembers_ = true;
  }
  std::memcpy(to, text_.data(), text_.size());
  return to + text_size_;
}

}  // namespace flowrun::nodes
