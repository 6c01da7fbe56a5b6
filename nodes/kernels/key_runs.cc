#include "nodes/kernels/key_runs.h"

#include <cstring>

#include "nodes/kernels/scratch.h"

namespace flowrun::nodes {
namespace {

template <typename T>
void mark_values(std::span<const T> values, std::uint8_t* differs) {
  for (std::size_t i = 1; i < values.size(); ++i) {
    differs[i] = static_cast<std::uint8_t>(differs[i] | (values[i] != values[i - 1] ? 1 : 0));
  }
}

template <typename F>
void mark_rows(std::int64_t rows, std::uint8_t* differs, F differ) {
  for (std::int64_t i = 1; i < rows; ++i) {
    if (differ(i)) differs[i] = 1;
  }
}

/// Floats are compared by their bits: -0.0 after 0.0 may split a run.
void mark_column(const Column& column, std::uint8_t* differs) {
  const auto rows = column.length();
  if (column.has_nulls()) {
    mark_rows(rows, differs, [&](auto i) { return column.is_valid(i) != column.is_valid(i - 1); });
  }
  if (column.is_dictionary()) {
    mark_values(column.codes(), differs);
  } else if (column.type().is_text()) {
    mark_rows(rows, differs, [&](auto i) { return column.text(i) != column.text(i - 1); });
  } else if (column.type().width() == 8) {
    mark_values(column.values<std::int64_t>(), differs);
  } else if (column.type().width() == 4) {
    mark_values(column.values<std::int32_t>(), differs);
  } else if (column.type().width() == 16) {
    mark_values(column.values<Int128>(), differs);
  } else {
    mark_rows(rows, differs, [&](auto i) { return column.boolean(i) != column.boolean(i - 1); });
  }
}

}  // namespace

std::size_t find_runs(const Batch& batch, std::span<const std::size_t> columns,
                      std::uint32_t* starts) {
  const auto rows = static_cast<std::size_t>(batch.rows());
  Scratch<std::uint8_t> differs(rows + 1);
  std::memset(differs.data(), 0, differs.size());
  differs[0] = rows == 0 ? 0 : 1;
  for (const auto column : columns) mark_column(batch.column(column), differs.data());
  std::size_t count = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    starts[count] = static_cast<std::uint32_t>(i);
    count += differs[i];
  }
  starts[count] = static_cast<std::uint32_t>(rows);
  return count;
}

}  // namespace flowrun::nodes
