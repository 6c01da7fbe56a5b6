#include "nodes/transforms/pivot_fold.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "engine/data/type.h"

namespace flowrun::nodes {
namespace {

template <typename T>
int three_way(const T& a, const T& b) {
  return a < b ? -1 : (b < a ? 1 : 0);
}

int compare_floats(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return three_way(std::isnan(a), std::isnan(b));
  return three_way(a, b);
}

Int128 decimal_of(std::uint64_t word) {
  Int128 value = 0;
  std::memcpy(&value, bytes_of(word).data(), sizeof value);
  return value;
}

/// The largest unscaled value of decimal(38, s), and one more.
constexpr Int128 beyond_decimal() {
  Int128 value = 1;
  for (int i = 0; i < 38; ++i) value *= 10;
  return value;
}

/// Adds exactly; false, and nothing added, where the sum leaves int64 or decimal(38).
bool add_exactly(Int128& sum, Int128 value, Type type) {
  const Int128 limit = type.id == TypeId::decimal ? beyond_decimal() : Int128{1} << 63;
  const Int128 next = sum + value;  // both are below 10^38: no overflow
  if (type.id == TypeId::decimal ? next >= limit || next <= -limit : next >= limit || next < -limit)
    return false;
  sum = next;
  return true;
}

double power_of_ten(int exponent) { return std::pow(10.0, exponent); }

}  // namespace

std::string_view bytes_of(std::uint64_t word) {
  const auto* at = std::bit_cast<const char*>(word);
  std::uint32_t size = 0;
  std::memcpy(&size, at, sizeof size);
  return {at + sizeof size, size};
}

std::uint64_t keep_bytes(ByteArena& arena, std::string_view bytes) {
  char* at = arena.room(sizeof(std::uint32_t) + bytes.size());
  const auto size = static_cast<std::uint32_t>(bytes.size());
  std::memcpy(at, &size, sizeof size);
  if (!bytes.empty()) std::memcpy(at + sizeof size, bytes.data(), bytes.size());
  return std::bit_cast<std::uint64_t>(at);
}

CellFold::CellFold(const PivotPlan& plan)
    : plan_(plan), slots_(plan.columns.size()), stamps_(plan.columns.size()) {}

void CellFold::fold(CellLog& log, std::span<const std::uint32_t> runs) {
  ++stamp_;
  columns_.clear();
  refused_.clear();
  for (const auto run : runs) {
    log.drain(run, [&](const Cell& cell) {
      if (stamps_[cell.column] != stamp_) {
        stamps_[cell.column] = stamp_;
        slots_[cell.column] = {cell.ordinal, cell.word};
        columns_.push_back(cell.column);
      } else {
        meet(cell);
      }
    });
  }
  if (!others_.empty() || plan_.on_duplicate == OnDuplicate::mean) settle();
}

int CellFold::compare(std::uint64_t a, std::uint64_t b, Type type) const {
  switch (type.id) {
    case TypeId::float64:
      return compare_floats(std::bit_cast<double>(a), std::bit_cast<double>(b));
    case TypeId::decimal:
      return three_way(decimal_of(a), decimal_of(b));
    case TypeId::string:
    case TypeId::bytes:
      return bytes_of(a).compare(bytes_of(b));
    default:
      return three_way(static_cast<std::int64_t>(a), static_cast<std::int64_t>(b));
  }
}

/// By ordinal; values that share one (rows made of the same row) by the values themselves, so that
/// chance has no say.
bool CellFold::is_before(const Cell& a, const Cell& b) const {
  if (a.ordinal != b.ordinal) return a.ordinal < b.ordinal;
  return compare(a.word, b.word, plan_.columns[a.column].cell) < 0;
}

/// A second value for a column: decides, or puts it by.
void CellFold::meet(const Cell& cell) {
  auto& slot = slots_[cell.column];
  const Cell held{slot.ordinal, slot.word, cell.column};
  bool wins = false;
  switch (plan_.on_duplicate) {
    case OnDuplicate::last:
      wins = is_before(held, cell);
      break;
    case OnDuplicate::first:
      wins = is_before(cell, held);
      break;
    case OnDuplicate::min:
      wins = compare(cell.word, held.word, plan_.columns[cell.column].cell) < 0;
      break;
    case OnDuplicate::max:
      wins = compare(cell.word, held.word, plan_.columns[cell.column].cell) > 0;
      break;
    case OnDuplicate::error:
      wins = is_before(cell, held);
      others_.push_back(wins ? held : cell);
      break;
    case OnDuplicate::sum:
    case OnDuplicate::mean:
      others_.push_back(cell);
      return;
  }
  if (wins) slot = {cell.ordinal, cell.word};
}

/// Refuses or adds up the values that were put by.
void CellFold::settle() {
  const auto by_order = [&](const Cell& a, const Cell& b) { return is_before(a, b); };
  if (plan_.on_duplicate == OnDuplicate::error) {
    std::sort(others_.begin(), others_.end(), by_order);
    refused_ = others_;
  } else {
    for (const auto column : columns_)
      others_.push_back({slots_[column].ordinal, slots_[column].word, column});
    std::sort(others_.begin(), others_.end(), [&](const Cell& a, const Cell& b) {
      return a.column != b.column ? a.column < b.column : is_before(a, b);
    });
    for (std::size_t from = 0; from < others_.size();) {
      auto end = from + 1;
      while (end < others_.size() && others_[end].column == others_[from].column) ++end;
      add_up({others_.data() + from, end - from});
      from = end;
    }
    std::sort(refused_.begin(), refused_.end(), by_order);
  }
  others_.clear();
}

/// All values of one column, in the order of the input.
void CellFold::add_up(std::span<const Cell> cells) {
  const auto column = cells.front().column;
  const auto type = plan_.columns[column].cell;
  double float_sum = 0;
  Int128 exact_sum = 0;
  std::int64_t count = 0;
  for (const auto& cell : cells) {
    if (type.id == TypeId::float64) {
      float_sum = count == 0 ? std::bit_cast<double>(cell.word)
                             : float_sum + std::bit_cast<double>(cell.word);
    } else {
      const auto value = type.id == TypeId::decimal
                             ? decimal_of(cell.word)
                             : static_cast<Int128>(static_cast<std::int64_t>(cell.word));
      const bool bounded = type.id == TypeId::decimal || plan_.on_duplicate == OnDuplicate::sum;
      if (!bounded) {
        exact_sum += value;
      } else if (!add_exactly(exact_sum, value, type)) {
        refused_.push_back(cell);
        continue;
      }
    }
    ++count;
  }
  auto& word = slots_[column].word;
  if (plan_.on_duplicate == OnDuplicate::mean) {
    const double sum = type.id == TypeId::float64 ? float_sum : static_cast<double>(exact_sum);
    word =
        std::bit_cast<std::uint64_t>(sum / (static_cast<double>(count) * power_of_ten(type.scale)));
  } else if (type.id == TypeId::float64) {
    word = std::bit_cast<std::uint64_t>(float_sum);
  } else if (type.id == TypeId::decimal) {
    word = keep_bytes(results_, {reinterpret_cast<const char*>(&exact_sum), sizeof exact_sum});
  } else {
    word = static_cast<std::uint64_t>(static_cast<std::int64_t>(exact_sum));
  }
}

}  // namespace flowrun::nodes
