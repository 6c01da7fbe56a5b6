// Functions that give one of the values: min, max, first and last; bool_and is the least of truth
// values, bool_or the greatest.
#include <cstring>
#include <string_view>

#include "nodes/kernels/byte_arena.h"
#include "nodes/transforms/aggregate_column.h"
#include "nodes/transforms/aggregate_words.h"

namespace flowrun::nodes {
namespace {

using Function = AggregateFunction;

/// Values of eight bytes at most, as words.
class WordSlots {
 public:
  using Value = std::int64_t;
  /// Row by row, the values of a batch.
  class Values {
   public:
    explicit Values(const Column& column) : words_(words_of(column)) {}
    [[nodiscard]] Value at(std::size_t row) const { return words_[row]; }

   private:
    Scratch<std::int64_t> words_;
  };
  void resize(std::size_t groups) { words_.resize(groups); }
  [[nodiscard]] Value at(std::size_t group) const { return words_[group]; }
  void set(std::size_t group, Value value) { words_[group] = value; }
  void append(std::size_t group, ColumnBuilder& out) const { append_word(words_[group], out); }
  [[nodiscard]] std::int64_t bytes() const { return bytes_in(words_); }

 private:
  std::vector<std::int64_t> words_;
};

class DecimalSlots {
 public:
  using Value = Int128;
  class Values {
   public:
    explicit Values(const Column& column) : values_(column.values<Int128>().data()) {}
    [[nodiscard]] Value at(std::size_t row) const { return values_[row]; }

   private:
    const Int128* values_;
  };
  void resize(std::size_t groups) { values_.resize(groups); }
  [[nodiscard]] Value at(std::size_t group) const { return values_[group]; }
  void set(std::size_t group, Value value) { values_[group] = value; }
  void append(std::size_t group, ColumnBuilder& out) const { out.append_decimal(values_[group]); }
  [[nodiscard]] std::int64_t bytes() const { return bytes_in(values_); }

 private:
  std::vector<Int128> values_;
};

/// Texts, each in a place of its own that later ones use again: a longer one moves to one of twice
/// the size.
class TextSlots {
 public:
  using Value = std::string_view;
  class Values {
   public:
    explicit Values(const Column& column) : column_(column) {}
    [[nodiscard]] Value at(std::size_t row) const {
      return column_.text(static_cast<std::int64_t>(row));
    }

   private:
    const Column& column_;
  };
  void resize(std::size_t groups) { texts_.resize(groups); }
  [[nodiscard]] Value at(std::size_t group) const {
    return {texts_[group].data, texts_[group].size};
  }
  void set(std::size_t group, Value value) {
    auto& text = texts_[group];
    if (value.size() > text.room) {
      text.room = std::max<std::size_t>(value.size(), 2 * text.room);
      text.data = arena_.room(text.room);
    }
    text.size = value.size();
    if (!value.empty()) std::memcpy(text.data, value.data(), value.size());
  }
  void append(std::size_t group, ColumnBuilder& out) const { out.append_text(at(group)); }
  [[nodiscard]] std::int64_t bytes() const { return bytes_in(texts_) + arena_.bytes(); }

 private:
  struct Text {
    char* data = nullptr;
    std::size_t size = 0;
    std::size_t room = 0;
  };
  std::vector<Text> texts_;
  ByteArena arena_;
};

constexpr bool is_by_order(Function function) {
  return function == Function::first || function == Function::last;
}
constexpr bool takes_greater(Function function) {
  return function == Function::max || function == Function::last;
}

/// Of values with the same ordinal (made of one row), first takes the least and last the greatest,
/// so that chance has no say.
template <typename Slots, Function kFunction>
class PickColumn final : public AggregateColumn {
 public:
  void resize(std::size_t groups) override {
    slots_.resize(groups);
    seen_.resize(groups);
    if constexpr (is_by_order(kFunction)) ordinals_.resize(groups);
  }
  void add(const GroupedRows& rows) override {
    const typename Slots::Values values(*rows.values);
    for_each_value(rows, [&](std::size_t row, std::uint32_t group) {
      if constexpr (is_by_order(kFunction)) {
        meet(group, values.at(row), rows.ordinals->at(static_cast<std::int64_t>(row)));
      } else {
        meet(group, values.at(row), 0);
      }
    });
  }
  void merge(const AggregateColumn& other, std::span<const GroupMove> moves) override {
    const auto& more = static_cast<const PickColumn&>(other);
    for (const auto& move : moves) {
      if (more.seen_[move.from] == 0) continue;
      std::uint64_t ordinal = 0;
      if constexpr (is_by_order(kFunction)) ordinal = more.ordinals_[move.from];
      meet(move.to, more.slots_.at(move.from), ordinal);
    }
  }
  std::optional<NoValue> append(std::size_t group, ColumnBuilder& out) override {
    if (seen_[group] == 0) {
      out.append_null();
    } else {
      slots_.append(group, out);
    }
    return std::nullopt;
  }
  [[nodiscard]] std::int64_t bytes() const override {
    return slots_.bytes() + bytes_in(seen_) + bytes_in(ordinals_);
  }

 private:
  using Value = typename Slots::Value;

  void meet(std::size_t group, const Value& value, std::uint64_t ordinal) {
    if (seen_[group] != 0 && !wins(group, value, ordinal)) return;
    seen_[group] = 1;
    slots_.set(group, value);
    if constexpr (is_by_order(kFunction)) ordinals_[group] = ordinal;
  }
  [[nodiscard]] bool wins(std::size_t group, const Value& value, std::uint64_t ordinal) const {
    if constexpr (is_by_order(kFunction)) {
      const auto held = ordinals_[group];
      if (ordinal != held) return takes_greater(kFunction) ? ordinal > held : ordinal < held;
    }
    return takes_greater(kFunction) ? value > slots_.at(group) : value < slots_.at(group);
  }

  Slots slots_;
  std::vector<std::uint8_t> seen_;
  std::vector<std::uint64_t> ordinals_;
};

template <typename Slots>
AggregateColumnRef make_of(Function function) {
  switch (function) {
    case Function::first:
      return std::make_unique<PickColumn<Slots, Function::first>>();
    case Function::last:
      return std::make_unique<PickColumn<Slots, Function::last>>();
    case Function::max:
    case Function::bool_or:
      return std::make_unique<PickColumn<Slots, Function::max>>();
    default:
      return std::make_unique<PickColumn<Slots, Function::min>>();
  }
}

}  // namespace

AggregateColumnRef make_pick(const AggregateValue& value) {
  if (value.type.is_text()) return make_of<TextSlots>(value.function);
  if (value.type.id == TypeId::decimal) return make_of<DecimalSlots>(value.function);
  return make_of<WordSlots>(value.function);
}

}  // namespace flowrun::nodes
