// Which values of a JSON object go to which columns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/data/schema.h"
#include "nodes/formats/json_scan.h"

namespace flowrun::nodes {

/// The parts of a JSON pointer ("/a/b~1c" is "a", "b/c"); nothing where it is none or names the
/// whole object.
[[nodiscard]] std::optional<std::vector<std::string>> parse_pointer(std::string_view pointer);

/// A tree of keys that lead to columns. Immutable. Node 0 is the object itself.
class NdjsonLayout {
 public:
  static constexpr std::uint32_t kNone = ~0U;

  struct Node {
    std::string key;                      ///< in the object above
    std::uint32_t element = kNone;        ///< in the array above, where the key says one
    std::vector<std::uint32_t> columns;   ///< that the value goes to
    std::vector<std::uint32_t> children;  ///< nodes
  };

  /// `paths[c]` leads to the value of column c.
  NdjsonLayout(SchemaRef schema, const std::vector<std::vector<std::string>>& paths);

  [[nodiscard]] const SchemaRef& schema() const { return schema_; }
  [[nodiscard]] std::size_t columns() const { return accepted_.size(); }
  [[nodiscard]] const Node& node(std::uint32_t number) const { return nodes_[number]; }
  [[nodiscard]] std::size_t nodes() const { return nodes_.size(); }

  /// The child of a node under a key. `expected` is the place among its children to look at first,
  /// and is moved behind what was found: keys mostly come in the same order. kNone where there is
  /// none.
  [[nodiscard]] std::uint32_t child(const Node& parent, std::string_view key,
                                    std::size_t& expected) const;
  /// The child for an element of an array.
  [[nodiscard]] std::uint32_t element(const Node& parent, std::uint32_t number) const;

  /// The usual case: the one column that a node's values go to, and the kinds that need no second
  /// look (bits of JsonKind; none where there are more columns).
  struct Direct {
    std::uint32_t column = 0;
    std::uint8_t kinds = 0;
  };
  [[nodiscard]] const Direct& direct(std::uint32_t number) const { return direct_[number]; }

  /// Whether a column takes values of a kind. A string column takes all of them.
  [[nodiscard]] bool accepts(std::size_t column, JsonKind kind) const {
    return ((accepted_[column] >> static_cast<unsigned>(kind)) & 1U) != 0;
  }

 private:
  std::uint32_t add_child(std::uint32_t parent, const std::string& key);

  SchemaRef schema_;
  std::vector<Node> nodes_{1};
  std::vector<Direct> direct_;          ///< by node
  std::vector<std::uint8_t> accepted_;  ///< by column: bits of JsonKind
};

}  // namespace flowrun::nodes
