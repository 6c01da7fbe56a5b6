// What a check found out about the rows of a unit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace flowrun {

/// What happens where a rule does not hold: the rows are rejected, or it is said, or the unit does
/// not commit.
enum class OnFail : std::uint8_t { reject, warn, error };
[[nodiscard]] const char* to_string(OnFail on_fail);
[[nodiscard]] std::optional<OnFail> parse_on_fail(const std::string& text);

/// One rule, judged over one unit.
struct CheckResult {
  std::string rule;  ///< its name
  OnFail on_fail = OnFail::error;
  bool passed = true;
  std::int64_t rows = 0;    ///< that were looked at
  std::int64_t failed = 0;  ///< rows that break it; 0 for rules about the whole where it holds
  std::string detail;       ///< what was found: "3 rows, wanted at least 10"; "" where it holds
  /// The first row that breaks it, by ordinal; the engine turns it into an origin.
  std::optional<std::uint64_t> first;
  std::string origin;  ///< "path:line" of that row
};

}  // namespace flowrun
