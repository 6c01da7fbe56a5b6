// Reads the table of a lookup.
#include "engine/core/cpu.h"
#include "engine/core/error.h"
#include "nodes/formats/csv_reader.h"
#include "nodes/sqlite/relation_reader.h"
#include "nodes/transforms/lookup_plan.h"

namespace flowrun::nodes {
namespace {

/// Puts rows into a table; one that cannot be read ends the reading.
class TableRows final : public Output {
 public:
  explicit TableRows(LookupTable& table) : table_(table) {}
  void emit(std::size_t /*port*/, BatchRef batch) override { table_.add(std::move(batch)); }
  void reject(Reject reject) override {
    throw Error(Errc::data, "{}: {}{}{}{}", reject.origin,
                reject.column.empty() ? "" : "column \"" + reject.column + "\": ", reject.reason,
                reject.value.empty() ? "" : ": ", reject.value);
  }

 private:
  LookupTable& table_;
};

std::unique_ptr<Reader> open_table(const LookupSource& source) {
  if (source.relation) return open_relation(*source.relation, source.schema, 0);
  auto table = std::make_shared<const CsvTable>(CsvFormat(), source.schema, chosen_simd(), false);
  return open_csv({.name = source.shown, .path = source.path}, 0, std::move(table));
}

}  // namespace

std::shared_ptr<const LookupTable> read_table(const LookupSource& source,
                                              LookupTable::Roles roles) {
  auto table = std::make_shared<LookupTable>(std::move(roles));
  TableRows rows(*table);
  const ReadRequest request;
  const auto reader = open_table(source);
  while (const auto chunk = reader->read(request, {})) reader->decode(*chunk, request, rows);
  if (const auto problem = table->finish()) {
    throw Error(Errc::data, "{}: {}", source.shown, *problem);
  }
  return table;
}

}  // namespace flowrun::nodes
