#include "tests/support/batches.h"

#include <algorithm>
#include <map>
#include <stdexcept>

#include "engine/data/builder.h"
#include "engine/data/text.h"

namespace flowrun::testing {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

struct Cell {
  std::string text;
  bool is_null = true;
};

/// Takes one field off the front of `line`, the comma behind it too; `more` says whether there was
/// one.
Cell take_cell(std::string_view& line, bool& more) {
  Cell cell;
  std::size_t i = 0;
  if (!line.empty() && line.front() == '"') {
    cell.is_null = false;
    for (i = 1; i < line.size(); ++i) {
      if (line[i] == '"' && line.substr(i, 2) != "\"\"") break;
      if (line[i] == '"') ++i;
      cell.text += line[i];
    }
    ++i;
  } else {
    i = std::min(line.find(','), line.size());
    cell.text = line.substr(0, i);
    cell.is_null = cell.text.empty();
  }
  more = i < line.size();
  line.remove_prefix(std::min(line.size(), i + 1));
  return cell;
}

void append_cell(std::string& out, const Column& column, std::int64_t row) {
  if (!column.is_valid(row)) return;
  const auto text = text_of(column, row);
  if (!text.empty() && text.find_first_of(",\"\n") == std::string::npos) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

void append_line(BatchBuilder& builder, std::string_view line) {
  const std::string whole(line);
  bool more = true;
  for (std::size_t i = 0; i < builder.schema()->size(); ++i) {
    if (!more) throw std::runtime_error("too few fields: " + whole);
    const auto cell = take_cell(line, more);
    if (cell.is_null) {
      builder.column(i).append_null();
    } else if (!parse_append(builder.column(i), cell.text)) {
      throw std::runtime_error("not a value of its type: " + cell.text + " in: " + whole);
    }
  }
  if (more) throw std::runtime_error("too many fields: " + whole);
}

}  // namespace

SchemaRef schema_of(std::string_view fields) {
  std::vector<Field> list;
  while (!trimmed(fields).empty()) {
    std::size_t end = 0;
    for (int depth = 0; end < fields.size() && (fields[end] != ',' || depth > 0); ++end) {
      depth += fields[end] == '(' ? 1 : (fields[end] == ')' ? -1 : 0);
    }
    const auto field = trimmed(fields.substr(0, end));
    const auto space = field.rfind(' ');
    const auto type =
        space == std::string_view::npos ? std::nullopt : parse_type(field.substr(space + 1));
    if (!type) throw std::runtime_error("not a field: " + std::string(field));
    list.push_back({std::string(trimmed(field.substr(0, space))), *type});
    fields.remove_prefix(std::min(fields.size(), end + 1));
  }
  return make_schema(std::move(list));
}

BatchRef batch_of(std::string_view fields, std::string_view rows, std::uint64_t first) {
  return batch_of(schema_of(fields), rows, first);
}

BatchRef batch_of(const SchemaRef& schema, std::string_view rows, std::uint64_t first) {
  BatchBuilder builder(schema);
  while (!rows.empty()) {
    const auto end = std::min(rows.find('\n'), rows.size());
    const auto line = trimmed(rows.substr(0, end));
    rows.remove_prefix(std::min(rows.size(), end + 1));
    if (line.empty()) continue;
    append_line(builder, line);
    builder.end_row(first++);
  }
  return builder.finish();
}

std::string csv_of(const Batch& batch) {
  std::string out;
  for (std::int64_t row = 0; row < batch.rows(); ++row) {
    for (std::size_t i = 0; i < batch.schema().size(); ++i) {
      if (i != 0) out += ',';
      append_cell(out, batch.column(i), row);
    }
    out += '\n';
  }
  return out;
}

std::string csv_of(const std::vector<BatchRef>& batches) {
  std::string out;
  for (const auto& batch : batches) out += csv_of(*batch);
  return out;
}

std::string ordinals_of(const std::vector<BatchRef>& batches) {
  std::string out;
  for (const auto& batch : batches) {
    for (std::int64_t row = 0; row < batch->rows(); ++row) {
      if (!out.empty()) out += ' ';
      out += std::to_string(batch->ordinal(row));
    }
  }
  return out;
}

BatchRef with_dictionary(const Batch& batch, std::string_view name, std::uint64_t id,
                         ColumnRef dictionary) {
  const auto index = batch.schema().index_of(name);
  if (!index) throw std::runtime_error("no such column: " + std::string(name));
  const auto& plain = batch.column(*index);
  ColumnBuilder values(kString);
  std::map<std::string, std::int32_t, std::less<>> codes;
  const auto code_of = [&](std::string_view text) {
    const auto next = static_cast<std::int32_t>(codes.size());
    const auto [entry, added] = codes.emplace(text, next);
    if (added) values.append_text(text);
    return entry->second;
  };
  for (std::int64_t i = 0; dictionary && i < dictionary->length(); ++i)
    code_of(dictionary->text(i));
  auto encoded = Buffer::allocate(static_cast<std::size_t>(batch.rows()) * sizeof(std::int32_t));
  ColumnBuilder validity(kDate);  // any fixed type: its bitmap is what is wanted
  for (std::int64_t row = 0; row < batch.rows(); ++row) {
    const bool valid = plain.is_valid(row);
    encoded->mutable_as<std::int32_t>()[row] = valid ? code_of(plain.text(row)) : 0;
    valid ? validity.append_date(0) : validity.append_null();
  }
  auto columns = batch.columns();
  columns[*index] =
      std::make_shared<const Column>(ColumnParts{.type = kString,
                                                 .length = batch.rows(),
                                                 .null_count = plain.null_count(),
                                                 .validity = validity.finish()->parts().validity,
                                                 .values = std::move(encoded),
                                                 .dictionary = values.finish(),
                                                 .dictionary_id = id});
  return std::make_shared<const Batch>(batch.schema_ref(), std::move(columns), batch.rows(),
                                       batch.ordinals());
}

std::vector<BatchRef> cut(const BatchRef& batch, std::int64_t rows) {
  std::vector<BatchRef> parts;
  for (std::int64_t from = 0; from < batch->rows(); from += rows) {
    parts.push_back(slice(*batch, from, std::min(rows, batch->rows() - from)));
  }
  return parts;
}

BatchRef joined(const std::vector<BatchRef>& batches) {
  BatchBuilder builder(batches.at(0)->schema_ref());
  for (const auto& batch : batches) {
    for (std::int64_t row = 0; row < batch->rows(); ++row) builder.append_from(*batch, row);
  }
  return builder.finish();
}

void Collected::emit(std::size_t port, BatchRef batch) {
  if (ports.size() <= port) ports.resize(port + 1);
  ports[port].push_back(std::move(batch));
}

std::string Collected::csv(std::size_t port) const {
  return port < ports.size() ? csv_of(ports[port]) : std::string();
}

std::int64_t Collected::emitted_rows() const {
  std::int64_t rows = 0;
  for (const auto& port : ports) {
    for (const auto& batch : port) rows += batch->rows();
  }
  return rows;
}

std::int64_t Collected::accounted_rows() const {
  return emitted_rows() - made_rows() + absorbed_rows() + filtered_rows() +
         static_cast<std::int64_t>(rejects.size());
}

std::string Collected::rejected() const {
  std::string out;
  for (const auto& reject : rejects) {
    out += reject.column + ": " + reject.reason + ": " + reject.value + '\n';
  }
  return out;
}

}  // namespace flowrun::testing
