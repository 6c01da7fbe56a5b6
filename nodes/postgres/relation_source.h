// A table or a query of a server as a source: what its readers have in common.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "engine/spec/node.h"
#include "nodes/postgres/address.h"
#include "nodes/postgres/source_relation.h"

namespace flowrun::postgres {

/// How a source reads; never changes once the node is bound.
struct RelationPlan {
  Address address;
  std::string pipeline;  ///< whose sources share a snapshot
  RelationWish wish;
  SchemaRef schema;
  /// The columns as they were when the pipeline was planned; nothing where nobody asked.
  std::optional<RelationFound> planned;
  int connections = 8;  ///< at most so many at once to one server
  bool snapshot = false;
  Micros settle = 0;

  /// "host:port/database#schema.table", or without the table.
  [[nodiscard]] std::string name() const;
  [[nodiscard]] bool reads_ranges() const;
};

/// Makes a source of it.
[[nodiscard]] std::unique_ptr<Source> make_relation_source(
    std::shared_ptr<const RelationPlan> plan);

}  // namespace flowrun::postgres
