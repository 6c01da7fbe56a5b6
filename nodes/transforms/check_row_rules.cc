// Rules about single rows: conditions, nulls, membership.
#include <fmt/format.h>

#include "engine/data/text.h"
#include "nodes/transforms/check_rules.h"

namespace flowrun::nodes {
namespace {

class ConditionTest final : public RowTest {
 public:
  explicit ConditionTest(expr::Expression condition) : condition_(std::move(condition)) {}

  Broken broken_by(const Batch& batch) const override {
    auto values = condition_.evaluate(batch);
    const auto& column = *values.column;
    Broken broken{.rows = {}, .failures = std::move(values.failures)};
    for (std::int64_t row = 0; row < column.length(); ++row) {
      // Null is neither true nor false, and where there is a failure, too.
      if (!column.boolean(row) && column.is_valid(row))
        broken.rows.push_back(static_cast<std::uint32_t>(row));
    }
    return broken;
  }
  std::string says() const override { return fmt::format("{} does not hold", condition_.text()); }
  std::optional<std::size_t> culprit(const Batch&, std::int64_t) const override {
    const auto& columns = condition_.columns();
    return columns.size() == 1 ? std::optional(columns.front()) : std::nullopt;
  }
  const expr::Expression* expression() const override { return &condition_; }

 private:
  expr::Expression condition_;
};

class NotNullTest final : public RowTest {
 public:
  NotNullTest(const Schema& schema, std::vector<std::size_t> columns)
      : columns_(std::move(columns)) {
    for (const auto column : columns_) {
      names_ += fmt::format("{}{}", names_.empty() ? "" : " or ", schema.field(column).name);
    }
  }

  Broken broken_by(const Batch& batch) const override {
    Broken broken;
    bool any = false;
    for (const auto column : columns_) any = any || batch.column(column).has_nulls();
    for (std::int64_t row = 0; any && row < batch.rows(); ++row) {
      if (culprit(batch, row)) broken.rows.push_back(static_cast<std::uint32_t>(row));
    }
    return broken;
  }
  std::string says() const override { return names_ + " is null"; }
  std::optional<std::size_t> culprit(const Batch& batch, std::int64_t row) const override {
    for (const auto column : columns_) {
      if (!batch.column(column).is_valid(row)) return column;
    }
    return std::nullopt;
  }

 private:
  std::vector<std::size_t> columns_;
  std::string names_;
};

class MemberTest final : public RowTest {
 public:
  MemberTest(std::size_t column, std::shared_ptr<const ValueSet> values, std::string says)
      : column_(column), values_(std::move(values)), says_(std::move(says)) {}

  Broken broken_by(const Batch& batch) const override {
    return {.rows = values_->others(batch.column(column_)), .failures = {}};
  }
  std::string says() const override { return says_; }
  std::optional<std::size_t> culprit(const Batch&, std::int64_t) const override { return column_; }

 private:
  std::size_t column_;
  std::shared_ptr<const ValueSet> values_;
  std::string says_;
};

/// The text that a value is known by; `scratch` is where it may be made.
std::string_view key_of(const Column& column, std::int64_t row, std::string& scratch) {
  if (column.type().id == TypeId::string) return column.text(row);
  scratch.clear();
  append_text(scratch, column, row);
  if (scratch == "-0") scratch = "0";  // of floats: the same number
  return scratch;
}

}  // namespace

void ValueSet::add(const Column& column) {
  std::string scratch;
  for (std::int64_t row = 0; row < column.length(); ++row) {
    if (column.is_valid(row)) numbers_.add(key_of(column, row, scratch), 0);
  }
}

std::vector<std::uint32_t> ValueSet::others(const Column& column) const {
  std::vector<std::uint32_t> rows;
  const auto look = [&](auto is_in) {
    for (std::int64_t row = 0; row < column.length(); ++row) {
      if (column.is_valid(row) && !is_in(row)) rows.push_back(static_cast<std::uint32_t>(row));
    }
  };
  const bool by_code = column.is_dictionary() && (column.dictionary_id() != 0 ||
                                                  column.dictionary()->length() <= column.length());
  if (by_code) {
    const auto numbers =
        codes_.of(column, [this](std::string_view text) { return numbers_.find(text); });
    const auto codes = column.codes();
    look([&](std::int64_t row) {
      const auto code = static_cast<std::size_t>(codes[static_cast<std::size_t>(row)]);
      return (*numbers)[code] != TextNumbers::kNone;
    });
  } else {
    std::string scratch;
    look([&](std::int64_t row) {
      return numbers_.find(key_of(column, row, scratch)) != TextNumbers::kNone;
    });
  }
  return rows;
}

std::unique_ptr<RowTest> condition_test(expr::Expression condition) {
  return std::make_unique<ConditionTest>(std::move(condition));
}

std::unique_ptr<RowTest> not_null_test(const Schema& schema, std::vector<std::size_t> columns) {
  return std::make_unique<NotNullTest>(schema, std::move(columns));
}

std::unique_ptr<RowTest> member_test(std::size_t column, std::shared_ptr<const ValueSet> values,
                                     std::string says) {
  return std::make_unique<MemberTest>(column, std::move(values), std::move(says));
}

}  // namespace flowrun::nodes
