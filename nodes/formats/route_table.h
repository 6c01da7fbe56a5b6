// Small side files of a fixed shape: which value goes to which output, and plain lists of values.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace flowrun::nodes {

/// One line of a routes file: rows (or columns) with `value` belong to `output`.
struct Route {
  std::string value;
  std::string output;
  std::size_t line = 0;  ///< 1-based, in the file
  friend bool operator==(const Route&, const Route&) = default;
};

/// Reads a routes file: CSV with a header line, two fields a line, (value, output) by position
/// whatever the header calls them. Quoted fields, blank lines, a byte-order mark, CRLF and a
/// missing final newline are fine; a quoted newline is not. Returns the routes in file order, or
/// nothing with `problem` set ("line 3: …") where a line has another number of fields, a field is
/// empty, a value stands twice, or there is no route.
[[nodiscard]] std::optional<std::vector<Route>> parse_routes(const std::string& text,
                                                             std::string& problem);

/// Reads a list file: one value per line, no header; blank lines are skipped, a value that holds a
/// comma is quoted. Returns the values in file order, or nothing with `problem` set as above.
[[nodiscard]] std::optional<std::vector<std::string>> parse_list(const std::string& text,
                                                                 std::string& problem);

/// The values of `routes` that go to `output`, in file order.
[[nodiscard]] std::vector<std::string> values_of(const std::vector<Route>& routes,
                                                 const std::string& output);

/// The outputs of `routes`, each once, in the order in which they first appear.
[[nodiscard]] std::vector<std::string> outputs_of(const std::vector<Route>& routes);

}  // namespace flowrun::nodes
