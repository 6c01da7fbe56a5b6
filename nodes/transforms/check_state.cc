// What a check keeps of one unit: how each rule has come out so far.
#include <fmt/format.h>

#include <mutex>
#include <utility>

#include "engine/core/text_table.h"
#include "engine/data/builder.h"
#include "engine/data/text.h"
#include "nodes/kernels/conditions.h"
#include "nodes/transforms/check_rules.h"

namespace flowrun::nodes {
namespace {

/// Rows that a row rule has judged.
struct RowTally {
  std::int64_t rows = 0;
  std::int64_t failed = 0;
  std::uint64_t first = UINT64_MAX;  ///< of those that break it, by ordinal
  std::string culprit;               ///< what that row holds: "quantity = -3"

  /// One more row that breaks it; `show` says what it holds.
  template <typename Show>
  void note(std::uint64_t ordinal, Show show) {
    ++failed;
    if (ordinal > first) return;
    std::string shown = show();
    // Rows made of one row share its ordinal: which of them comes first is chance.
    if (ordinal < first || shown < culprit) {
      first = ordinal;
      culprit = std::move(shown);
    }
  }
  void merge(RowTally other) {
    rows += other.rows;
    if (other.failed == 0) return;
    note(other.first, [&] { return std::move(other.culprit); });
    failed += other.failed - 1;
  }
};

/// The rows of one batch, as the row rules see them one after the other.
class BatchCheck {
 public:
  BatchCheck(const CheckPlan& plan, const Batch& batch, Output& out)
      : plan_(plan), batch_(batch), out_(out), gone_(batch), tallies_(plan.rules.size()) {}

  /// Rejects what is to be rejected. Every other rule sees only what is left.
  void judge() {
    for (std::size_t i = 0; i < plan_.rules.size(); ++i) {
      const auto& rule = plan_.rules[i];
      if (rule.row && rule.on_fail == OnFail::reject) judge_rejecting(rule, tallies_[i]);
    }
    std::vector<std::vector<std::uint32_t>> broken(plan_.rules.size());
    for (std::size_t i = 0; i < plan_.rules.size(); ++i) {
      const auto& rule = plan_.rules[i];
      if (rule.row && rule.on_fail != OnFail::reject) broken[i] = broken_by(*rule.row);
    }
    for (std::size_t i = 0; i < plan_.rules.size(); ++i) {
      const auto& rule = plan_.rules[i];
      if (!rule.row || rule.on_fail == OnFail::reject) continue;
      tallies_[i].rows = left();
      for (const auto row : broken[i]) {
        if (!gone_.contains(row)) note(*rule.row, row, tallies_[i]);
      }
    }
  }

  [[nodiscard]] const FailedRows& gone() const { return gone_; }
  [[nodiscard]] std::vector<RowTally>& tallies() { return tallies_; }

 private:
  [[nodiscard]] std::int64_t left() const { return batch_.rows() - gone_.count(); }

  /// The rows that break a rule, those that are gone among them; what it cannot judge is rejected.
  std::vector<std::uint32_t> broken_by(const RowTest& test) {
    auto broken = test.broken_by(batch_);
    if (!broken.failures.empty()) gone_.reject(*test.expression(), broken.failures, {}, out_);
    return std::move(broken.rows);
  }

  void judge_rejecting(const CheckRule& rule, RowTally& tally) {
    const auto broken = broken_by(*rule.row);
    tally.rows = left();
    for (const auto row : broken) {
      if (gone_.contains(row)) continue;
      note(*rule.row, row, tally);
      gone_.reject(row, reject_of(rule, row), out_);
    }
  }

  [[nodiscard]] Reject reject_of(const CheckRule& rule, std::uint32_t row) const {
    Reject reject{.reason = fmt::format("{}: {}", rule.name, rule.row->says()),
                  .record = record_of(batch_, row),
                  .ordinal = batch_.ordinal(row)};
    if (const auto column = rule.row->culprit(batch_, row)) {
      reject.column = batch_.schema().field(*column).name;
      reject.value = text_of(batch_.column(*column), row);
    }
    return reject;
  }

  void note(const RowTest& test, std::uint32_t row, RowTally& tally) const {
    tally.note(batch_.ordinal(row), [&] { return culprit(test, row); });
  }

  [[nodiscard]] std::string culprit(const RowTest& test, std::uint32_t row) const {
    const auto column = test.culprit(batch_, row);
    if (!column) return {};
    constexpr std::size_t kValueWidth = 64;
    const auto& values = batch_.column(*column);
    const auto value = values.is_valid(row) ? one_line(text_of(values, row), kValueWidth) : "null";
    return fmt::format("{} = {}", batch_.schema().field(*column).name, value);
  }

  const CheckPlan& plan_;
  const Batch& batch_;
  Output& out_;
  FailedRows gone_;
  std::vector<RowTally> tallies_;
};

class CheckState final : public AccumulatorState {
 public:
  CheckState(std::shared_ptr<const CheckPlan> plan, const Unit& unit)
      : plan_(std::move(plan)), unit_(unit), rules_(plan_->rules.size()) {
    for (const auto& rule : plan_->rules)
      tables_.push_back(rule.table ? rule.table->begin() : nullptr);
  }
  void add(const BatchRef& batch, Output& out) override;
  void finish(Output& out) override;
  [[nodiscard]] std::int64_t memory() const override {
    std::int64_t total = 0;
    for (const auto& table : tables_) total += table ? table->memory() : 0;
    return total;
  }

 private:
  [[nodiscard]] CheckResult result_of(std::size_t rule);
  void emit_results(const std::vector<CheckResult>& results, Output& out) const;

  std::shared_ptr<const CheckPlan> plan_;
  Unit unit_;
  std::vector<std::unique_ptr<TableTally>> tables_;  ///< by rule; null for row rules
  std::mutex mutex_;                                 ///< guards what follows
  std::vector<RowTally> rules_;
  std::int64_t rows_in_ = 0;
  std::int64_t rows_ = 0;  ///< that went on
};

void CheckState::add(const BatchRef& batch, Output& out) {
  if (batch->rows() == 0) return;
  BatchCheck check(*plan_, *batch, out);
  check.judge();
  const auto rows = check.gone().any() ? take(*batch, check.gone().others()) : batch;
  for (const auto& table : tables_) {
    if (table && rows->rows() > 0) table->add(*rows);
  }
  {
    const std::lock_guard lock(mutex_);
    rows_in_ += batch->rows();
    rows_ += rows->rows();
    for (std::size_t i = 0; i < rules_.size(); ++i) rules_[i].merge(std::move(check.tallies()[i]));
  }
  if (rows->rows() > 0) out.emit(0, rows);
}

CheckResult CheckState::result_of(std::size_t i) {
  const auto& rule = plan_->rules[i];
  CheckResult result{.rule = rule.name, .on_fail = rule.on_fail};
  if (rule.table) {
    result.rows = rows_;
    tables_[i]->judge(result);
    return result;
  }
  const auto& tally = rules_[i];
  result.rows = tally.rows;
  result.failed = tally.failed;
  result.passed = tally.failed == 0;
  if (result.passed) return result;
  result.first = tally.first;
  result.detail = fmt::format("{} of {} rows: {}{}", tally.failed, tally.rows, rule.row->says(),
                              tally.culprit.empty() ? "" : ", the first with " + tally.culprit);
  return result;
}

void CheckState::finish(Output& out) {
  const bool unplaced = unit_.kind == UnitKind::unplaced;
  if (unplaced && rows_in_ == 0) return;  // there is such a unit in every run
  std::vector<CheckResult> results;
  for (std::size_t i = 0; i < plan_->rules.size(); ++i) {
    // Rows without a time are no window that could have too few of them.
    if (unplaced && plan_->rules[i].table) continue;
    results.push_back(result_of(i));
  }
  for (auto& table : tables_) table.reset();
  emit_results(results, out);
  for (auto& result : results) out.check(std::move(result));
}

void CheckState::emit_results(const std::vector<CheckResult>& results, Output& out) const {
  // They come from no row of any input.
  constexpr std::uint64_t kNoInput = (std::uint64_t{1} << (64 - Ordinals::kRowBits)) - 1;
  BatchBuilder rows(check_result_schema());
  std::uint64_t number = 0;
  for (const auto& result : results) {
    std::size_t column = 0;
    for (const auto& text :
         {unit_.shown(), unit_.run, result.rule, std::string(to_string(result.on_fail))}) {
      rows.column(column++).append_text(text);
    }
    rows.column(column++).append_bool(result.passed);
    rows.column(column++).append_int64(result.rows);
    rows.column(column++).append_int64(result.failed);
    rows.column(column).append_text(result.detail);
    rows.end_row(Ordinals::pack(kNoInput, number++));
  }
  if (results.empty()) return;
  out.made(rows.rows());
  out.emit(1, rows.finish());
}

}  // namespace

const SchemaRef& check_result_schema() {
  static const SchemaRef schema = make_schema({{"unit", kString},
                                               {"run", kString},
                                               {"rule", kString},
                                               {"on_fail", kString},
                                               {"passed", kBoolean},
                                               {"rows", kInt64},
                                               {"failed", kInt64},
                                               {"detail", kString}});
  return schema;
}

std::unique_ptr<AccumulatorState> make_check_state(std::shared_ptr<const CheckPlan> plan,
                                                   const Unit& unit) {
  return std::make_unique<CheckState>(std::move(plan), unit);
}

}  // namespace flowrun::nodes
