// count(distinct x): how many different values a group has.
#include <cstring>
#include <string>
#include <string_view>

#include "engine/core/hash.h"
#include "nodes/kernels/key_table.h"
#include "nodes/transforms/aggregate_column.h"
#include "nodes/transforms/aggregate_words.h"

namespace flowrun::nodes {
namespace {

/// Keeps each value of each group once, as the group's number and the value's bytes. Floats compare
/// as numbers: 0.0 is -0.0, and every nan is one value.
class DistinctColumn final : public AggregateColumn {
 public:
  explicit DistinctColumn(const AggregateValue& value) : value_(value) {}
  void resize(std::size_t groups) override { groups_.resize(groups); }
  void add(const GroupedRows& rows) override {
    const auto& column = *rows.values;
    if (value_.type.is_text()) {
      for_each_value(rows, [&](std::size_t row, std::uint32_t group) {
        add_value(group, column.text(static_cast<std::int64_t>(row)));
      });
    } else if (value_.type.id == TypeId::decimal) {
      add_fixed(rows, column.values<Int128>().data());
    } else if (value_.type.id == TypeId::float64) {
      const auto values = column.values<double>();
      for_each_value(rows, [&](std::size_t row, std::uint32_t group) {
        const auto word = word_of_float(values[row] == 0 ? 0.0 : values[row]);
        add_value(group, bytes_of(word));
      });
    } else {
      const auto words = words_of(column);
      add_fixed(rows, words.data());
    }
  }
  void merge(const AggregateColumn& other, std::span<const GroupMove> moves) override {
    const auto& more = static_cast<const DistinctColumn&>(other);
    for (const auto& move : moves) {
      for (auto place = more.groups_[move.from].newest; place != kNone;
           place = more.values_.entry(place).previous) {
        add_value(move.to, more.values_.key_bytes(place).substr(sizeof(std::uint32_t)));
      }
    }
  }
  std::optional<NoValue> append(std::size_t group, ColumnBuilder& out) override {
    out.append_int64(groups_[group].count);
    return std::nullopt;
  }
  [[nodiscard]] std::int64_t bytes() const override { return values_.bytes() + bytes_in(groups_); }

 private:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;
  struct Entry {
    std::uint32_t previous = kNone;  ///< value of the same group
    std::uint32_t unused = 0;        ///< entries are whole words
  };
  struct Group {
    std::int64_t count = 0;
    std::uint32_t newest = kNone;
  };

  template <typename T>
  [[nodiscard]] static std::string_view bytes_of(const T& value) {
    return {reinterpret_cast<const char*>(&value), sizeof value};
  }
  template <typename T>
  void add_fixed(const GroupedRows& rows, const T* values) {
    for_each_value(rows, [&](std::size_t row, std::uint32_t group) {
      add_value(group, bytes_of(values[row]));
    });
  }
  void add_value(std::uint32_t group, std::string_view value) {
    key_.assign(bytes_of(group));
    key_.append(value);
    auto& held = groups_[group];
    const auto [entry, fresh] =
        values_.find_or_add(hash64(key_), key_, Entry{.previous = held.newest});
    if (!fresh) return;
    ++held.count;
    held.newest = values_.newest();
  }

  AggregateValue value_;
  KeyTable<Entry> values_;
  std::vector<Group> groups_;
  std::string key_;  ///< of the value at hand
};

}  // namespace

AggregateColumnRef make_distinct(const AggregateValue& value) {
  return std::make_unique<DistinctColumn>(value);
}

}  // namespace flowrun::nodes
