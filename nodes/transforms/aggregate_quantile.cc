// quantile: between the two values of a group where a fraction of them lies below.
#include <algorithm>
#include <bit>
#include <cmath>

#include "engine/expr/decimal.h"
#include "nodes/kernels/scratch.h"
#include "nodes/transforms/aggregate_column.h"
#include "nodes/transforms/aggregate_words.h"

namespace flowrun::nodes {
namespace {

/// Keeps every value, as a whole number of the same order.
class QuantileColumn final : public AggregateColumn {
 public:
  explicit QuantileColumn(const AggregateValue& value) : value_(value) {}
  void resize(std::size_t groups) override { values_.resize(groups); }
  void add(const GroupedRows& rows) override {
    if (value_.type.id == TypeId::float64) {
      add_values(rows, rows.values->values<double>().data(), [](double value) { return value; });
    } else if (value_.type.id == TypeId::decimal) {
      add_values(rows, rows.values->values<Int128>().data(),
                 [&](Int128 value) { return expr::double_of_decimal(value, value_.type.scale); });
    } else {
      add_values(rows, rows.values->values<std::int64_t>().data(),
                 [](std::int64_t value) { return static_cast<double>(value); });
    }
  }
  void merge(const AggregateColumn& other, std::span<const GroupMove> moves) override {
    const auto& more = static_cast<const QuantileColumn&>(other);
    for (const auto& move : moves) {
      const auto& from = more.values_[move.from];
      auto& to = values_[move.to];
      const auto before = bytes_in(to);
      to.insert(to.end(), from.begin(), from.end());
      bytes_ += bytes_in(to) - before;
    }
  }
  std::optional<NoValue> append(std::size_t group, ColumnBuilder& out) override {
    auto& values = values_[group];
    if (values.empty()) {
      out.append_null();
      return std::nullopt;
    }
    const auto place = value_.fraction * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::ptrdiff_t>(std::floor(place));
    std::nth_element(values.begin(), values.begin() + below, values.end());
    const auto low = float_of_word(values[static_cast<std::size_t>(below)]);
    const auto part = place - std::floor(place);
    if (part == 0) {
      out.append_float64(low);
    } else {
      const auto high = float_of_word(*std::min_element(values.begin() + below + 1, values.end()));
      out.append_float64(low == high ? low : low + part * (high - low));
    }
    return std::nullopt;
  }
  [[nodiscard]] std::int64_t bytes() const override { return bytes_in(values_) + bytes_; }

 private:
  template <typename T, typename AsFloat>
  void add_values(const GroupedRows& rows, const T* values, AsFloat as_float) {
    for_each_value(rows, [&](std::size_t row, std::uint32_t group) {
      auto& list = values_[group];
      const auto before = bytes_in(list);
      list.push_back(word_of_float(as_float(values[row])));
      bytes_ += bytes_in(list) - before;
    });
  }

  AggregateValue value_;
  std::vector<std::vector<std::int64_t>> values_;
  std::int64_t bytes_ = 0;  ///< of the lists
};

}  // namespace

AggregateColumnRef make_quantile(const AggregateValue& value) {
  return std::make_unique<QuantileColumn>(value);
}

}  // namespace flowrun::nodes
