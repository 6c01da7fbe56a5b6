#include "nodes/transforms/pivot_rows.h"

#include <algorithm>

#include "engine/data/text.h"

namespace flowrun::nodes {
namespace {

/// Fills words from dates and booleans.
std::shared_ptr<Buffer> widen(const Column& column) {
  const auto rows = static_cast<std::size_t>(column.length());
  auto buffer = Buffer::allocate(rows * sizeof(std::uint64_t));
  auto* words = buffer->mutable_as<std::uint64_t>();
  for (std::size_t row = 0; row < rows; ++row) {
    words[row] = column.type().id == TypeId::boolean
                     ? static_cast<std::uint64_t>(column.boolean(static_cast<std::int64_t>(row)))
                     : static_cast<std::uint64_t>(std::int64_t{column.values<std::int32_t>()[row]});
  }
  return buffer;
}

CellSource make_source(const ColumnRef& values, Type type) {
  auto result = cast(values, type);
  CellSource source{.column = std::move(result.column), .failed = std::move(result.failed)};
  if (!is_word(type)) return source;
  if (type.width() == 8) {
    source.words =
        reinterpret_cast<const std::uint64_t*>(source.column->values<std::int64_t>().data());
  } else {
    source.widened = widen(*source.column);
    source.words = source.widened->as<std::uint64_t>();
  }
  return source;
}

}  // namespace

std::string_view CellSource::bytes(std::int64_t row) const {
  if (column->type().is_text()) return column->text(row);
  const auto* value = column->values<Int128>().data() + row;
  return {reinterpret_cast<const char*>(value), sizeof *value};
}

PivotRows::PivotRows(const BatchRef& batch, PivotPlan& plan)
    : batch_(batch), plan_(plan), columns_(static_cast<std::size_t>(batch->rows())) {
  find_columns();
  for (const auto type : plan.sources)
    sources_.push_back(make_source(batch->column_ref(plan.value), type));
}

void PivotRows::find_columns() {
  const auto& names = batch_->column(plan_.name);
  const auto find = [&](std::string_view text) { return plan_.column_by_name.find(text); };
  const auto rows = static_cast<std::size_t>(batch_->rows());
  if (names.is_dictionary() &&
      (names.dictionary_id() != 0 || names.dictionary()->length() <= names.length())) {
    const auto by_code = plan_.column_by_code.of(names, find);
    const auto codes = names.codes();
    if (!names.has_nulls()) {
      for (std::size_t row = 0; row < rows; ++row)
        columns_[row] = (*by_code)[static_cast<std::size_t>(codes[row])];
      return;
    }
    for (std::size_t row = 0; row < rows; ++row) {
      columns_[row] = names.is_valid(static_cast<std::int64_t>(row))
                          ? (*by_code)[static_cast<std::size_t>(codes[row])]
                          : TextNumbers::kNone;
    }
    return;
  }
  const bool is_text = names.type().id == TypeId::string;
  for (std::size_t row = 0; row < rows; ++row) {
    const auto at = static_cast<std::int64_t>(row);
    if (!names.is_valid(at)) {
      columns_[row] = TextNumbers::kNone;
    } else {
      columns_[row] = is_text ? find(names.text(at)) : find(text_of(names, at));
    }
  }
}

BatchRef PivotRows::reject_bad(Output& out) const {
  const auto rows = static_cast<std::uint32_t>(batch_->rows());
  std::vector<std::uint32_t> bad;
  std::int32_t least = 0;  // looks at all rows at once first: most batches have none
  for (std::uint32_t row = 0; row < rows; ++row) least = std::min(least, columns_[row]);
  for (std::uint32_t row = 0; least < 0 && row < rows; ++row) {
    if (columns_[row] < 0) bad.push_back(row);
  }
  for (const auto& source : sources_) {
    for (const auto row : source.failed) {
      if (columns_[row] >= 0 && &source_of(columns_[row]) == &source) bad.push_back(row);
    }
  }
  if (bad.empty()) return batch_;
  std::sort(bad.begin(), bad.end());
  std::vector<std::uint32_t> good;
  auto next = bad.begin();
  for (std::uint32_t row = 0; row < rows; ++row) {
    if (next != bad.end() && *next == row) {
      ++next;
      reject_row(row, out);
    } else {
      good.push_back(row);
    }
  }
  return take(*batch_, good);
}

void PivotRows::reject_row(std::int64_t row, Output& out) const {
  const auto column = columns_[static_cast<std::size_t>(row)];
  const bool is_misnamed = column < 0;
  const auto place = is_misnamed ? plan_.name : plan_.value;
  const auto& offender = batch_->column(place);
  Reject reject{.column = plan_.input->field(place).name,
                .value = text_of(offender, row),
                .record = record_of(*batch_, row),
                .ordinal = batch_->ordinal(row)};
  if (!is_misnamed) {
    reject.reason = not_a(plan_.columns[static_cast<std::size_t>(column)].cell);
  } else {
    reject.reason = offender.is_valid(row) ? plan_.unknown_reason : "the name is null";
  }
  out.reject(std::move(reject));
}

}  // namespace flowrun::nodes
