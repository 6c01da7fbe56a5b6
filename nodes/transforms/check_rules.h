// What the rules of a check ask of rows, and of all rows of a unit together.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/expr/expression.h"
#include "engine/spec/check.h"
#include "engine/spec/node.h"
#include "nodes/kernels/code_map.h"
#include "nodes/kernels/text_ids.h"

namespace flowrun::nodes {

/// A rule about single rows. Constant: any thread.
class RowTest {
 public:
  virtual ~RowTest() = default;
  /// The rows of `batch` that break it, ascending.
  struct Broken {
    std::vector<std::uint32_t> rows;
    std::vector<expr::Failure> failures;  ///< rows that cannot be judged
  };
  [[nodiscard]] virtual Broken broken_by(const Batch& batch) const = 0;
  /// What is wrong with a row that breaks it: "quantity > 0 does not hold".
  [[nodiscard]] virtual std::string says() const = 0;
  /// The column of such a row to show with its value; nothing where it is not about one column.
  [[nodiscard]] virtual std::optional<std::size_t> culprit(const Batch& batch,
                                                           std::int64_t row) const = 0;
  /// Null but for expressions.
  [[nodiscard]] virtual const expr::Expression* expression() const { return nullptr; }
};

[[nodiscard]] std::unique_ptr<RowTest> condition_test(expr::Expression condition);
[[nodiscard]] std::unique_ptr<RowTest> not_null_test(const Schema& schema,
                                                     std::vector<std::size_t> columns);

/// Values of one column, by their canonical texts. Filled by one thread, then any thread.
class ValueSet {
 public:
  /// Adds every value of a column that is not null.
  void add(const Column& column);
  [[nodiscard]] std::size_t size() const { return numbers_.size(); }
  /// The rows whose value is neither null nor in the set, ascending.
  [[nodiscard]] std::vector<std::uint32_t> others(const Column& column) const;

 private:
  TextNumbers numbers_;
  mutable CodeMap codes_;
};

/// `says` is what is wrong with a value that is not in the set.
[[nodiscard]] std::unique_ptr<RowTest> member_test(std::size_t column,
                                                   std::shared_ptr<const ValueSet> values,
                                                   std::string says);

/// What a rule about all rows of a unit has seen of them.
class TableTally {
 public:
  virtual ~TableTally() = default;
  /// Any thread.
  virtual void add(const Batch& batch) = 0;
  /// Fills in all but name, consequence and the number of rows, which is given. Called once, after
  /// the last add().
  virtual void judge(CheckResult& result) = 0;
  /// Bytes kept. Any thread.
  [[nodiscard]] virtual std::int64_t memory() const { return 0; }
};

/// A rule about all rows of a unit together. Constant: any thread.
class TableTest {
 public:
  virtual ~TableTest() = default;
  [[nodiscard]] virtual std::unique_ptr<TableTally> begin() const = 0;
};

[[nodiscard]] std::unique_ptr<TableTest> row_count_test(std::optional<std::int64_t> least,
                                                        std::optional<std::int64_t> most);
/// Rows with a null among the columns are equal to no other.
[[nodiscard]] std::unique_ptr<TableTest> unique_test(SchemaRef schema,
                                                     std::vector<std::size_t> columns);
/// The newest value of a date, timestamp or timestamptz column must be `least` or later.
[[nodiscard]] std::unique_ptr<TableTest> freshness_test(const Schema& schema, std::size_t column,
                                                        Micros least);

/// One entry of `rules`: one of the two tests.
struct CheckRule {
  std::string name;
  OnFail on_fail = OnFail::error;
  std::shared_ptr<const RowTest> row;
  std::shared_ptr<const TableTest> table;
};

/// Constant once bound.
struct CheckPlan {
  SchemaRef schema;
  std::vector<CheckRule> rules;  ///< as written
};

/// unit, run, rule, on_fail, passed, rows, failed, detail: one row per rule and unit.
[[nodiscard]] const SchemaRef& check_result_schema();

[[nodiscard]] std::unique_ptr<AccumulatorState> make_check_state(
    std::shared_ptr<const CheckPlan> plan, const Unit& unit);

}  // namespace flowrun::nodes
