// stddev and variance, of a sample.
#include <algorithm>
#include <cmath>

#include "nodes/transforms/aggregate_column.h"
#include "nodes/transforms/aggregate_exact.h"

namespace flowrun::nodes {
namespace {

/// Keeps the exact sums of the values and of their squares: however close to each other the values
/// lie, nothing cancels out before the one division at the end.
class SpreadColumn final : public AggregateColumn {
 public:
  explicit SpreadColumn(const AggregateValue& value) : value_(value) {}
  void resize(std::size_t groups) override { states_.resize(groups); }
  void add(const GroupedRows& rows) override {
    if (value_.type.id == TypeId::float64) {
      const auto* values = rows.values->values<double>().data();
      add_values(rows, [&](std::size_t row, State& state) {
        state.sum.add(values[row], wide_);
        ExactSum::add_square(values[row], state.low, state.high, wide_);
      });
    } else if (value_.type.id == TypeId::decimal) {
      const auto* values = rows.values->values<Int128>().data();
      add_values(rows, [&](std::size_t row, State& state) { add_whole(state, values[row]); });
    } else {
      const auto* values = rows.values->values<std::int64_t>().data();
      add_values(rows, [&](std::size_t row, State& state) { add_whole(state, values[row]); });
    }
  }
  void merge(const AggregateColumn& other, std::span<const GroupMove> moves) override {
    const auto& more = static_cast<const SpreadColumn&>(other);
    for (const auto& move : moves) {
      const auto& from = more.states_[move.from];
      auto& to = states_[move.to];
      to.count += from.count;
      to.sum.add(from.sum, more.wide_, wide_);
      to.low.add(from.low, more.wide_, wide_);
      to.high.add(from.high, more.wide_, wide_);
    }
  }
  std::optional<NoValue> append(std::size_t group, ColumnBuilder& out) override {
    const auto& state = states_[group];
    if (state.count < 2) {
      out.append_null();
      return std::nullopt;
    }
    const auto result = state.sum.special() == 0 ? result_of(variance_of(state)) : std::nan("");
    if (std::isinf(result)) {
      out.append_null();
      return NoValue{"the variance is outside float64", "above 1.7976931348623157e+308"};
    }
    out.append_float64(result);
    return std::nullopt;
  }
  [[nodiscard]] std::int64_t bytes() const override { return bytes_in(states_) + bytes_in(wide_); }

 private:
  struct State {
    std::int64_t count = 0;
    ExactSum sum;
    ExactSum low;  ///< the squares: low + high * 2^kHighBits
    ExactSum high;
  };

  template <typename Add>
  void add_values(const GroupedRows& rows, Add add_value) {
    for_each_value(rows, [&](std::size_t row, std::uint32_t group) {
      ++states_[group].count;
      add_value(row, states_[group]);
    });
  }

  void add_whole(State& state, Int128 value) {
    const bool negative = value < 0;
    const auto size = negative ? -static_cast<UInt128>(value) : static_cast<UInt128>(value);
    const auto low = static_cast<std::uint64_t>(size);
    const auto high = static_cast<std::uint64_t>(size >> 64U);
    state.sum.add(low, 0, negative, wide_);
    add_product(state, low, low, 0);
    if (high == 0) return;
    state.sum.add(high, 64, negative, wide_);
    add_product(state, low, high, 65);
    add_product(state, high, high, 128);
  }
  /// Adds a * b * 2^exponent to the squares.
  void add_product(State& state, std::uint64_t a, std::uint64_t b, int exponent) {
    const auto product = static_cast<UInt128>(a) * b;
    state.low.add(static_cast<std::uint64_t>(product), exponent, false, wide_);
    state.high.add(static_cast<std::uint64_t>(product >> 64U), exponent + 64 - kHighBits, false,
                   wide_);
  }

  /// (n * the sum of squares - the square of the sum) / (n * (n - 1))
  [[nodiscard]] ScaledDouble variance_of(const State& state) const {
    const auto sum = state.sum.value(wide_);
    const auto squares = state.low.value(wide_) + state.high.value(wide_) * power_of_two(kHighBits);
    auto variance = rounded(squares * BigNumber::of(state.count, 0) + -(sum * sum));
    const auto n = static_cast<double>(state.count);
    variance.mantissa /= n * (n - 1);
    return variance;
  }
  /// The variance, or its root, of the values as they are instead of in units of their last
  /// decimal.
  [[nodiscard]] double result_of(ScaledDouble variance) const {
    if (value_.function == AggregateFunction::variance) {
      return std::ldexp(variance.mantissa, variance.exponent) / std::pow(10, 2 * value_.type.scale);
    }
    const bool odd = variance.exponent % 2 != 0;
    const auto root = std::sqrt(odd ? 2 * variance.mantissa : variance.mantissa);
    return std::ldexp(root, (variance.exponent - (odd ? 1 : 0)) / 2) /
           std::pow(10, value_.type.scale);
  }
  [[nodiscard]] static BigNumber power_of_two(int exponent) { return BigNumber::of(1, exponent); }

  static constexpr int kHighBits = 53;

  AggregateValue value_;
  std::vector<State> states_;
  WideSums wide_;
};

}  // namespace

AggregateColumnRef make_spread(const AggregateValue& value) {
  return std::make_unique<SpreadColumn>(value);
}

}  // namespace flowrun::nodes
