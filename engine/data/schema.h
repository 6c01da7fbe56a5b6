// Names and types of a batch's columns.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/data/type.h"

namespace flowrun {

struct Field {
  std::string name;
  Type type;
  friend bool operator==(const Field&, const Field&) = default;
};

/// An ordered list of fields with unique names. Immutable.
class Schema {
 public:
  Schema() = default;
  /// Throws Error(internal) on a repeated name: callers check what users wrote before.
  explicit Schema(std::vector<Field> fields);

  [[nodiscard]] const std::vector<Field>& fields() const { return fields_; }
  [[nodiscard]] std::size_t size() const { return fields_.size(); }
  [[nodiscard]] const Field& field(std::size_t i) const { return fields_[i]; }
  [[nodiscard]] std::optional<std::size_t> index_of(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> names() const;
  friend bool operator==(const Schema& a, const Schema& b) { return a.fields_ == b.fields_; }

 private:
  std::vector<Field> fields_;
  std::unordered_map<std::string, std::size_t> by_name_;
};

using SchemaRef = std::shared_ptr<const Schema>;

[[nodiscard]] inline SchemaRef make_schema(std::vector<Field> fields) {
  return std::make_shared<const Schema>(std::move(fields));
}

/// "name type, name type, …" for messages and graphs.
[[nodiscard]] std::string to_string(const Schema& schema);

}  // namespace flowrun
