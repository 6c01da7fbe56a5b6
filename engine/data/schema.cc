#include "engine/data/schema.h"

#include "engine/core/error.h"

namespace flowrun {

Schema::Schema(std::vector<Field> fields) : fields_(std::move(fields)) {
  by_name_.reserve(fields_.size());
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    if (!by_name_.emplace(fields_[i].name, i).second) {
      bug("a schema names the column \"{}\" twice", fields_[i].name);
    }
  }
}

std::optional<std::size_t> Schema::index_of(std::string_view name) const {
  const auto found = by_name_.find(std::string(name));
  if (found == by_name_.end()) return std::nullopt;
  return found->second;
}

std::vector<std::string> Schema::names() const {
  std::vector<std::string> names;
  names.reserve(fields_.size());
  for (const auto& field : fields_) names.push_back(field.name);
  return names;
}

std::string to_string(const Schema& schema) {
  std::string out;
  for (const auto& field : schema.fields()) {
    if (!out.empty()) out += ", ";
    out += field.name + " " + to_string(field.type);
  }
  return out;
}

}  // namespace flowrun
