#include "engine/plan/json_text.h"

#include <fmt/format.h>

#include "engine/spec/reject.h"

namespace flowrun {

void JsonText::new_line() {
  out_ += '\n';
  out_.append(2 * has_entries_.size(), ' ');
}

void JsonText::begin_value() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (has_entries_.empty()) return;
  if (has_entries_.back()) out_ += ',';
  has_entries_.back() = true;
  new_line();
}

void JsonText::open(char bracket) {
  begin_value();
  out_ += bracket;
  has_entries_.push_back(false);
}

void JsonText::close(char bracket) {
  const bool has_entries = has_entries_.back();
  has_entries_.pop_back();
  if (has_entries) new_line();
  out_ += bracket;
}

JsonText& JsonText::begin_object() {
  open('{');
  return *this;
}

JsonText& JsonText::end_object() {
  close('}');
  return *this;
}

JsonText& JsonText::begin_list() {
  open('[');
  return *this;
}

JsonText& JsonText::end_list() {
  close(']');
  return *this;
}

JsonText& JsonText::key(std::string_view name) {
  begin_value();
  append_json_string(out_, name);
  out_ += ": ";
  after_key_ = true;
  return *this;
}

JsonText& JsonText::text(std::string_view value) {
  begin_value();
  append_json_string(out_, value);
  return *this;
}

JsonText& JsonText::number(std::int64_t value) { return raw(std::to_string(value)); }
JsonText& JsonText::number(double value) { return raw(fmt::format("{}", value)); }
JsonText& JsonText::boolean(bool value) { return raw(value ? "true" : "false"); }

JsonText& JsonText::raw(std::string_view json) {
  begin_value();
  out_ += json;
  return *this;
}

JsonText& JsonText::texts(const std::vector<std::string>& values) {
  begin_list();
  for (const auto& value : values) text(value);
  return end_list();
}

}  // namespace flowrun
