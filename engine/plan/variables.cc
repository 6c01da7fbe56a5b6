#include "engine/plan/variables.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "engine/plan/env_file.h"
#include "engine/plan/grammar.h"
#include "engine/plan/side_files.h"
#include "engine/plan/source_position.h"

namespace flowrun {
namespace {

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const auto begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

template <typename Map>
std::string mapped(std::string text, Map map) {
  std::transform(text.begin(), text.end(), text.begin(), map);
  return text;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }

std::optional<std::string> apply_filter(std::string_view name, std::string text) {
  if (name == "lower") return mapped(std::move(text), lower);
  if (name == "upper") return mapped(std::move(text), upper);
  if (name == "trim") return std::string(trim(text));
  return std::nullopt;
}

}  // namespace

std::optional<std::string> Interpolator::environment(const std::string& name) {
  if (const char* set = std::getenv(name.c_str()); set != nullptr) return set;
  if (!env_file_) {
    std::string reason;
    std::string faults;
    const auto path = resolve_path(directory_, ".env");
    const auto text = read_text_file(path, reason);
    env_file_ = parse_env_file(text.value_or(""), &faults);
    if (!faults.empty()) {
      diagnostics_->warning("bad-env-file", {},
                            fmt::format("{}: not NAME=value: {}", path, faults));
    }
  }
  const auto found = env_file_->find(name);
  if (found == env_file_->end()) return std::nullopt;
  return found->second;
}

const std::vector<std::string>& filter_names() {
  static const std::vector<std::string> names{"lower", "upper", "trim"};
  return names;
}

bool has_variable(std::string_view text) { return text.find("${") != std::string_view::npos; }

/// Resolves one string from front to back.
class Interpolator::Text {
 public:
  Text(Interpolator& owner, const OptionValue& leaf, Form form, bool window_allowed)
      : owner_(owner),
        leaf_(leaf),
        text_(leaf.text()),
        form_(form),
        window_allowed_(window_allowed) {}

  /// What $1, $2, … stand for (Form::expression).
  [[nodiscard]] std::vector<BoundValue> take_bound() { return std::move(bound_); }

  /// Nothing where a variable has no value.
  std::optional<std::string> resolve() {
    bool good = true;
    while (at_ < text_.size()) {
      const auto dollar = text_.find('$', at_);
      out_ += text_.substr(at_, dollar - at_);
      if (dollar == std::string_view::npos) break;
      at_ = dollar;
      if (text_.substr(at_, 3) == "$${") {
        out_ += "${";
        at_ += 3;
      } else if (text_.substr(at_, 2) == "${") {
        good = take_variable() && good;
      } else {
        out_ += text_[at_++];
      }
    }
    if (!good) return std::nullopt;
    return std::move(out_);
  }

 private:
  bool take_variable() {
    const auto end = text_.find('}', at_);
    begin_ = at_;
    if (end == std::string_view::npos) {
      at_ = text_.size();
      return problem("bad-variable", "\"${\" without \"}\"", "write $${ for a ${ that stays");
    }
    at_ = end + 1;
    const auto body = trim(text_.substr(begin_ + 2, end - begin_ - 2));
    if (form_ == Form::expression && is_in_quotes()) {
      return problem("bad-variable", "a variable inside quotes would be text and no value",
                     "write it without the quotes: it is bound as a value");
    }
    if (body.substr(0, 4) == "env:") return take_environment(body.substr(4));
    if (body.substr(0, 5) == "file:") return take_file(body.substr(5));
    return take_named(body);
  }

  bool take_environment(std::string_view body) {
    const auto default_at = body.find(":-");
    const auto filter_at = default_at == std::string_view::npos ? body.find('|') : default_at;
    const std::string name(trim(body.substr(0, filter_at)));
    if (form_ == Form::unresolved) return leave();
    const auto found = owner_.environment(name);
    if (default_at != std::string_view::npos) {
      const bool is_set = found && !found->empty();
      put(is_set ? *found : std::string(body.substr(default_at + 2)), "");
      return true;
    }
    if (!found) {
      return problem(
          "unresolved-variable", fmt::format("the environment variable {} is not set", name),
          fmt::format("set it (a file .env beside the pipeline file does), or give a default: "
                      "${{env:{}:-…}}",
                      name));
    }
    return filtered(*found, filter_at == std::string_view::npos ? "" : body.substr(filter_at + 1));
  }

  bool take_file(std::string_view body) {
    if (form_ == Form::unresolved) return leave();
    const auto path = resolve_path(owner_.directory_, trim(body));
    std::string reason;
    const auto text = read_text_file(path, reason);
    if (!text) {
      return problem("unresolved-variable",
                     fmt::format("cannot read the secret file \"{}\": {}", trim(body), reason),
                     "its path starts at the folder of the pipeline file");
    }
    put(std::string(trim(*text)), "");
    return true;
  }

  bool take_named(std::string_view body) {
    const auto bar = body.find('|');
    const std::string name(trim(body.substr(0, bar)));
    if (name == "window" && bar == std::string_view::npos && window_allowed_) return leave();
    if (!is_name(name)) {
      return problem("bad-variable", fmt::format("\"{}\" cannot be the name of a variable", name),
                     "write ${name}, ${env:NAME} or ${file:PATH}, or $${ for a ${ that stays");
    }
    owner_.used_.insert(name);
    const auto found = owner_.variables_.find(name);
    if (found == owner_.variables_.end()) return unknown(name);
    if (found->second.broken) return false;
    if (form_ == Form::unresolved && found->second.secret) return leave();
    const auto& variable = found->second;
    return filtered(form_ == Form::unresolved ? variable.unresolved : variable.text,
                    bar == std::string_view::npos ? "" : body.substr(bar + 1), variable.type);
  }

  bool unknown(const std::string& name) {
    if (name == "window") {
      return problem("unresolved-variable", "${window} has no value here",
                     "only the path of a file sink may name the window");
    }
    std::vector<std::string> names;
    for (const auto& [known, variable] : owner_.variables_) names.push_back(known);
    auto hint = suggest(name, names);
    if (owner_.environment(name) && !closest(name, names)) {
      hint = fmt::format("write ${{env:{}}} for the environment variable", name);
    } else if (hint.empty()) {
      hint = "add it to [params], or write $${ for a ${ that stays";
    }
    return problem("unresolved-variable",
                   fmt::format("${{{}}} is neither a parameter nor a matrix value", name),
                   std::move(hint));
  }

  /// Sends `text` through "lower | trim".
  bool filtered(std::string text, std::string_view filters, const std::string& type = {}) {
    while (!filters.empty()) {
      const auto bar = filters.find('|');
      const auto name = trim(filters.substr(0, bar));
      auto changed = apply_filter(name, std::move(text));
      if (!changed) {
        return problem("bad-variable", fmt::format("there is no filter \"{}\"", name),
                       suggest(name, filter_names()));
      }
      text = std::move(*changed);
      filters = bar == std::string_view::npos ? "" : filters.substr(bar + 1);
    }
    put(std::move(text), type);
    return true;
  }

  /// Puts a value in the place of the variable at hand.
  void put(std::string value, const std::string& type) {
    if (form_ != Form::expression) {
      out_ += value;
      return;
    }
    bound_.push_back(
        {std::move(value), type, std::string(text_.substr(begin_, at_ - begin_)), out_.size()});
    const auto placeholder = fmt::format("${}", bound_.size());
    out_ +=
        placeholder + std::string(at_ - begin_ - std::min(placeholder.size(), at_ - begin_), ' ');
  }

  /// Whether the variable at hand stands between quotes of the expression.
  [[nodiscard]] bool is_in_quotes() const {
    char open = 0;
    for (const char c : text_.substr(0, begin_)) {
      if (open == 0 && (c == '\'' || c == '"')) {
        open = c;
      } else if (c == open) {
        open = 0;
      }
    }
    return open != 0;
  }

  /// Copies the variable as it is written.
  bool leave() {
    out_ += text_.substr(begin_, at_ - begin_);
    return true;
  }

  bool problem(std::string code, std::string message, std::string hint) {
    if (form_ != Form::unresolved) {
      owner_.diagnostics_->error(std::move(code), span_inside(leaf_.span, begin_, at_ - begin_),
                                 std::move(message), std::move(hint));
    }
    return false;
  }

  Interpolator& owner_;
  const OptionValue& leaf_;
  std::string_view text_;
  Form form_;
  bool window_allowed_;
  std::size_t at_ = 0;
  std::size_t begin_ = 0;  ///< of the variable at hand
  std::string out_;
  std::vector<BoundValue> bound_;
};

OptionValue Interpolator::apply(const OptionValue& value, Form form, bool window_allowed) {
  OptionValue out = value;
  if (value.is_list()) {
    for (auto& item : std::get<OptionValue::List>(out.value))
      item = apply(item, form, window_allowed);
  } else if (value.is_table()) {
    for (auto& [key, entry] : std::get<OptionValue::Table>(out.value)) {
      entry = apply(entry, form, window_allowed);
    }
  } else if (value.is_text() && has_variable(value.text())) {
    Text leaf(*this, value, form, window_allowed);
    auto text = leaf.resolve();
    out.bound = leaf.take_bound();
    if (text) {
      out.value = std::move(*text);
    } else if (form != Form::unresolved) {
      out.value = std::monostate();
    }
  }
  return out;
}

}  // namespace flowrun
