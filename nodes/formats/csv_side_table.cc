#include "nodes/formats/csv_side_table.h"

#include <utility>

#include "engine/core/error.h"
#include "nodes/formats/csv_reader.h"

namespace flowrun::nodes {
namespace {

/// Keeps rows; the first that cannot be read ends it.
class TableRows final : public Output {
 public:
  void emit(std::size_t /*port*/, BatchRef batch) override { batches.push_back(std::move(batch)); }
  void reject(Reject reject) override {
    throw Error(Errc::data, "{}: {}{}{}", reject.origin,
                reject.column.empty() ? "" : "column \"" + reject.column + "\": ", reject.reason,
                reject.value.empty() ? "" : ": " + reject.value);
  }
  std::vector<BatchRef> batches;
};

}  // namespace

std::vector<BatchRef> read_all(Reader& reader) {
  TableRows rows;
  const ReadRequest request;
  while (const auto chunk = reader.read(request, {})) reader.decode(*chunk, request, rows);
  return std::move(rows.batches);
}

std::vector<BatchRef> read_csv_table(const std::string& name, const std::string& path,
                                     const CsvFormat& format, const SchemaRef& schema) {
  const auto table = std::make_shared<const CsvTable>(format, schema, chosen_simd(), false);
  return read_all(*open_csv({.name = name, .path = path}, 0, table));
}

}  // namespace flowrun::nodes
