// Literal batches for tests, and batches back as text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/data/batch.h"
#include "engine/spec/node.h"

namespace flowrun::testing {

/// A schema from "ts timestamptz, dev string, price decimal(18,2)". Throws std::runtime_error on a
/// bad one.
[[nodiscard]] SchemaRef schema_of(std::string_view fields);

/// A batch from a schema (as above) and CSV rows, one a line, indentation and blank lines ignored:
/// `a,1.5`. An empty field is null, `""` an empty string; quotes as in CSV. Rows get the ordinals
/// first, first + 1, … Throws std::runtime_error where a field is no value of its type.
[[nodiscard]] BatchRef batch_of(std::string_view fields, std::string_view rows,
                                std::uint64_t first = 0);
[[nodiscard]] BatchRef batch_of(const SchemaRef& schema, std::string_view rows,
                                std::uint64_t first = 0);

/// The rows as CSV in the same notation, without a header, each ended by a newline.
[[nodiscard]] std::string csv_of(const Batch& batch);
[[nodiscard]] std::string csv_of(const std::vector<BatchRef>& batches);
/// The rows' ordinals: "0 1 5".
[[nodiscard]] std::string ordinals_of(const std::vector<BatchRef>& batches);

/// The same batch with column `name` dictionary-encoded: codes in order of first appearance, after
/// those of `dictionary` (a column of the same age or older under the same id), where there is one.
[[nodiscard]] BatchRef with_dictionary(const Batch& batch, std::string_view name, std::uint64_t id,
                                       ColumnRef dictionary = nullptr);

/// The rows cut into batches of at most `rows` rows.
[[nodiscard]] std::vector<BatchRef> cut(const BatchRef& batch, std::int64_t rows);
/// The rows of all batches in one batch (same schema; at least one batch).
[[nodiscard]] BatchRef joined(const std::vector<BatchRef>& batches);

/// Keeps what a node does in a call: what it emits by port, its rejects, what its rules say.
class Collected final : public Output {
 public:
  void emit(std::size_t port, BatchRef batch) override;
  void reject(Reject reject) override { rejects.push_back(std::move(reject)); }
  void check(CheckResult result) override { checks.push_back(std::move(result)); }

  /// The rows of a port as CSV; "" for a port that nothing left by.
  [[nodiscard]] std::string csv(std::size_t port = 0) const;
  [[nodiscard]] std::int64_t emitted_rows() const;
  /// Rows in of a call by the engine's rule: passed + absorbed + filtered + rejected.
  [[nodiscard]] std::int64_t accounted_rows() const;
  /// One line per reject: "column: reason: value".
  [[nodiscard]] std::string rejected() const;

  std::vector<std::vector<BatchRef>> ports;
  std::vector<Reject> rejects;
  std::vector<CheckResult> checks;
};

}  // namespace flowrun::testing
