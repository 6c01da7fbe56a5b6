#include "nodes/postgres/copy_check.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "engine/core/time.h"
#include "engine/data/text.h"
#include "nodes/postgres/numeric_wire.h"

namespace flowrun::postgres {
namespace {

// What timestamps and dates reach: from 4714-11-24 BC on. The end of timestamps lies beyond what 64
// bits of microseconds since 1970 reach, that of dates is the last day of 5874897.
constexpr Micros kFirstMoment = -210'866'803'200 * kSecond;
constexpr std::int64_t kFirstDay = -2'440'588;
constexpr std::int64_t kEndDay = 2'145'042'906;

/// Bytes that begin a character: how many follow, and what the first of them may be.
struct Lead {
  int followers = -1;
  unsigned char low = 0x80;
  unsigned char high = 0xBF;
};

Lead lead_of(unsigned char byte) {
  if (byte >= 0xC2 && byte <= 0xDF) return {.followers = 1};
  if (byte == 0xE0) return {.followers = 2, .low = 0xA0};
  if (byte == 0xED) return {.followers = 2, .high = 0x9F};
  if (byte >= 0xE1 && byte <= 0xEF) return {.followers = 2};
  if (byte == 0xF0) return {.followers = 3, .low = 0x90};
  if (byte == 0xF4) return {.followers = 3, .high = 0x8F};
  if (byte >= 0xF1 && byte <= 0xF3) return {.followers = 3};
  return {};
}

/// Length of the beginning that is ASCII without NUL, in steps of eight bytes.
std::size_t plain_prefix(std::string_view text) {
  constexpr std::uint64_t kHigh = 0x8080808080808080;
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, 8);
    if (((word | (word - kOnes)) & kHigh) != 0) break;  // also where a byte is 0
  }
  return at;
}

/// All text of the rows at once, where the column is plain and without a gap.
bool all_storable(const Column& column, std::int64_t rows) {
  if (column.is_dictionary()) {
    const auto& dictionary = *column.dictionary();
    return dictionary.length() <= rows && all_storable(dictionary, dictionary.length());
  }
  if (rows == 0) return true;
  const auto* offsets = column.parts().values->as<std::int32_t>() + column.parts().offset;
  const std::string_view all(column.parts().data->as<char>() + offsets[0],
                             static_cast<std::size_t>(offsets[rows] - offsets[0]));
  // A character must not reach from one text into the next, so that only ASCII tells.
  const auto plain = plain_prefix(all);
  return std::all_of(all.begin() + static_cast<std::ptrdiff_t>(plain), all.end(),
                     [](char c) { return c > 0; });
}

bool is_whole_within(Int128 unscaled, int scale, Int128 low, Int128 high) {
  for (; scale > 0; --scale, unscaled /= 10) {
    if (unscaled % 10 != 0) return false;
  }
  return unscaled >= low && unscaled <= high;
}

struct Limits {
  std::int64_t low;
  std::int64_t high;
};

Limits limits_of(CellForm wire) {
  if (wire == CellForm::int2) return {INT16_MIN, INT16_MAX};
  if (wire == CellForm::int4) return {INT32_MIN, INT32_MAX};
  return {INT64_MIN, INT64_MAX};
}

std::string no_fit(const CopyForm& form) { return "does not fit " + form.shown; }

}  // namespace

bool is_storable(std::string_view text) {
  std::size_t i = plain_prefix(text);
  while (i < text.size()) {
    const auto byte = static_cast<unsigned char>(text[i++]);
    if (byte == 0) return false;
    if (byte < 0x80) continue;
    const auto lead = lead_of(byte);
    if (lead.followers < 0 || text.size() - i < static_cast<std::size_t>(lead.followers)) {
      return false;
    }
    for (int k = 0; k < lead.followers; ++k, ++i) {
      const auto next = static_cast<unsigned char>(text[i]);
      if (next < (k == 0 ? lead.low : 0x80) || next > (k == 0 ? lead.high : 0xBF)) return false;
    }
  }
  return true;
}

std::optional<std::string> parse_uuid(std::string_view text) {
  if (text.size() >= 2 && text.front() == '{' && text.back() == '}') {
    text = text.substr(1, text.size() - 2);
  }
  std::string digits;
  for (std::size_t i = 0; i < text.size(); ++i) {
    // As the server does: a dash may stand behind every fourth digit, but the last.
    const bool between = digits.size() % 4 == 0 && !digits.empty() && digits.size() < 32;
    if (text[i] == '-' && between && text[i - 1] != '-') continue;
    digits += text[i];
  }
  return digits.size() == 32 ? parse_hex(digits) : std::nullopt;
}

BatchRef CopyCheck::check(const BatchRef& batch, std::vector<Reject>& rejects) const {
  std::vector<Fault> faults;
  for (std::size_t i = 0; i < columns_.size(); ++i) check_column(*batch, i, faults);
  if (faults.empty()) return batch;
  std::stable_sort(faults.begin(), faults.end(),
                   [](const Fault& a, const Fault& b) { return a.row < b.row; });
  std::vector<std::uint32_t> good;
  auto fault = faults.begin();
  for (std::int64_t row = 0; row < batch->rows(); ++row) {
    if (fault == faults.end() || fault->row != row) {
      good.push_back(static_cast<std::uint32_t>(row));
      continue;
    }
    rejects.push_back({.reason = fault->reason,
                       .column = batch->schema().field(fault->column).name,
                       .value = text_of(batch->column(fault->column), row),
                       .record = record_of(*batch, row),
                       .ordinal = batch->ordinal(row)});
    while (fault != faults.end() && fault->row == row) ++fault;
  }
  return take(*batch, good);
}

void CopyCheck::check_column(const Batch& batch, std::size_t i, std::vector<Fault>& faults) const {
  const auto& known = columns_[i];
  const auto& column = batch.column(i);
  if (column.has_nulls() && (known.is_key || known.needs_value)) {
    for (std::int64_t row = 0; row < batch.rows(); ++row) {
      if (column.is_valid(row)) continue;
      faults.push_back(
          {row, i, known.is_key ? "key column is null" : "is null, and the column takes none"});
    }
  }
  check_values(batch, i, faults);
}

bool CopyCheck::fits_float(const CopyForm& form, double value) const {
  if (form.wire == CellForm::float4) {
    return !std::isfinite(value) || std::isfinite(static_cast<float>(value));
  }
  if (form.wire != CellForm::numeric) return true;
  if (std::isnan(value)) return true;
  if (std::isinf(value)) return has_infinite_numerics_ && form.precision == 0;
  // It is rounded as the server rounds; what counts is the digits before the point.
  return form.precision == 0 || std::fabs(value) < std::pow(10.0, form.precision - form.scale) -
                                                       0.5 * std::pow(10.0, -form.scale);
}

void CopyCheck::check_values(const Batch& batch, std::size_t i, std::vector<Fault>& faults) const {
  const auto& form = columns_[i].form;
  const auto& column = batch.column(i);
  const auto scale = batch.schema().field(i).type.scale;
  const auto each = [&](const std::string& reason, const auto& is_good) {
    for (std::int64_t row = 0; row < batch.rows(); ++row) {
      if (is_good(static_cast<std::size_t>(row)) || !column.is_valid(row)) continue;
      faults.push_back({row, i, reason});
    }
  };
  const auto text = [&](std::size_t row) { return column.text(static_cast<std::int64_t>(row)); };
  switch (batch.schema().field(i).type.id) {
    case TypeId::boolean:
    case TypeId::bytes:
      return;
    case TypeId::int64: {
      const auto values = column.values<std::int64_t>();
      if (form.wire == CellForm::numeric && form.precision > 0) {
        each(no_fit(form), [&](std::size_t row) {
          return fits_numeric(values[row], 0, form.precision, form.scale);
        });
      } else if (form.wire == CellForm::int2 || form.wire == CellForm::int4) {
        const auto limits = limits_of(form.wire);
        each(no_fit(form), [&](std::size_t row) {
          return values[row] >= limits.low && values[row] <= limits.high;
        });
      }
      return;
    }
    case TypeId::float64: {
      if (form.wire == CellForm::float8) return;
      const auto values = column.values<double>();
      return each(no_fit(form), [&](std::size_t row) { return fits_float(form, values[row]); });
    }
    case TypeId::decimal: {
      const auto values = column.values<Int128>();
      if (form.wire == CellForm::canonical) return;
      if (form.wire == CellForm::numeric) {
        if (form.precision == 0) return;
        return each(no_fit(form), [&](std::size_t row) {
          return fits_numeric(values[row], scale, form.precision, form.scale);
        });
      }
      const auto limits = limits_of(form.wire);
      return each(no_fit(form), [&](std::size_t row) {
        return is_whole_within(values[row], scale, limits.low, limits.high);
      });
    }
    case TypeId::string:
      if (form.wire == CellForm::uuid) {
        return each("is no uuid",
                    [&](std::size_t row) { return parse_uuid(text(row)).has_value(); });
      }
      if (all_storable(column, batch.rows())) return;
      return each("is not UTF-8, or holds a NUL character",
                  [&](std::size_t row) { return is_storable(text(row)); });
    case TypeId::date: {
      if (form.wire == CellForm::canonical) return;
      const auto values = column.values<std::int32_t>();
      const auto last = form.wire == CellForm::timestamp ? INT64_MAX / kDay : kEndDay;
      return each(no_fit(form),
                  [&](std::size_t row) { return values[row] >= kFirstDay && values[row] < last; });
    }
    case TypeId::timestamp:
    case TypeId::timestamptz: {
      if (form.wire == CellForm::canonical) return;
      const auto values = column.values<std::int64_t>();
      return each(no_fit(form), [&](std::size_t row) { return values[row] >= kFirstMoment; });
    }
  }
}

}  // namespace flowrun::postgres
