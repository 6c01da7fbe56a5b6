// Reads the table of a lookup.
#include "engine/core/error.h"
#include "nodes/formats/csv_side_table.h"
#include "nodes/sqlite/relation_reader.h"
#include "nodes/transforms/lookup_plan.h"

namespace flowrun::nodes {
namespace {

std::vector<BatchRef> read_rows(const LookupSource& source) {
  if (source.relation) return read_all(*open_relation(*source.relation, source.schema, 0));
  return read_csv_table(source.shown, source.path, CsvFormat(), source.schema);
}

}  // namespace

std::shared_ptr<const LookupTable> read_table(const LookupSource& source,
                                              LookupTable::Roles roles) {
  auto table = std::make_shared<LookupTable>(std::move(roles));
  for (auto& batch : read_rows(source)) table->add(std::move(batch));
  if (const auto problem = table->finish()) {
    throw Error(Errc::data, "{}: {}", source.shown, *problem);
  }
  return table;
}

}  // namespace flowrun::nodes
