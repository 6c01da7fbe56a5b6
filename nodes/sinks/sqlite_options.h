// What the options of the sqlite sink say.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "engine/spec/node_type.h"
#include "nodes/sqlite/table.h"
#include "nodes/sqlite/upsert_sql.h"

namespace flowrun::nodes {

[[nodiscard]] NodeSpec sqlite_sink_spec();

/// The options, resolved against the input.
struct SqliteSinkSettings {
  std::string path;
  TableWish wish;
  InsertWish insert;
  bool replace = false;
  std::optional<Field> window_column;  ///< replace by window
  std::vector<std::size_t> key;        ///< fields that may not be null
  Micros busy_timeout = 0;
};

/// Checks what the option table cannot say; nothing where it reported something.
[[nodiscard]] std::optional<SqliteSinkSettings> sqlite_sink_settings(BindContext& context);

}  // namespace flowrun::nodes
