// like, ilike, and regular expressions of RE2: linear in the text, so that no row can hang a run.
#include <re2/re2.h>

#include <memory>
#include <string>

#include "engine/expr/text_functions.h"
#include "engine/expr/utf8.h"

namespace flowrun::expr {
namespace {

constexpr Problem kBadPattern = "not a regular expression";
constexpr Problem kBadEscape = "the pattern ends with its escape character";

/// The expression of a pattern, compiled once as long as patterns do not change from row to row.
const RE2& compiled(std::string_view pattern, bool ignore_case) {
  struct Last {
    std::string pattern;
    bool ignore_case = false;
    std::unique_ptr<RE2> regex;
  };
  thread_local Last last;
  if (!last.regex || last.pattern != pattern || last.ignore_case != ignore_case) {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_case_sensitive(!ignore_case);
    options.set_max_mem(16 << 20);
    last.pattern = pattern;
    last.ignore_case = ignore_case;
    last.regex = std::make_unique<RE2>(last.pattern, options);
  }
  return *last.regex;
}

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

template <bool IgnoreCase, bool Negated>
Vector matches(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map2<bool, std::string_view, std::string_view>(
      out, rows, mask, args, [](std::string_view a, std::string_view pattern, bool& r) -> Problem {
        const auto& regex = compiled(pattern, IgnoreCase);
        if (!regex.ok()) return kBadPattern;
        r = RE2::PartialMatch(piece(a), regex) != Negated;
        return nullptr;
      });
}
Vector matches_with(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map3<bool, std::string_view, std::string_view, std::string_view>(
      out, rows, mask, args,
      [](std::string_view a, std::string_view pattern, std::string_view flags, bool& r) -> Problem {
        if (flags != "i" && flags != "c" && !flags.empty()) return "no such flag of a pattern";
        const auto& regex = compiled(pattern, flags == "i");
        if (!regex.ok()) return kBadPattern;
        r = RE2::PartialMatch(piece(a), regex);
        return nullptr;
      });
}

/// PostgreSQL's "\1" and "\&" as RE2's "\1" and "\0".
std::string rewritten(std::string_view with) {
  std::string out;
  for (std::size_t i = 0; i < with.size(); ++i) {
    if (with[i] == '\\' && i + 1 < with.size() && with[i + 1] == '&') {
      out += "\\0";
      ++i;
    } else {
      out += with[i];
    }
  }
  return out;
}
Problem replace_in(std::string_view a, std::string_view pattern, std::string_view with,
                   std::string_view flags, std::string& r) {
  const bool all = flags.find('g') != std::string_view::npos;
  const bool ignore_case = flags.find('i') != std::string_view::npos;
  if (flags.find_first_not_of("gic") != std::string_view::npos) return "no such flag of a pattern";
  const auto& regex = compiled(pattern, ignore_case);
  if (!regex.ok()) return kBadPattern;
  const auto rewrite = rewritten(with);
  std::string why;
  if (!regex.CheckRewriteString(rewrite, &why))
    return "the replacement names a group that is not there";
  r = a;
  if (all) {
    RE2::GlobalReplace(&r, regex, rewrite);
  } else {
    RE2::Replace(&r, regex, rewrite);
  }
  return nullptr;
}
Vector replace_pattern(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map3<std::string, std::string_view, std::string_view, std::string_view>(
      out, rows, mask, args,
      [](std::string_view a, std::string_view pattern, std::string_view with,
         std::string& r) -> Problem { return replace_in(a, pattern, with, "", r); });
}
Vector replace_all(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  // Four arguments: the flags are read beside the three that the loop brings.
  const Reader<std::string_view> flags(args[3]);
  if (!args[3].constant || args[3].column->has_nulls()) return null_vector(out);
  const std::string known(flags[0]);
  return map3<std::string, std::string_view, std::string_view, std::string_view>(
      out, rows, mask, args.first(3),
      [&](std::string_view a, std::string_view pattern, std::string_view with,
          std::string& r) -> Problem { return replace_in(a, pattern, with, known, r); });
}

/// Where the pattern matches, or its first group where it has one; null where nowhere.
Vector find_pattern(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  const bool constant = args[0].constant && args[1].constant;
  const auto count = constant ? 1 : rows.count;
  const Reader<std::string_view> texts(args[0]);
  const Reader<std::string_view> patterns(args[1]);
  Writer<std::string> writer(out, count);
  for (std::int64_t row = 0; row < count; ++row) {
    if (!texts.is_valid(row) || !patterns.is_valid(row) || (!constant && !is_active(mask, row))) {
      writer.set_null(row);
      continue;
    }
    const auto& regex = compiled(patterns[row], false);
    re2::StringPiece found[2];
    const int groups = regex.ok() && regex.NumberOfCapturingGroups() > 0 ? 2 : 1;
    const auto text = piece(texts[row]);
    if (!regex.ok()) {
      rows.failures->push_back(
          {static_cast<std::uint32_t>(row), kBadPattern, shown_values(args, row)});
      writer.set_null(row);
    } else if (regex.Match(text, 0, text.size(), RE2::UNANCHORED, found, groups) &&
               found[groups - 1].data() != nullptr) {
      writer.set(row, std::string(found[groups - 1].data(), found[groups - 1].size()));
    } else {
      writer.set_null(row);
    }
  }
  return writer.finish(constant);
}

/// Greedy with one point to come back to: linear for every pattern with one "%", quadratic at
/// worst.
Problem like(std::string_view text, std::string_view pattern, std::string_view escape, bool& r) {
  std::size_t t = 0;
  std::size_t p = 0;
  std::size_t back_p = std::string_view::npos;
  std::size_t back_t = 0;
  while (t < text.size()) {
    bool same = false;
    if (p < pattern.size()) {
      const auto one = character_length(pattern.substr(p));
      const auto character = pattern.substr(p, one);
      if (!escape.empty() && character == escape) {
        const auto next = p + one;
        if (next >= pattern.size()) return kBadEscape;
        const auto length = character_length(pattern.substr(next));
        same = text.substr(t).starts_with(pattern.substr(next, length));
        if (same) {
          t += length;
          p = next + length;
        }
      } else if (character == "%") {
        back_p = ++p;
        back_t = t;
        continue;
      } else if (character == "_") {
        same = true;
        t += character_length(text.substr(t));
        ++p;
      } else {
        same = text.substr(t).starts_with(character);
        if (same) {
          t += one;
          p += one;
        }
      }
    }
    if (same) continue;
    if (back_p == std::string_view::npos) {
      r = false;
      return nullptr;
    }
    back_t += character_length(text.substr(back_t));
    t = back_t;
    p = back_p;
  }
  while (p < pattern.size() && pattern[p] == '%') ++p;
  r = p == pattern.size();
  return nullptr;
}
Problem like_case(std::string_view a, std::string_view pattern, std::string_view escape,
                  bool ignore_case, bool& r) {
  if (!ignore_case) return like(a, pattern, escape, r);
  std::string low_a;
  std::string low_pattern;
  append_lower(a, low_a);
  append_lower(pattern, low_pattern);
  return like(low_a, low_pattern, escape, r);
}
template <bool IgnoreCase, bool Negated>
Vector is_like(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map2<bool, std::string_view, std::string_view>(
      out, rows, mask, args, [](std::string_view a, std::string_view pattern, bool& r) -> Problem {
        const auto problem = like_case(a, pattern, "\\", IgnoreCase, r);
        r = r != Negated;
        return problem;
      });
}
template <bool IgnoreCase, bool Negated>
Vector is_like_escape(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map3<bool, std::string_view, std::string_view, std::string_view>(
      out, rows, mask, args,
      [](std::string_view a, std::string_view pattern, std::string_view escape,
         bool& r) -> Problem {
        if (count_characters(escape) > 1) return "an escape is one character";
        const auto problem = like_case(a, pattern, escape, IgnoreCase, r);
        r = r != Negated;
        return problem;
      });
}

constexpr auto S = Family::string;
constexpr auto truth = &gives<Family::boolean>;
constexpr auto text = &gives<Family::string>;

}  // namespace

std::span<const Function> pattern_functions() {
  static const std::vector<Function> functions{
      {"like", {S, S}, truth, is_like<false, false>},
      {"like", {S, S, S}, truth, is_like_escape<false, false>},
      {"not_like", {S, S}, truth, is_like<false, true>},
      {"not_like", {S, S, S}, truth, is_like_escape<false, true>},
      {"ilike", {S, S}, truth, is_like<true, false>},
      {"ilike", {S, S, S}, truth, is_like_escape<true, false>},
      {"not_ilike", {S, S}, truth, is_like<true, true>},
      {"not_ilike", {S, S, S}, truth, is_like_escape<true, true>},
      {"~", {S, S}, truth, matches<false, false>},
      {"~*", {S, S}, truth, matches<true, false>},
      {"!~", {S, S}, truth, matches<false, true>},
      {"!~*", {S, S}, truth, matches<true, true>},
      {"regexp_like", {S, S}, truth, matches<false, false>},
      {"regexp_like", {S, S, S}, truth, matches_with},
      {"regexp_matches", {S, S}, truth, matches<false, false>},
      {"regexp_matches", {S, S, S}, truth, matches_with},
      {"regexp_replace", {S, S, S}, text, replace_pattern},
      {"regexp_replace", {S, S, S, S}, text, replace_all},
      {"regexp_substr", {S, S}, text, find_pattern},
      {"substring", {S, S}, text, find_pattern},
  };
  return functions;
}

}  // namespace flowrun::expr
