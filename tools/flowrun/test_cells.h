// The rows of a [[test]]: what its author wrote, in the types of the columns.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <regex>
#include <string>
#include <vector>

#include "engine/data/batch.h"
#include "engine/plan/plan.h"

namespace flowrun::command {

/// What a cell of an expected row must be.
struct ExpectedCell {
  enum class Kind { value, null, any, matches, near };
  Kind kind = Kind::null;
  std::string text;  ///< value: in canonical form; matches: the expression as written
  std::shared_ptr<const std::regex> expression;
  double number = 0;  ///< near
  double within = 0;

  /// `actual` is in canonical form; nothing: null.
  [[nodiscard]] bool accepts(const std::optional<std::string>& actual) const;
  /// "13", "null", "/IMO\d+/", "1.5 ± 0.01"
  [[nodiscard]] std::string shown() const;
};

struct ExpectedRows {
  std::vector<std::size_t> columns;  ///< those that are compared, by index of the port's schema
  std::vector<std::vector<ExpectedCell>> rows;
};

/// Reads the rows of a test. Problems are reported at their place; what is returned then is not to
/// be used. `plans` plans the text of a pipeline (CSV is read by the same source as in a run).
class TestRowReader {
 public:
  using Planner = std::function<std::optional<Plan>(const std::string& text, Diagnostics&)>;
  TestRowReader(Planner plans, std::string folder, Diagnostics& diagnostics)
      : plans_(std::move(plans)), folder_(std::move(folder)), diagnostics_(&diagnostics) {}

  /// Rows of a source's schema; columns that are not named are null.
  [[nodiscard]] std::vector<BatchRef> given(const TestRows& rows, const SchemaRef& schema);
  [[nodiscard]] ExpectedRows expected(const TestRows& rows, const SchemaRef& schema);

 private:
  [[nodiscard]] std::vector<BatchRef> read_csv(const TestRows& rows, const Schema& schema);
  [[nodiscard]] std::optional<std::size_t> find_column(const std::string& name,
                                                       const SourceSpan& span,
                                                       const Schema& schema);
  [[nodiscard]] std::optional<std::string> canonical(const OptionValue& value, Type type);
  [[nodiscard]] ExpectedCell cell(const OptionValue& value, Type type);
  [[nodiscard]] ExpectedCell matcher(const OptionValue& value);

  Planner plans_;
  std::string folder_;  ///< for CSV texts
  int files_ = 0;
  Diagnostics* diagnostics_;
};

}  // namespace flowrun::command
