#include "engine/spec/reject.h"

#include <cmath>

#include "engine/core/json.h"
#include "engine/data/builder.h"
#include "engine/data/text.h"

namespace flowrun {
const SchemaRef& reject_schema() {
  static const SchemaRef schema = make_schema({{"node", kString},
                                               {"reason", kString},
                                               {"column", kString},
                                               {"value", kString},
                                               {"origin", kString},
                                               {"record", kString},
                                               {"unit", kString},
                                               {"run", kString}});
  return schema;
}

BatchRef make_reject_batch(const std::vector<Reject>& rejects, const std::string& node,
                           const std::string& unit, const std::string& run) {
  BatchBuilder builder(reject_schema());
  for (const auto& reject : rejects) {
    std::size_t i = 0;
    for (const std::string* text : {&node, &reject.reason, &reject.column, &reject.value,
                                    &reject.origin, &reject.record, &unit, &run}) {
      builder.column(i++).append_text(*text);
    }
    builder.end_row(reject.ordinal);
  }
  return builder.finish();
}

void append_json_value(std::string& out, const Column& column, std::int64_t row) {
  if (!column.is_valid(row)) {
    out += "null";
    return;
  }
  const auto id = column.type().id;
  const bool finite = id != TypeId::float64 ||
                      std::isfinite(column.values<double>()[static_cast<std::size_t>(row)]);
  if ((column.type().is_number() && finite) || id == TypeId::boolean)
    return append_text(out, column, row);
  if (id == TypeId::string) return append_json_string(out, column.text(row));
  append_json_string(out, text_of(column, row));
}

std::string record_of(const Batch& batch, std::int64_t row) {
  std::string out = "{";
  for (std::size_t i = 0; i < batch.schema().size(); ++i) {
    if (i != 0) out += ',';
    append_json_string(out, batch.schema().field(i).name);
    out += ':';
    append_json_value(out, batch.column(i), row);
  }
  return out + "}";
}

}  // namespace flowrun
