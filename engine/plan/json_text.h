// Writes JSON for people and programs: indented, keys in the order of the calls.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace flowrun {

/// A JSON text under construction. Calls must nest; one thread.
class JsonText {
 public:
  JsonText& begin_object();
  JsonText& end_object();
  JsonText& begin_list();
  JsonText& end_list();
  JsonText& key(std::string_view name);
  JsonText& text(std::string_view value);
  JsonText& number(std::int64_t value);
  JsonText& number(double value);
  JsonText& boolean(bool value);
  /// A value that is JSON already.
  JsonText& raw(std::string_view json);
  JsonText& texts(const std::vector<std::string>& values);

  /// key() and text() in one.
  JsonText& entry(std::string_view name, std::string_view value) { return key(name).text(value); }

  /// The whole text, with a line feed at its end.
  [[nodiscard]] std::string finish() { return out_ + "\n"; }

 private:
  void begin_value();
  void open(char bracket);
  void close(char bracket);
  void new_line();

  std::string out_;
  std::vector<bool> has_entries_;  ///< of the brackets that are open
  bool after_key_ = false;
};

}  // namespace flowrun
