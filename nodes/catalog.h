// The table of contents: one declaration per node.
#pragma once

#include <vector>

#include "engine/spec/node_type.h"

namespace flowrun::nodes {

// sources
NodeType csv_source();
NodeType ndjson_source();
NodeType sqlite_source();
NodeType postgres_source();
NodeType generate_source();

// transforms
NodeType select();
NodeType derive();
NodeType hash();
NodeType lookup();
NodeType filter();
NodeType split();
NodeType pivot();
NodeType aggregate();
NodeType dedup();
NodeType check();
NodeType union_rows();
NodeType unpivot();

// sinks
NodeType sqlite_sink();
NodeType postgres_sink();
NodeType csv_sink();
NodeType ndjson_sink();
NodeType stdout_sink();
NodeType null_sink();

/// Every node of this tree.
[[nodiscard]] std::vector<NodeType> builtin_nodes();

}  // namespace flowrun::nodes
