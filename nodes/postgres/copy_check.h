// Values that a column of a table cannot take, found before they are sent.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/data/batch.h"
#include "engine/spec/reject.h"
#include "nodes/postgres/copy_form.h"

namespace flowrun::postgres {

/// What is known of one column's values.
struct CheckedColumn {
  CopyForm form;
  bool is_key = false;       ///< a null is refused
  bool needs_value = false;  ///< so it is here, as nothing on the server fills it in
};

/// Any thread.
class CopyCheck {
 public:
  /// One entry per field. `has_infinite_numerics`: the server is new enough (14).
  CopyCheck(std::vector<CheckedColumn> columns, bool has_infinite_numerics)
      : columns_(std::move(columns)), has_infinite_numerics_(has_infinite_numerics) {}

  /// The rows that can be sent: the batch itself where all can. The others are rejected, one reject
  /// a row, by ordinal.
  [[nodiscard]] BatchRef check(const BatchRef& batch, std::vector<Reject>& rejects) const;

 private:
  struct Fault {
    std::int64_t row;
    std::size_t column;
    std::string reason;
  };
  void check_column(const Batch& batch, std::size_t i, std::vector<Fault>& faults) const;
  void check_values(const Batch& batch, std::size_t i, std::vector<Fault>& faults) const;
  [[nodiscard]] bool fits_float(const CopyForm& form, double value) const;

  std::vector<CheckedColumn> columns_;
  bool has_infinite_numerics_;
};

/// True where text can be stored: UTF-8 (as Unicode 15, table 3-7, has it) without NUL.
[[nodiscard]] bool is_storable(std::string_view text);

/// The bytes of a UUID written in hex, with or without dashes and braces.
[[nodiscard]] std::optional<std::string> parse_uuid(std::string_view text);

}  // namespace flowrun::postgres
