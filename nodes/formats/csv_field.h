// One field of a CSV row as text.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nodes/formats/csv_format.h"
#include "nodes/formats/csv_scan.h"

namespace flowrun::nodes {

struct FieldText {
  std::string_view text;  ///< without quotes; at least 8 bytes from its start can be read
  bool quoted = false;
  const char* problem = nullptr;  ///< why it is no field; null where it is one
};

/// Field `row` of a column. `scratch` holds the text where it had to be changed.
[[nodiscard]] FieldText read_field(const FieldColumn& fields, std::size_t row,
                                   const CsvDialect& dialect, std::string& scratch);

/// The texts that mean null. Most fields are told apart by their length alone.
class NullTexts {
 public:
  explicit NullTexts(std::vector<std::string> texts) : texts_(std::move(texts)) {
    for (const auto& text : texts_) {
      lengths_ |= bit(text.size());
      values_ = values_ || (!text.empty() && std::string_view("+-.0123456789").find(text.front()) !=
                                                 std::string_view::npos);
    }
  }
  /// True where some of them could be a number or a time ("-999").
  [[nodiscard]] bool look_like_values() const { return values_; }
  [[nodiscard]] bool may_be(std::size_t length) const { return (lengths_ & bit(length)) != 0; }
  [[nodiscard]] bool contain(std::string_view text) const {
    return may_be(text.size()) && std::find(texts_.begin(), texts_.end(), text) != texts_.end();
  }

 private:
  static std::uint64_t bit(std::size_t length) {
    return std::uint64_t{1} << std::min<std::size_t>(length, 63);
  }
  std::vector<std::string> texts_;
  std::uint64_t lengths_ = 0;
  bool values_ = false;
};

}  // namespace flowrun::nodes
