// How checks came out, for people and for programs.
#pragma once

#include <string>
#include <vector>

#include "engine/core/json.h"
#include "engine/run/check_summary.h"

namespace flowrun::command {

/// A line per rule, and below it a line for each of at most `limit` units in which one does not
/// hold; "" without checks.
[[nodiscard]] std::string check_tables(const std::vector<StoredCheck>& checks, std::int64_t limit,
                                       bool color);

/// "checks: 2 of 5 rules did not hold: sane, known; flowrun runs RUN FILE tells more"; "" without
/// checks. `run` is "" for a dry run.
[[nodiscard]] std::string check_line(const std::vector<CheckSummary>& checks,
                                     const std::string& run, const std::string& file);

/// Writes an array of the rules under the key "checks".
void write_checks(JsonWriter& json, const std::vector<CheckSummary>& checks);
/// The same of every result: a rule over a unit.
void write_checks(JsonWriter& json, const std::vector<StoredCheck>& checks);

}  // namespace flowrun::command
