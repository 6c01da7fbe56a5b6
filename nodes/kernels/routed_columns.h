// Options that name a routes file.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/spec/node_type.h"
#include "nodes/formats/route_table.h"

namespace flowrun::nodes {

struct RoutesFile {
  std::vector<Route> routes;
  std::string path;  ///< as written
  std::string hash;  ///< of its content
};

/// Reads the routes file named by `path`, a value of `option` or inside it. A diagnostic, and
/// nothing, where it cannot be read or holds something else.
[[nodiscard]] std::optional<RoutesFile> read_routes(BindContext& context, std::string_view option,
                                                    const OptionValue& path);

/// The columns that a routes file sends to one output.
struct RoutedColumns {
  std::vector<std::string> names;   ///< in file order
  std::vector<std::string> others;  ///< those that go to other outputs
  std::string output;
  std::string path;
  std::string hash;
};

/// Reads an option of the shape { routes = "channels.csv", output = "engine" }. Diagnostics, and
/// nothing, where it has another shape or the file no such output.
[[nodiscard]] std::optional<RoutedColumns> read_routed_columns(BindContext& context,
                                                               std::string_view option);

}  // namespace flowrun::nodes
