#include "tools/flowrun/json_rows.h"

#include "engine/core/json.h"
#include "engine/spec/reject.h"

namespace flowrun::command {

std::string json_rows(const Batch& batch, const std::vector<std::size_t>& columns) {
  std::string out;
  for (std::int64_t row = 0; row < batch.rows(); ++row) {
    out += '{';
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (i > 0) out += ',';
      append_json_string(out, batch.schema().field(columns[i]).name);
      out += ':';
      append_json_value(out, batch.column(columns[i]), row);
    }
    out += "}\n";
  }
  return out;
}

}  // namespace flowrun::command
