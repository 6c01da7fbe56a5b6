// [matrix] and --only: which instances a pipeline has.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/plan/plan.h"
#include "engine/plan/variables.h"

namespace flowrun {

/// One value per axis.
using MatrixCell = std::map<std::string, std::string>;

/// Appends a value so that it fits into "axis=value,axis=value".
void append_escaped(std::string& out, std::string_view value);

struct Matrix {
  std::vector<MatrixCell> cells{{}};        ///< one empty cell without a matrix
  std::vector<std::string> axes;            ///< in file order
  std::map<std::string, SourceSpan> spans;  ///< of the axes' names
  int parallel = 1;
};

/// Expands `section` (null: there is no matrix): the axes multiply, the first one slowest; `rows`
/// counts as one axis at its place. Then keeps what `options.only` asks for. After an error there
/// is one empty cell.
[[nodiscard]] Matrix expand_matrix(const OptionValue* section, const PlanOptions& options,
                                   Interpolator& variables, Diagnostics& diagnostics);

}  // namespace flowrun
