// The options of the postgres sink, checked against its input.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/spec/node_type.h"
#include "nodes/postgres/address.h"
#include "nodes/postgres/table_plan.h"
#include "nodes/postgres/table_writer.h"

namespace flowrun::nodes {

struct PostgresSinkSettings {
  postgres::Address address;
  postgres::TableWish wish;
  postgres::WriterSettings writer;
  std::optional<Field> window_column;  ///< replace with windows: what old rows are found by
  std::vector<std::string> before;
  std::vector<std::string> after;
};

[[nodiscard]] NodeSpec postgres_sink_spec();

/// Nothing after a diagnostic.
[[nodiscard]] std::optional<PostgresSinkSettings> postgres_sink_settings(BindContext& context);

}  // namespace flowrun::nodes
