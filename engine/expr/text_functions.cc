// Texts: UTF-8, counted in characters, as PostgreSQL counts in a UTF-8 database.
#include "engine/expr/text_functions.h"

#include <algorithm>
#include <limits>

#include "engine/expr/function.h"
#include "engine/expr/utf8.h"

namespace flowrun::expr {
namespace {

constexpr Problem kTooLong = "the text would be too long";
constexpr std::int64_t kLongest = 16 << 20;

template <typename Fn>
Vector text1(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args, Fn fn) {
  return map1<std::string, std::string_view>(out, rows, mask, args,
                                             [&](std::string_view a, std::string& r) -> Problem {
                                               fn(a, r);
                                               return nullptr;
                                             });
}

Vector lower(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return text1(out, rows, mask, args, append_lower);
}
Vector upper(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return text1(out, rows, mask, args, append_upper);
}
Vector initcap(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return text1(out, rows, mask, args, append_capitalized);
}
Vector reverse(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return text1(out, rows, mask, args, [](std::string_view a, std::string& r) {
    while (!a.empty()) {
      const auto length = character_length(a);
      r.insert(0, a.substr(0, length));
      a.remove_prefix(length);
    }
  });
}
Vector concatenate(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map2<std::string, std::string_view, std::string_view>(
      out, rows, mask, args, [](std::string_view a, std::string_view b, std::string& r) -> Problem {
        r.reserve(a.size() + b.size());
        r.append(a).append(b);
        return nullptr;
      });
}

Vector characters(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map1<std::int64_t, std::string_view>(out, rows, mask, args,
                                              [](std::string_view a, std::int64_t& r) -> Problem {
                                                r = count_characters(a);
                                                return nullptr;
                                              });
}
Vector octets(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map1<std::int64_t, std::string_view>(out, rows, mask, args,
                                              [](std::string_view a, std::int64_t& r) -> Problem {
                                                r = static_cast<std::int64_t>(a.size());
                                                return nullptr;
                                              });
}

/// Characters [from, until) of a text, from 1, as PostgreSQL's substring: places before the text
/// count.
Problem substring_of(std::string_view text, std::int64_t from, std::int64_t until, std::string& r) {
  const auto begin = byte_of_character(text, std::max<std::int64_t>(from, 1));
  const auto end = byte_of_character(text, std::max<std::int64_t>(until, 1));
  if (end > begin) r = text.substr(begin, end - begin);
  return nullptr;
}
Vector substring_from(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map2<std::string, std::string_view, std::int64_t>(
      out, rows, mask, args, [](std::string_view a, std::int64_t from, std::string& r) -> Problem {
        return substring_of(a, from, std::numeric_limits<std::int64_t>::max(), r);
      });
}
Vector substring_for(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map3<std::string, std::string_view, std::int64_t, std::int64_t>(
      out, rows, mask, args,
      [](std::string_view a, std::int64_t from, std::int64_t count, std::string& r) -> Problem {
        if (count < 0) return "negative length of a substring";
        std::int64_t until = 0;
        if (__builtin_add_overflow(from, count, &until)) {
          until = std::numeric_limits<std::int64_t>::max();
        }
        return substring_of(a, from, until, r);
      });
}
Vector left(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map2<std::string, std::string_view, std::int64_t>(
      out, rows, mask, args, [](std::string_view a, std::int64_t count, std::string& r) -> Problem {
        const auto most = static_cast<std::int64_t>(a.size());
        const auto keep = count >= 0 ? std::min(count, most) : count_characters(a) + count;
        return substring_of(a, 1, std::max<std::int64_t>(keep, 0) + 1, r);
      });
}
Vector right(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map2<std::string, std::string_view, std::int64_t>(
      out, rows, mask, args, [](std::string_view a, std::int64_t count, std::string& r) -> Problem {
        const auto all = count_characters(a);
        const auto keep = std::clamp<std::int64_t>(count >= 0 ? count : all + count, 0, all);
        return substring_of(a, all - keep + 1, all + 1, r);
      });
}

bool holds_character(std::string_view set, std::string_view character) {
  return set.find(character) != std::string_view::npos;
}

/// `sides`: 1 the left, 2 the right, 3 both.
template <int Sides>
std::string_view trimmed(std::string_view text, std::string_view set) {
  while ((Sides & 1) != 0 && !text.empty()) {
    const auto length = character_length(text);
    if (!holds_character(set, text.substr(0, length))) break;
    text.remove_prefix(length);
  }
  while ((Sides & 2) != 0 && !text.empty()) {
    const auto length = last_character_length(text);
    if (!holds_character(set, text.substr(text.size() - length))) break;
    text.remove_suffix(length);
  }
  return text;
}
template <int Sides>
Vector trim(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map1<std::string, std::string_view>(out, rows, mask, args,
                                             [](std::string_view a, std::string& r) -> Problem {
                                               r = trimmed<Sides>(a, " ");
                                               return nullptr;
                                             });
}
template <int Sides>
Vector trim_set(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map2<std::string, std::string_view, std::string_view>(
      out, rows, mask, args,
      [](std::string_view a, std::string_view set, std::string& r) -> Problem {
        r = trimmed<Sides>(a, set);
        return nullptr;
      });
}

Vector replace(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map3<std::string, std::string_view, std::string_view, std::string_view>(
      out, rows, mask, args,
      [](std::string_view a, std::string_view what, std::string_view with,
         std::string& r) -> Problem {
        if (what.empty()) {
          r = a;
          return nullptr;
        }
        std::size_t from = 0;
        for (auto at = a.find(what); at != std::string_view::npos; at = a.find(what, from)) {
          r.append(a.substr(from, at - from)).append(with);
          from = at + what.size();
          if (r.size() > static_cast<std::size_t>(kLongest)) return kTooLong;
        }
        r.append(a.substr(from));
        return nullptr;
      });
}
Vector translate(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map3<std::string, std::string_view, std::string_view, std::string_view>(
      out, rows, mask, args,
      [](std::string_view a, std::string_view from, std::string_view to,
         std::string& r) -> Problem {
        while (!a.empty()) {
          const auto length = character_length(a);
          const auto character = a.substr(0, length);
          a.remove_prefix(length);
          const auto at = from.find(character);
          if (at == std::string_view::npos) {
            r.append(character);
            continue;
          }
          const auto place = count_characters(from.substr(0, at)) + 1;
          const auto begin = byte_of_character(to, place);
          r.append(to.substr(begin, byte_of_character(to, place + 1) - begin));
        }
        return nullptr;
      });
}
Vector split_part(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map3<std::string, std::string_view, std::string_view, std::int64_t>(
      out, rows, mask, args,
      [](std::string_view a, std::string_view by, std::int64_t n, std::string& r) -> Problem {
        if (n == 0) return "field position must not be zero";
        std::vector<std::string_view> parts;
        std::size_t from = 0;
        for (auto at = by.empty() ? std::string_view::npos : a.find(by);
             at != std::string_view::npos; at = a.find(by, from)) {
          parts.push_back(a.substr(from, at - from));
          from = at + by.size();
        }
        parts.push_back(a.substr(from));
        const auto count = static_cast<std::int64_t>(parts.size());
        const auto index = n > 0 ? n - 1 : count + n;
        if (index >= 0 && index < count) r = parts[static_cast<std::size_t>(index)];
        return nullptr;
      });
}
Vector position(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map2<std::int64_t, std::string_view, std::string_view>(
      out, rows, mask, args,
      [](std::string_view a, std::string_view what, std::int64_t& r) -> Problem {
        const auto at = a.find(what);
        r = at == std::string_view::npos ? 0 : count_characters(a.substr(0, at)) + 1;
        return nullptr;
      });
}
Vector starts_with(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map2<bool, std::string_view, std::string_view>(
      out, rows, mask, args, [](std::string_view a, std::string_view b, bool& r) -> Problem {
        r = a.starts_with(b);
        return nullptr;
      });
}
Vector repeat(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map2<std::string, std::string_view, std::int64_t>(
      out, rows, mask, args, [](std::string_view a, std::int64_t times, std::string& r) -> Problem {
        times = std::max<std::int64_t>(times, 0);
        if (!a.empty() && times > kLongest / static_cast<std::int64_t>(a.size())) return kTooLong;
        for (std::int64_t i = 0; i < times && !a.empty(); ++i) r.append(a);
        return nullptr;
      });
}

/// Fills up to `length` characters, or cuts; on the left or on the right.
Problem pad(std::string_view a, std::int64_t length, std::string_view fill, bool on_left,
            std::string& r) {
  length = std::max<std::int64_t>(length, 0);
  if (length > kLongest) return kTooLong;
  const auto have = count_characters(a);
  if (have >= length || fill.empty()) {
    return substring_of(a, 1, std::min(have, length) + 1, r);
  }
  std::string padding;
  auto rest = fill;
  for (auto missing = length - have; missing > 0; --missing) {
    if (rest.empty()) rest = fill;
    const auto one = character_length(rest);
    padding.append(rest.substr(0, one));
    rest.remove_prefix(one);
  }
  r = on_left ? padding.append(a) : std::string(a).append(padding);
  return nullptr;
}
template <bool OnLeft>
Vector pad_blank(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map2<std::string, std::string_view, std::int64_t>(
      out, rows, mask, args,
      [](std::string_view a, std::int64_t length, std::string& r) -> Problem {
        return pad(a, length, " ", OnLeft, r);
      });
}
template <bool OnLeft>
Vector pad_with(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map3<std::string, std::string_view, std::int64_t, std::string_view>(
      out, rows, mask, args,
      [](std::string_view a, std::int64_t length, std::string_view fill,
         std::string& r) -> Problem { return pad(a, length, fill, OnLeft, r); });
}

constexpr auto S = Family::string;
constexpr auto I = Family::int64;
constexpr auto B = Family::bytes;
constexpr auto text = &gives<Family::string>;
constexpr auto whole_number = &gives<Family::int64>;
constexpr auto truth = &gives<Family::boolean>;

}  // namespace

std::span<const Function> text_functions() {
  static const std::vector<Function> functions = [] {
    std::vector<Function> all{
        {"||", {S, S}, text, concatenate},
        {"lower", {S}, text, lower},
        {"upper", {S}, text, upper},
        {"initcap", {S}, text, initcap},
        {"reverse", {S}, text, reverse},
        {"length", {S}, whole_number, characters},
        {"length", {B}, whole_number, octets},
        {"char_length", {S}, whole_number, characters},
        {"character_length", {S}, whole_number, characters},
        {"octet_length", {S}, whole_number, octets},
        {"octet_length", {B}, whole_number, octets},
        {"left", {S, I}, text, left},
        {"right", {S, I}, text, right},
        {"btrim", {S}, text, trim<3>},
        {"btrim", {S, S}, text, trim_set<3>},
        {"ltrim", {S}, text, trim<1>},
        {"ltrim", {S, S}, text, trim_set<1>},
        {"rtrim", {S}, text, trim<2>},
        {"rtrim", {S, S}, text, trim_set<2>},
        {"replace", {S, S, S}, text, replace},
        {"translate", {S, S, S}, text, translate},
        {"split_part", {S, S, I}, text, split_part},
        {"position", {S, S}, whole_number, position},
        {"strpos", {S, S}, whole_number, position},
        {"starts_with", {S, S}, truth, starts_with},
        {"repeat", {S, I}, text, repeat},
        {"lpad", {S, I}, text, pad_blank<true>},
        {"lpad", {S, I, S}, text, pad_with<true>},
        {"rpad", {S, I}, text, pad_blank<false>},
        {"rpad", {S, I, S}, text, pad_with<false>},
    };
    for (const auto* name : {"substring", "substr"}) {
      all.push_back({name, {S, I}, text, substring_from});
      all.push_back({name, {S, I, I}, text, substring_for});
    }
    for (const auto& function : pattern_functions()) all.push_back(function);
    return all;
  }();
  return functions;
}

}  // namespace flowrun::expr
