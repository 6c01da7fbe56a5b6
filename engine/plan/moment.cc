#include "engine/plan/moment.h"

namespace flowrun {
namespace {

void skip_spaces(std::string_view& text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
}

bool take_word(std::string_view& text, std::string_view word) {
  if (text.substr(0, word.size()) != word) return false;
  const auto next = text.substr(word.size(), 1);
  if (!next.empty() && next != " " && next != "+" && next != "-") return false;
  text.remove_prefix(word.size());
  return true;
}

/// Adds what "- 1d + 6h" says; false where it says something else.
bool add_spans(std::string_view text, Micros& at) {
  for (skip_spaces(text); !text.empty(); skip_spaces(text)) {
    const char sign = text.front();
    if (sign != '+' && sign != '-') return false;
    text.remove_prefix(1);
    skip_spaces(text);
    const auto end = text.find_first_of(" +-");
    const auto span = parse_duration(text.substr(0, end));
    if (!span || *span < 0) return false;
    at += sign == '-' ? -*span : *span;
    text.remove_prefix(end == std::string_view::npos ? text.size() : end);
  }
  return true;
}

}  // namespace

std::optional<Moment> parse_moment(std::string_view text, Micros now) {
  skip_spaces(text);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  Moment moment{.at = 0, .offset = 0, .relative = true};
  if (take_word(text, "now")) {
    moment.at = now;
  } else if (take_word(text, "today")) {
    moment.at = snap_down(now, kDay);
  } else {
    const auto parsed = parse_timestamp(text);
    if (!parsed) return std::nullopt;
    return Moment{.at = parsed->utc(), .offset = parsed->offset, .relative = false};
  }
  if (!add_spans(text, moment.at)) return std::nullopt;
  return moment;
}

}  // namespace flowrun
