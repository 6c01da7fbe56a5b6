#include "nodes/sqlite/row_binder.h"

namespace flowrun::nodes {
namespace {

bool is_written(TypeId type) {
  return type == TypeId::date || type == TypeId::timestamp || type == TypeId::timestamptz ||
         type == TypeId::decimal;
}

/// Microseconds or days.
std::int64_t moment_at(const Column& column, TypeId type, std::int64_t row) {
  const auto i = static_cast<std::size_t>(row);
  return type == TypeId::date ? column.values<std::int32_t>()[i] : column.values<std::int64_t>()[i];
}

}  // namespace

RowBinder::RowBinder(sqlite::Statement& statement, const Schema& schema, std::size_t rows)
    : statement_(&statement), sources_(schema.size()), parameters_(schema.size() * rows) {
  for (std::size_t i = 0; i < sources_.size(); ++i) sources_[i].type = schema.field(i).type.id;
}

void RowBinder::start(const Batch& batch) {
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    auto& source = sources_[i];
    source.column = &batch.column(i);
    if (is_written(source.type)) source.writer.emplace(*source.column);
  }
}

void RowBinder::bind(std::span<const std::int64_t> rows) {
  std::size_t at = 0;
  for (const auto row : rows) {
    for (auto& source : sources_) {
      auto& parameter = parameters_[at++];
      if (source.column->is_valid(row)) {
        bind_value(static_cast<int>(at), parameter, source, row);
        parameter.null = false;
      } else if (!parameter.null) {
        statement_->bind_null(static_cast<int>(at));
        parameter.null = true;
        parameter.text = nullptr;
      }
    }
  }
}

void RowBinder::bind_text(int number, Parameter& parameter, TypeId type, std::string_view text) {
  if (text.data() != nullptr && parameter.text == text.data() && parameter.length == text.size())
    return;
  if (type == TypeId::bytes) {
    statement_->bind_blob(number, text);
  } else {
    statement_->bind_text(number, text);
  }
  parameter.text = text.data();
  parameter.length = text.size();
}

void RowBinder::bind_moment(int number, Parameter& parameter, Source& source, std::int64_t row) {
  const auto value = moment_at(*source.column, source.type, row);
  if (parameter.written && parameter.value == value) {
    if (parameter.text != nullptr) return;
  } else {
    const char* end = source.writer->write(parameter.cell.data(), row);
    parameter.length = static_cast<std::size_t>(end - parameter.cell.data());
    parameter.value = value;
    parameter.written = true;
  }
  parameter.text = parameter.cell.data();
  statement_->bind_text(number, {parameter.text, parameter.length});
}

void RowBinder::bind_value(int number, Parameter& parameter, Source& source, std::int64_t row) {
  const auto i = static_cast<std::size_t>(row);
  const auto& column = *source.column;
  switch (source.type) {
    case TypeId::boolean:
      return statement_->bind_int64(number, column.boolean(row) ? 1 : 0);
    case TypeId::int64:
      return statement_->bind_int64(number, column.values<std::int64_t>()[i]);
    case TypeId::float64:
      return statement_->bind_float64(number, column.values<double>()[i]);
    case TypeId::date:
    case TypeId::timestamp:
    case TypeId::timestamptz:
      return bind_moment(number, parameter, source, row);
    case TypeId::decimal: {
      const char* end = source.writer->write(parameter.cell.data(), row);
      parameter.text = nullptr;
      return statement_->bind_text(
          number, {parameter.cell.data(), static_cast<std::size_t>(end - parameter.cell.data())});
    }
    case TypeId::string:
    case TypeId::bytes:
      return bind_text(number, parameter, source.type, column.text(row));
  }
}

}  // namespace flowrun::nodes
