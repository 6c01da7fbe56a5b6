// The validity bitmap of a column that is being decoded: made at the first null.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <utility>

#include "engine/data/column.h"

namespace flowrun::nodes {

class Validity {
 public:
  explicit Validity(std::size_t rows) : rows_(rows) {}

  void set_null(std::size_t row) {
    if (!bits_) {
      bits_ = Buffer::allocate(bytes_for_bits(static_cast<std::int64_t>(rows_)));
      std::memset(bits_->mutable_data(), 0xFF, bits_->size());
    }
    const auto bit = static_cast<std::int64_t>(row);
    if (get_bit(bits_->data(), bit)) ++nulls_;
    set_bit(bits_->mutable_data(), bit, false);
  }
  void put_into(ColumnParts& parts) {
    parts.null_count = nulls_;
    parts.validity = std::move(bits_);
  }

 private:
  std::size_t rows_;
  std::int64_t nulls_ = 0;
  std::shared_ptr<Buffer> bits_;
};

}  // namespace flowrun::nodes
