#include "engine/plan/env_file.h"

#include <algorithm>
#include <optional>

namespace flowrun {
namespace {

constexpr std::string_view kBlank = " \t\r";

std::string_view trimmed(std::string_view text) {
  const auto begin = std::min(text.find_first_not_of(kBlank), text.size());
  text.remove_prefix(begin);
  const auto end = text.find_last_not_of(kBlank);
  return end == std::string_view::npos ? std::string_view() : text.substr(0, end + 1);
}

bool is_name(std::string_view text) {
  const auto is_letter = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
  };
  return !text.empty() && is_letter(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

/// The text between quotes at the front of `text`, which must end there but for a comment.
std::optional<std::string> unquoted(std::string_view text) {
  const char quote = text.front();
  std::string value;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == quote) {
      const auto rest = trimmed(text.substr(i + 1));
      return rest.empty() || rest.front() == '#' ? std::optional(value) : std::nullopt;
    }
    if (text[i] == '\\' && quote == '"' && i + 1 < text.size()) {
      const char next = text[++i];
      value += next == 'n' ? '\n' : next == 't' ? '\t' : next;
    } else {
      value += text[i];
    }
  }
  return std::nullopt;
}

std::optional<std::string> value_of(std::string_view text) {
  text = trimmed(text);
  if (!text.empty() && (text.front() == '"' || text.front() == '\'')) return unquoted(text);
  // A # belongs to the value unless a blank stands in front of it: passwords hold some.
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool starts_comment =
        text[i] == '#' && (i == 0 || kBlank.find(text[i - 1]) != kBlank.npos);
    if (starts_comment) return std::string(trimmed(text.substr(0, i)));
  }
  return std::string(text);
}

}  // namespace

std::map<std::string, std::string> parse_env_file(std::string_view text, std::string* faults) {
  std::map<std::string, std::string> variables;
  for (int number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    constexpr std::string_view kExport = "export ";
    if (line.starts_with(kExport)) line = trimmed(line.substr(kExport.size()));
    const auto equals = line.find('=');
    const auto name = trimmed(line.substr(0, std::min(equals, line.size())));
    auto value = equals == line.npos ? std::nullopt : value_of(line.substr(equals + 1));
    if (is_name(name) && value) {
      variables.insert_or_assign(std::string(name), std::move(*value));
    } else if (faults != nullptr) {
      *faults += (faults->empty() ? "line " : ", line ") + std::to_string(number);
    }
  }
  return variables;
}

}  // namespace flowrun
