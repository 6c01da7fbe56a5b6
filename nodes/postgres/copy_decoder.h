// Rows of a binary COPY decoded column by column.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/data/column.h"
#include "nodes/formats/dictionary.h"
#include "nodes/postgres/copy_rows.h"
#include "nodes/postgres/wire_type.h"

namespace flowrun::postgres {

/// A column as it comes and as what it is wanted.
struct CopyColumn {
  std::string name;
  Wire wire = Wire::text;
  Type type;
  /// Strings: where their codes come from; null for plain strings.
  std::shared_ptr<nodes::Dictionary> dictionary;
};

/// A value that its column does not take; the column holds null there.
struct BadCell {
  std::uint32_t row = 0;
  std::uint32_t column = 0;
  std::string reason;
  std::string value;
};

/// Decodes rows. Constant: any thread, several pieces at once.
class CopyDecoder {
 public:
  /// `checks_text`: the server does not vouch for its texts being UTF-8 (encoding SQL_ASCII).
  CopyDecoder(std::vector<CopyColumn> columns, bool checks_text)
      : columns_(std::move(columns)), checks_text_(checks_text) {}

  /// The columns of all rows; those that were too long are null everywhere. Throws Error(data) for
  /// rows that are no rows of these columns.
  [[nodiscard]] std::vector<ColumnRef> decode(const CopyRows& rows,
                                              std::vector<BadCell>& bad) const;

 private:
  std::vector<CopyColumn> columns_;
  bool checks_text_;
};

}  // namespace flowrun::postgres
