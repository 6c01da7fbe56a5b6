// A text that must never be shown: passwords, keys, URLs with credentials.
#pragma once

#include <string>
#include <utility>

namespace flowrun {

/// Holds a secret. It prints as "***" through the only method that gives text for people.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}

  /// Returns the secret itself; for the call that needs it and nothing else.
  [[nodiscard]] const std::string& reveal() const { return value_; }
  [[nodiscard]] static std::string shown() { return "***"; }
  [[nodiscard]] bool empty() const { return value_.empty(); }

 private:
  std::string value_;
};

}  // namespace flowrun
