// count, sum and avg.
#include <fmt/format.h>

#include <cmath>

#include "engine/data/text.h"
#include "engine/expr/decimal.h"
#include "nodes/transforms/aggregate_column.h"
#include "nodes/transforms/aggregate_exact.h"

namespace flowrun::nodes {
namespace {

class CountColumn final : public AggregateColumn {
 public:
  void resize(std::size_t groups) override { counts_.resize(groups); }
  void add(const GroupedRows& rows) override {
    auto* counts = counts_.data();
    if (rows.values != nullptr && rows.values->has_nulls()) {
      for_each_value(rows, [&](std::size_t, std::uint32_t group) { ++counts[group]; });
    } else {
      for (const auto group : rows.groups) ++counts[group];
    }
  }
  void merge(const AggregateColumn& other, std::span<const GroupMove> moves) override {
    const auto& more = static_cast<const CountColumn&>(other);
    for (const auto& move : moves) counts_[move.to] += more.counts_[move.from];
  }
  std::optional<NoValue> append(std::size_t group, ColumnBuilder& out) override {
    out.append_int64(counts_[group]);
    return std::nullopt;
  }
  [[nodiscard]] std::int64_t bytes() const override { return bytes_in(counts_); }

 private:
  std::vector<std::int64_t> counts_;
};

NoValue beyond(const AggregateValue& value, std::string total) {
  const bool is_sum = value.function == AggregateFunction::sum;
  return {.reason =
              fmt::format("the {} is outside {}", is_sum ? "sum" : "average", to_string(value.out)),
          .value = std::move(total)};
}

/// Doubles: the exact sum, rounded once.
class FloatSumColumn final : public AggregateColumn {
 public:
  explicit FloatSumColumn(const AggregateValue& value) : value_(value) {}
  void resize(std::size_t groups) override { states_.resize(groups); }
  void add(const GroupedRows& rows) override {
    const auto* values = rows.values->values<double>().data();
    auto* states = states_.data();
    for_each_value(rows, [&](std::size_t row, std::uint32_t group) {
      auto& state = states[group];
      ++state.count;
      state.sum.add(values[row], wide_);
    });
  }
  void merge(const AggregateColumn& other, std::span<const GroupMove> moves) override {
    const auto& more = static_cast<const FloatSumColumn&>(other);
    for (const auto& move : moves) {
      states_[move.to].count += more.states_[move.from].count;
      states_[move.to].sum.add(more.states_[move.from].sum, more.wide_, wide_);
    }
  }
  std::optional<NoValue> append(std::size_t group, ColumnBuilder& out) override {
    const auto& state = states_[group];
    if (state.count == 0) {
      out.append_null();
    } else if (const auto special = state.sum.special(); special != 0) {
      out.append_float64(special);
    } else {
      const auto sum = state.sum.rounded_value(wide_);
      const bool is_sum = value_.function == AggregateFunction::sum;
      const auto result = std::ldexp(
          is_sum ? sum.mantissa : sum.mantissa / static_cast<double>(state.count), sum.exponent);
      if (std::isinf(result)) {
        out.append_null();
        return beyond(value_, sum.mantissa < 0 ? "below -1.7976931348623157e+308"
                                               : "above 1.7976931348623157e+308");
      }
      out.append_float64(result);
    }
    return std::nullopt;
  }
  [[nodiscard]] std::int64_t bytes() const override { return bytes_in(states_) + bytes_in(wide_); }

 private:
  struct State {
    std::int64_t count = 0;
    ExactSum sum;
  };
  AggregateValue value_;
  std::vector<State> states_;
  WideSums wide_;
};

/// Whole numbers and decimals: 192 bits hold any sum of 2^63 of them.
class WholeSumColumn final : public AggregateColumn {
 public:
  explicit WholeSumColumn(const AggregateValue& value) : value_(value) {}
  void resize(std::size_t groups) override { states_.resize(groups); }
  void add(const GroupedRows& rows) override {
    if (value_.type.id == TypeId::decimal) {
      add_values(rows, rows.values->values<Int128>().data());
    } else {
      add_values(rows, rows.values->values<std::int64_t>().data());
    }
  }
  void merge(const AggregateColumn& other, std::span<const GroupMove> moves) override {
    const auto& more = static_cast<const WholeSumColumn&>(other);
    for (const auto& move : moves) {
      const auto& from = more.states_[move.from];
      auto& to = states_[move.to];
      to.count += from.count;
      to.add(from.sum(), from.overflows);
    }
  }
  std::optional<NoValue> append(std::size_t group, ColumnBuilder& out) override {
    const auto& state = states_[group];
    if (state.count == 0) {
      out.append_null();
      return std::nullopt;
    }
    Int128 result = 0;
    const bool is_sum = value_.function == AggregateFunction::sum;
    const bool good = is_sum ? sum_of(state, result) : average_of(state, result);
    if (!good) {
      out.append_null();
      return beyond(value_, shown(state));
    }
    if (value_.out.id == TypeId::decimal) {
      out.append_decimal(result);
    } else {
      out.append_int64(static_cast<std::int64_t>(result));
    }
    return std::nullopt;
  }
  [[nodiscard]] std::int64_t bytes() const override { return bytes_in(states_); }

 private:
  /// A sum modulo 2^128, and how often it left that range upwards less downwards.
  struct State {
    std::int64_t count = 0;
    std::int64_t overflows = 0;
    std::uint64_t low = 0;
    std::uint64_t high = 0;

    [[nodiscard]] Int128 sum() const {
      return static_cast<Int128>(static_cast<UInt128>(high) << 64U | low);
    }
    void add(Int128 value, std::int64_t more_overflows) {
      Int128 next = 0;
      if (__builtin_add_overflow(sum(), value, &next)) overflows += value < 0 ? -1 : 1;
      overflows += more_overflows;
      low = static_cast<std::uint64_t>(next);
      high = static_cast<std::uint64_t>(static_cast<UInt128>(next) >> 64U);
    }
  };

  template <typename T>
  void add_values(const GroupedRows& rows, const T* values) {
    auto* states = states_.data();
    for_each_value(rows, [&](std::size_t row, std::uint32_t group) {
      ++states[group].count;
      states[group].add(values[row], 0);
    });
  }

  [[nodiscard]] bool sum_of(const State& state, Int128& result) const {
    result = state.sum();
    if (state.overflows != 0) return false;
    if (value_.out.id == TypeId::decimal) return expr::fits(result, value_.out.precision);
    return result == static_cast<std::int64_t>(result);
  }

  /// The sum divided by the count, rounded half away from zero to the scale of the result: first
  /// the whole units of the argument, then the decimals that come behind them.
  [[nodiscard]] bool average_of(const State& state, Int128& result) const {
    const auto number = BigNumber::of(state.sum(), 0) + BigNumber::of(state.overflows, 128);
    const auto count = static_cast<UInt128>(state.count);
    UInt128 units = 0;
    UInt128 rest = 0;
    for (auto i = number.words.size() + static_cast<std::size_t>(number.low); i-- > 0;) {
      const auto word = i < static_cast<std::size_t>(number.low)
                            ? 0
                            : number.words[i - static_cast<std::size_t>(number.low)];
      rest = rest << 64U | word;
      units = units << 64U | rest / count;  // below 10^38, as every value is
      rest %= count;
    }
    const auto decimals = value_.out.scale - value_.type.scale;
    rest *= static_cast<UInt128>(expr::ten_to(decimals));
    const auto behind = expr::divide_rounded(static_cast<Int128>(rest), state.count);
    if (__builtin_mul_overflow(static_cast<Int128>(units), expr::ten_to(decimals), &result) ||
        __builtin_add_overflow(result, behind, &result)) {
      return false;
    }
    if (number.negative) result = -result;
    return expr::fits(result, value_.out.precision);
  }

  /// A sum with all its digits where they are at hand; else, and an average, about.
  [[nodiscard]] std::string shown(const State& state) const {
    const bool is_sum = value_.function == AggregateFunction::sum;
    if (is_sum && state.overflows == 0) return format_decimal(state.sum(), value_.type.scale);
    const auto total = rounded(BigNumber::of(state.sum(), 0) + BigNumber::of(state.overflows, 128));
    const auto about = std::ldexp(total.mantissa, total.exponent) / std::pow(10, value_.type.scale);
    return fmt::format("about {:.6g}", is_sum ? about : about / static_cast<double>(state.count));
  }

  AggregateValue value_;
  std::vector<State> states_;
};

}  // namespace

AggregateColumnRef make_count(const AggregateValue& /*value*/) {
  return std::make_unique<CountColumn>();
}

AggregateColumnRef make_sum(const AggregateValue& value) {
  if (value.type.id == TypeId::float64) return std::make_unique<FloatSumColumn>(value);
  return std::make_unique<WholeSumColumn>(value);
}

}  // namespace flowrun::nodes
