#include "tools/flowrun/test_cells.h"

#include <algorithm>
#include <cmath>
#include <fstream>

#include "engine/core/error.h"
#include "engine/core/json.h"
#include "engine/data/text.h"
#include "engine/plan/option_check.h"
#include "engine/run/runner.h"

namespace flowrun::command {
namespace {

/// A scalar as it would stand in a file; nothing for lists and tables.
std::optional<std::string> text_of_scalar(const OptionValue& value) {
  if (value.is_text()) return value.text();
  if (const auto* flag = std::get_if<bool>(&value.value)) return *flag ? "true" : "false";
  if (const auto* whole = std::get_if<std::int64_t>(&value.value)) return std::to_string(*whole);
  if (const auto* number = std::get_if<double>(&value.value)) {
    std::string text;
    int scale = 0;
    append_float(text, *number, scale);
    return text;
  }
  return std::nullopt;
}

std::string in_quotes(const std::string& text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::optional<double> number_of(const OptionValue* value) {
  if (value == nullptr) return std::nullopt;
  const auto text = text_of_scalar(*value);
  return text ? parse_float64(*text) : std::nullopt;
}

}  // namespace

bool ExpectedCell::accepts(const std::optional<std::string>& actual) const {
  switch (kind) {
    case Kind::value:
      return actual == text;
    case Kind::null:
      return !actual;
    case Kind::any:
      return true;
    case Kind::matches:
      return actual && std::regex_search(*actual, *expression);
    case Kind::near: {
      const auto value = actual ? parse_float64(*actual) : std::nullopt;
      return value && std::abs(*value - number) <= within;
    }
  }
  return false;
}

std::string ExpectedCell::shown() const {
  switch (kind) {
    case Kind::value:
      return text;
    case Kind::null:
      return "null";
    case Kind::any:
      return "anything";
    case Kind::matches:
      return "/" + text + "/";
    case Kind::near:
      return fmt::format("{} ± {}", number, within);
  }
  return {};
}

std::optional<std::size_t> TestRowReader::find_column(const std::string& name,
                                                      const SourceSpan& span,
                                                      const Schema& schema) {
  const auto index = schema.index_of(name);
  if (!index) {
    diagnostics_->error("unknown-column", span, fmt::format("there is no column \"{}\"", name),
                        suggest(name, schema.names()));
  }
  return index;
}

std::optional<std::string> TestRowReader::canonical(const OptionValue& value, Type type) {
  const auto text = text_of_scalar(value);
  ColumnBuilder builder(type);
  if (text && parse_append(builder, *text)) return text_of(*builder.finish(), 0);
  diagnostics_->error("bad-value", value.span,
                      fmt::format("not a {}: {}", to_string(type), text.value_or("…")));
  return std::nullopt;
}

ExpectedCell TestRowReader::matcher(const OptionValue& value) {
  ExpectedCell cell;
  const auto* any = value.find("any");
  const auto* matches = value.find("matches");
  const auto near = number_of(value.find("near"));
  const auto within = number_of(value.find("within"));
  const auto keys = value.table().size();
  if (keys == 1 && any != nullptr) {
    cell.kind = ExpectedCell::Kind::any;
  } else if (keys == 1 && matches != nullptr && matches->is_text()) {
    cell.kind = ExpectedCell::Kind::matches;
    cell.text = matches->text();
    try {
      cell.expression = std::make_shared<const std::regex>(cell.text);
    } catch (const std::regex_error& error) {
      diagnostics_->error("bad-value", matches->span,
                          fmt::format("no regular expression: {}", error.what()));
    }
  } else if (keys == 2 && near && within && *within >= 0) {
    cell.kind = ExpectedCell::Kind::near;
    cell.number = *near;
    cell.within = *within;
  } else {
    diagnostics_->error(
        "bad-value", value.span, "no matcher",
        "write { any = true }, { matches = \"…\" } or { near = 1.5, within = 0.1 }");
  }
  return cell;
}

ExpectedCell TestRowReader::cell(const OptionValue& value, Type type) {
  if (value.is_table()) return matcher(value);
  ExpectedCell cell;
  if (auto text = canonical(value, type)) {
    cell.kind = ExpectedCell::Kind::value;
    cell.text = std::move(*text);
  }
  return cell;
}

std::vector<BatchRef> TestRowReader::read_csv(const TestRows& rows, const Schema& schema) {
  auto path = rows.text;
  if (rows.form == TestRows::Form::csv) {
    path = fmt::format("{}/rows{}.csv", folder_, ++files_);
    std::ofstream(path, std::ios::binary) << rows.text;
  }
  const auto pipeline = [&](const std::string& columns) {
    return fmt::format(
        "name = \"rows\"\n[sources.rows]\ntype = \"csv\"\npath = {}\n{}[sinks.out]\ntype = "
        "\"null\"\ninput = \"rows\"\n",
        in_quotes(path), columns);
  };
  Diagnostics found;
  std::string columns;
  if (const auto looked = plans_(pipeline(""), found)) {
    for (const auto& field :
         looked->instances.front().nodes.front().binding.outputs.front().schema->fields()) {
      const auto index = find_column(field.name, rows.span, schema);
      if (!index) return {};
      columns += fmt::format("{}{} = \"{}\"", columns.empty() ? "columns = { " : ", ",
                             in_quotes(field.name), to_string(schema.field(*index).type));
    }
  }
  const auto plan = plans_(pipeline(columns + " }\n"), found);
  std::vector<BatchRef> batches;
  const auto problem = [&](const std::string& message) {
    diagnostics_->error("bad-value", rows.span, "the rows cannot be read: " + message);
  };
  if (!plan) {
    problem(found.all().empty() ? "" : found.all().front().message);
    return {};
  }
  scan(
      plan->instances.front(), {0, 0}, std::nullopt,
      [&](const Batch& batch) { batches.push_back(slice(batch, 0, batch.rows())); },
      [&](const Reject& reject) {
        problem(fmt::format("{}{}{}", reject.column.empty() ? "" : reject.column + ": ",
                            reject.reason, reject.value.empty() ? "" : ": " + reject.value));
      });
  return batches;
}

std::vector<BatchRef> TestRowReader::given(const TestRows& rows, const SchemaRef& schema) {
  BatchBuilder builder(schema);
  std::vector<BatchRef> batches;
  const auto end_row = [&] {
    builder.end_row(0);
    if (builder.full()) batches.push_back(builder.finish());
  };
  if (rows.form == TestRows::Form::rows) {
    for (const auto& row : rows.rows) {
      for (const auto& [name, value] : row.table()) {
        static_cast<void>(find_column(name, value.key_span, *schema));
      }
      for (std::size_t i = 0; i < schema->size(); ++i) {
        const auto* value = row.find(schema->field(i).name);
        const auto text =
            value == nullptr ? std::nullopt : canonical(*value, schema->field(i).type);
        if (!text || !parse_append(builder.column(i), *text)) builder.column(i).append_null();
      }
      end_row();
    }
  } else {
    for (const auto& batch : read_csv(rows, *schema)) {
      for (std::int64_t row = 0; row < batch->rows(); ++row) {
        for (std::size_t i = 0; i < schema->size(); ++i) {
          const auto from = batch->schema().index_of(schema->field(i).name);
          if (from) {
            builder.column(i).append_from(batch->column(*from), row);
          } else {
            builder.column(i).append_null();
          }
        }
        end_row();
      }
    }
  }
  if (builder.rows() > 0) batches.push_back(builder.finish());
  return batches;
}

ExpectedRows TestRowReader::expected(const TestRows& rows, const SchemaRef& schema) {
  ExpectedRows expected;
  if (rows.form != TestRows::Form::rows) {
    for (const auto& batch : read_csv(rows, *schema)) {
      if (expected.columns.empty()) {
        for (const auto& field : batch->schema().fields()) {
          expected.columns.push_back(schema->index_of(field.name).value());
        }
      }
      for (std::int64_t row = 0; row < batch->rows(); ++row) {
        auto& cells = expected.rows.emplace_back();
        for (std::size_t i = 0; i < expected.columns.size(); ++i) {
          auto& cell = cells.emplace_back();
          if (!batch->column(i).is_valid(row)) continue;
          cell.kind = ExpectedCell::Kind::value;
          cell.text = text_of(batch->column(i), row);
        }
      }
    }
    return expected;
  }
  for (const auto& row : rows.rows) {
    for (const auto& [name, value] : row.table()) {
      const auto index = find_column(name, value.key_span, *schema);
      auto& columns = expected.columns;
      if (index && std::find(columns.begin(), columns.end(), *index) == columns.end()) {
        columns.push_back(*index);
      }
    }
  }
  std::sort(expected.columns.begin(), expected.columns.end());
  for (const auto& row : rows.rows) {
    auto& cells = expected.rows.emplace_back();
    for (const auto column : expected.columns) {
      const auto* value = row.find(schema->field(column).name);
      cells.push_back(value == nullptr ? ExpectedCell{} : cell(*value, schema->field(column).type));
    }
  }
  return expected;
}

}  // namespace flowrun::command
