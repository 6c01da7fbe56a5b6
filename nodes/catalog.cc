#include "nodes/catalog.h"

namespace flowrun::nodes {

std::vector<NodeType> builtin_nodes() {
  return {csv_source(),  ndjson_source(), sqlite_source(), postgres_source(), generate_source(),
          select(),      derive(),        hash(),          lookup(),          filter(),
          split(),       pivot(),         dedup(),         union_rows(),      aggregate(),
          unpivot(),     check(),         sqlite_sink(),   postgres_sink(),   csv_sink(),
          ndjson_sink(), stdout_sink(),   null_sink()};
}

}  // namespace flowrun::nodes
