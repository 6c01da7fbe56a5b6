#include "engine/plan/toml_reader.h"

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <string>

#include "engine/core/error.h"
#include "engine/core/json.h"
#include "engine/plan/source_position.h"

namespace flowrun {
namespace {

/// Turns the library's tree into ours.
class Converter {
 public:
  explicit Converter(const std::shared_ptr<const SourceText>& source) : source_(source) {}

  [[nodiscard]] OptionValue convert(const toml::node& node) const {
    OptionValue out;
    out.span = span_of(node.source());
    switch (node.type()) {
      case toml::node_type::table:
        out.value = table_of(*node.as_table());
        break;
      case toml::node_type::array:
        out.value = list_of(*node.as_array());
        break;
      case toml::node_type::string:
        out.value = node.as_string()->get();
        break;
      case toml::node_type::integer:
        out.value = std::int64_t{node.as_integer()->get()};
        break;
      case toml::node_type::floating_point:
        out.value = node.as_floating_point()->get();
        break;
      case toml::node_type::boolean:
        out.value = node.as_boolean()->get();
        break;
      case toml::node_type::date:
      case toml::node_type::time:
      case toml::node_type::date_time:
        out.value = written(node.source());
        break;
      case toml::node_type::none:
        bug("a TOML value without a type");
    }
    return out;
  }

 private:
  [[nodiscard]] SourceSpan span_of(const toml::source_region& region) const {
    const bool one_line = region.begin.line == region.end.line;
    return {source_, region.begin.line, region.begin.column,
            one_line ? region.end.column - region.begin.column : 0};
  }

  [[nodiscard]] std::string written(const toml::source_region& region) const {
    const auto begin = byte_offset(source_->text, region.begin.line, region.begin.column);
    const auto end = byte_offset(source_->text, region.end.line, region.end.column);
    return source_->text.substr(begin, end - begin);
  }

  /// The library keeps tables sorted by key; people think in the order of their file.
  [[nodiscard]] OptionValue::Table table_of(const toml::table& table) const {
    OptionValue::Table out;
    out.reserve(table.size());
    for (const auto& [key, node] : table) {
      auto value = convert(node);
      value.key_span = span_of(key.source());
      out.emplace_back(std::string(key.str()), std::move(value));
    }
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
      return std::pair(a.second.key_span.line, a.second.key_span.column) <
             std::pair(b.second.key_span.line, b.second.key_span.column);
    });
    return out;
  }

  [[nodiscard]] OptionValue::List list_of(const toml::array& array) const {
    OptionValue::List out;
    out.reserve(array.size());
    for (const auto& node : array) out.push_back(convert(node));
    return out;
  }

  std::shared_ptr<const SourceText> source_;
};

/// What to do about the commonest syntax errors, by a part of the library's words.
std::string hint_for(std::string_view message) {
  struct Advice {
    std::string_view part;
    std::string_view hint;
  };
  static constexpr std::array<Advice, 5> kAdvice{
      {{"control characters", "close the string on its line, or write \"\"\" for several lines"},
       {"newlines", "an inline table stands on one line; write a [table] of its own instead"},
       {"cannot redefine", "a key and a [table] may stand only once in a file"},
       {"could not determine value type", "put strings in quotes: key = \"text\""},
       {"utf-8", "save the file as UTF-8"}}};
  for (const auto& [part, hint] : kAdvice) {
    if (message.find(part) != std::string_view::npos) return std::string(hint);
  }
  return {};
}

/// "Error while parsing string: x" says less than "x".
std::string shown_message(std::string_view message) {
  if (const auto colon = message.find(": ");
      message.substr(0, 5) == "Error" && colon != std::string_view::npos) {
    message.remove_prefix(colon + 2);
  }
  std::string out(message);
  if (!out.empty() && out[0] >= 'A' && out[0] <= 'Z') out[0] = static_cast<char>(out[0] + 32);
  return "not valid TOML: " + out;
}

std::string key_text(const std::string& key) {
  const bool bare = !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
  if (bare) return key;
  std::string quoted;
  append_json_string(quoted, key);
  return quoted;
}

struct TomlText {
  std::string operator()(std::monostate) const { return "?"; }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(std::int64_t value) const { return std::to_string(value); }
  std::string operator()(double value) const { return fmt::format("{}", value); }
  std::string operator()(const std::string& value) const {
    std::string out;
    append_json_string(out, value);
    return out;
  }
  std::string operator()(const OptionValue::List& items) const {
    std::string out = "[";
    for (const auto& item : items) out += (out.size() == 1 ? "" : ", ") + toml_text(item);
    return out + "]";
  }
  std::string operator()(const OptionValue::Table& entries) const {
    std::string out;
    for (const auto& [key, value] : entries) {
      out += (out.empty() ? "{ " : ", ") + key_text(key) + " = " + toml_text(value);
    }
    return out.empty() ? "{}" : out + " }";
  }
};

}  // namespace

std::optional<OptionValue> read_toml(const std::shared_ptr<const SourceText>& source,
                                     Diagnostics& diagnostics) {
  try {
    const auto table = toml::parse(std::string_view(source->text), std::string_view());
    return Converter(source).convert(table);
  } catch (const toml::parse_error& error) {
    const auto& begin = error.source().begin;
    const std::string message(error.description());
    diagnostics.error("syntax", position_in(source, begin.line, begin.column),
                      shown_message(message), hint_for(message));
    return std::nullopt;
  }
}

std::optional<OptionValue> read_toml_value(std::string_view text) {
  Diagnostics ignored;  // the caller says what is wrong with the value, in its own words
  const auto source = std::make_shared<SourceText>(SourceText{"", "x = " + std::string(text)});
  auto table = read_toml(source, ignored);
  if (!table) return std::nullopt;
  auto value = table->table().front().second;
  value.span = {};
  value.key_span = {};
  return value;
}

std::string toml_text(const OptionValue& value) { return std::visit(TomlText{}, value.value); }

}  // namespace flowrun
