#include "nodes/catalog.h"

namespace flowrun::nodes {

std::vector<NodeType> builtin_nodes() {
  return {csv_source(), generate_source(), select(),   filter(),      split(),    pivot(),
          dedup(),      sqlite_sink(),     csv_sink(), ndjson_sink(), null_sink()};
}

}  // namespace flowrun::nodes
