// Units as rows of the PostgreSQL journal: written many at a time.
#pragma once

#include <string>
#include <vector>

#include "engine/state/journal.h"
#include "nodes/postgres/journal/values.h"

namespace flowrun::postgres {

/// Types of the columns of a unit.
[[nodiscard]] std::vector<std::string> unit_types();
[[nodiscard]] Parameters unit_values(const std::string& run, const UnitRecord& record);
/// Puts units (of unit_types()) in place of what is there of them; when each was first recorded
/// stays.
void put_units(Connection& connection, const Rows& rows);

/// In order of time, loads and unplaced rows last.
[[nodiscard]] std::vector<UnitRecord> read_units(Connection& connection, const std::string& run);

/// in, passed, absorbed, filtered, rejected, skipped, made, out.
void append_counts(Parameters& values, const RowCounts& counts);
/// The same from eight columns on.
[[nodiscard]] RowCounts read_counts(const Result& rows, int row, int first);

}  // namespace flowrun::postgres
