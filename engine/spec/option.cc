#include "engine/spec/option.h"

#include "engine/core/error.h"

namespace flowrun {

const OptionValue* OptionValue::find(std::string_view key) const {
  for (const auto& [name, entry] : table()) {
    if (name == key) return &entry;
  }
  return nullptr;
}

bool Options::has(std::string_view name) const { return raw(name) != nullptr; }

const OptionValue* Options::raw(std::string_view name) const {
  const auto found = values_.find(std::string(name));
  return found == values_.end() ? nullptr : &found->second;
}

const OptionValue& Options::at(std::string_view name) const {
  const auto* value = raw(name);
  if (value == nullptr) bug("option \"{}\" was asked for and is not there", name);
  return *value;
}

const std::string& Options::text(std::string_view name) const { return at(name).text(); }

std::string Options::text_or(std::string_view name, std::string_view otherwise) const {
  const auto* value = raw(name);
  return value == nullptr ? std::string(otherwise) : value->text();
}

std::int64_t Options::integer(std::string_view name) const {
  return std::get<std::int64_t>(at(name).value);
}

double Options::number(std::string_view name) const {
  const auto& value = at(name).value;
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  return std::get<double>(value);
}

bool Options::boolean(std::string_view name) const { return std::get<bool>(at(name).value); }

Micros Options::duration(std::string_view name) const {
  return std::get<std::int64_t>(at(name).value);
}

std::int64_t Options::size(std::string_view name) const { return integer(name); }

std::vector<std::string> Options::names(std::string_view name) const {
  std::vector<std::string> names;
  const auto* value = raw(name);
  if (value == nullptr) return names;
  if (value->is_text()) return {value->text()};
  for (const auto& item : value->list()) names.push_back(item.text());
  return names;
}

std::vector<std::pair<std::string, std::string>> Options::pairs(std::string_view name) const {
  std::vector<std::pair<std::string, std::string>> pairs;
  const auto* value = raw(name);
  if (value == nullptr) return pairs;
  for (const auto& [key, entry] : value->table()) pairs.emplace_back(key, entry.text());
  return pairs;
}

SourceSpan Options::span(std::string_view name) const {
  const auto* value = raw(name);
  return value == nullptr || !value->span.source ? node_ : value->span;
}

}  // namespace flowrun
