// What `${…}` stands for, and how it is put into the strings of a pipeline file.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/spec/option.h"

namespace flowrun {

/// A parameter or a matrix value.
struct Variable {
  std::string text;        ///< what it stands for
  std::string unresolved;  ///< what plan hashes see instead: "now - 365d"
  std::string type = {};   ///< of a parameter: "int64"; "" where it has none
  bool secret = false;     ///< plan hashes see "${name}"
  bool broken = false;     ///< it has no value, and that was reported
};

/// `resolved`: what nodes work with. `unresolved`: what plan hashes and people see: parameters and
/// matrix values put in, but relative times as written, and `${env:…}`, `${file:…}` and secret
/// parameters left alone.
/// `expression`: as resolved, but a variable becomes $1, $2, … (blanks behind it keep every byte in
/// its place), and its value is noted in OptionValue::bound.
enum class Form { resolved, unresolved, expression };

/// Puts variables into strings. One thread.
class Interpolator {
 public:
  /// `directory`: where the paths of `${file:…}` start.
  Interpolator(std::string directory, Diagnostics& diagnostics)
      : directory_(std::move(directory)), diagnostics_(&diagnostics) {}

  void set(const std::string& name, Variable variable) { variables_[name] = std::move(variable); }
  [[nodiscard]] const std::map<std::string, Variable>& variables() const { return variables_; }
  /// Sends diagnostics elsewhere from now on.
  void report_to(Diagnostics& diagnostics) { diagnostics_ = &diagnostics; }

  /// A copy of `value` with every string below it resolved. A string that cannot be resolved
  /// becomes a std::monostate after a diagnostic (Form::resolved), or stays as it is
  /// (Form::unresolved). `${window}` is left alone where `window_allowed`.
  [[nodiscard]] OptionValue apply(const OptionValue& value, Form form, bool window_allowed = false);

  /// The names that apply() met, in both forms.
  [[nodiscard]] const std::set<std::string>& used() const { return used_; }
  void forget_used() { used_.clear(); }

 private:
  class Text;
  /// An environment variable: as it is set, else as the file .env in the directory says.
  [[nodiscard]] std::optional<std::string> environment(const std::string& name);

  std::string directory_;
  Diagnostics* diagnostics_;
  std::map<std::string, Variable> variables_;
  std::set<std::string> used_;
  std::optional<std::map<std::string, std::string>> env_file_;  ///< once it was asked for
};

/// True where the string holds a `${…}`.
[[nodiscard]] bool has_variable(std::string_view text);

/// The names of filters: `${ship | lower}`.
[[nodiscard]] const std::vector<std::string>& filter_names();

}  // namespace flowrun
