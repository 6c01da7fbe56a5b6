// Checks tables of a pipeline file against option tables.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/spec/option.h"

namespace flowrun {

/// What a table is checked against, and how messages call it.
struct TableRules {
  std::string what;  ///< `source "readings"`, "[window]"
  const std::vector<OptionSpec>& specs;
  std::vector<std::string> others;  ///< keys that somebody else looks at
  std::vector<std::string> later;   ///< keys of later releases
  bool report_missing = true;  ///< false where something else already explains a missing option
};

struct CheckedTable {
  /// By option: durations and sizes as integers, defaults filled in, bad ones left out.
  std::map<std::string, OptionValue> values;
  /// False where something is missing or has a wrong type. Unknown keys are reported, and no more
  /// than that.
  bool usable = true;
};

/// Checks `table`; `owner` is where missing options are reported. A value that holds a
/// std::monostate had its problem reported before: it makes the result unusable and is not looked
/// at.
[[nodiscard]] CheckedTable check_table(const OptionValue& table, const SourceSpan& owner,
                                       const TableRules& rules, Diagnostics& diagnostics);

/// Checks one value against one row of an option table and brings it into its checked form; false
/// after a diagnostic.
[[nodiscard]] bool check_value(OptionValue& value, const OptionSpec& spec, const std::string& what,
                               Diagnostics& diagnostics);

/// True where a std::monostate stands anywhere in the value.
[[nodiscard]] bool is_broken(const OptionValue& value);

/// "a string", "a whole number", "a table", …
[[nodiscard]] std::string_view kind_of(const OptionValue& value);

}  // namespace flowrun
