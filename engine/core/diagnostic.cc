#include "engine/core/diagnostic.h"

#include <algorithm>
#include <tuple>

namespace flowrun {
namespace {

constexpr std::size_t kMaxListed = 12;

/// Returns the byte offset of code point `column` (1-based) in `line`.
std::size_t byte_of_column(std::string_view line, std::uint32_t column) {
  std::size_t byte = 0;
  for (std::uint32_t seen = 1; byte < line.size() && seen < column; ++seen) {
    ++byte;
    while (byte < line.size() && (static_cast<unsigned char>(line[byte]) & 0xC0U) == 0x80U) ++byte;
  }
  return byte;
}

std::string_view line_of(std::string_view text, std::uint32_t number) {
  std::size_t start = 0;
  for (std::uint32_t line = 1; line < number; ++line) {
    const auto end = text.find('\n', start);
    if (end == std::string_view::npos) return {};
    start = end + 1;
  }
  auto line = text.substr(start, text.find('\n', start) - start);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

/// Blank text of the same shown width: tabs stay tabs, every other code point becomes one space.
std::string blanks_for(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\t') {
      out += '\t';
    } else if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) {
      out += ' ';
    }
  }
  return out;
}

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

/// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  std::vector<std::size_t> next(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    next[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      next[j] =
          std::min({row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      const bool is_swap = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (is_swap) next[j] = std::min(next[j], before[j - 2] + 1);
    }
    before.swap(row);
    row.swap(next);
  }
  return row[b.size()];
}

auto position(const Diagnostic& d) {
  return std::make_tuple(d.span.source ? std::string_view(d.span.source->path) : std::string_view(),
                         d.span.line, d.span.column);
}

}  // namespace

std::string SourceSpan::location() const {
  if (!source) return {};
  if (line == 0) return source->path;
  return fmt::format("{}:{}:{}", source->path, line, column);
}

Diagnostic& Diagnostics::add(Diagnostic diagnostic) {
  items_.push_back(std::move(diagnostic));
  return items_.back();
}

Diagnostic& Diagnostics::error(std::string code, SourceSpan span, std::string message,
                               std::string hint) {
  return add(
      {Severity::error, std::move(span), std::move(message), std::move(hint), std::move(code)});
}

Diagnostic& Diagnostics::warning(std::string code, SourceSpan span, std::string message,
                                 std::string hint) {
  return add(
      {Severity::warning, std::move(span), std::move(message), std::move(hint), std::move(code)});
}

bool Diagnostics::has_errors() const {
  return std::any_of(items_.begin(), items_.end(),
                     [](const Diagnostic& d) { return d.severity == Severity::error; });
}

void Diagnostics::sort() {
  std::stable_sort(items_.begin(), items_.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return position(a) < position(b);
  });
  // Of one position, equal messages need not be neighbours.
  std::vector<Diagnostic> kept;
  for (auto& item : items_) {
    const auto is_same = [&](const Diagnostic& other) {
      return position(other) == position(item) && other.message == item.message;
    };
    const auto start = std::find_if(kept.rbegin(), kept.rend(), [&](const Diagnostic& other) {
                         return position(other) != position(item);
                       }).base();
    if (std::none_of(start, kept.end(), is_same)) kept.push_back(std::move(item));
  }
  items_ = std::move(kept);
}

std::string render(const Diagnostic& diagnostic, bool color) {
  const bool is_error = diagnostic.severity == Severity::error;
  const std::string_view bold = color ? "\x1b[1m" : "";
  const std::string_view mark = color ? (is_error ? "\x1b[1;31m" : "\x1b[1;33m") : "";
  const std::string_view reset = color ? "\x1b[0m" : "";
  const auto where = diagnostic.span.location();
  std::string out = fmt::format("{}{}{}{}{}{}:{} {}", bold, where, where.empty() ? "" : ": ", reset,
                                mark, is_error ? "error" : "warning", reset, diagnostic.message);
  if (diagnostic.span.source && diagnostic.span.line > 0) {
    const auto line = line_of(diagnostic.span.source->text, diagnostic.span.line);
    const auto byte = byte_of_column(line, diagnostic.span.column);
    const auto number = std::to_string(diagnostic.span.line);
    const auto room = code_points(line.substr(byte));
    const auto carets =
        std::clamp<std::size_t>(diagnostic.span.length, 1, std::max<std::size_t>(room, 1));
    out +=
        fmt::format("\n  {} | {}\n  {} | {}{}{}{}", number, line, std::string(number.size(), ' '),
                    blanks_for(line.substr(0, byte)), mark, std::string(carets, '^'), reset);
  }
  if (!diagnostic.hint.empty()) out += "\n  = " + diagnostic.hint;
  return out;
}

std::optional<std::string> closest(std::string_view name,
                                   const std::vector<std::string>& candidates) {
  const std::size_t limit = std::max<std::size_t>(1, name.size() / 3);
  std::size_t best = limit + 1;
  std::optional<std::string> found;
  for (const auto& candidate : candidates) {
    const auto distance = edit_distance(name, candidate);
    if (distance < best) {
      best = distance;
      found = candidate;
    }
  }
  return found;
}

std::string suggest(std::string_view name, const std::vector<std::string>& candidates) {
  if (const auto found = closest(name, candidates))
    return fmt::format("did you mean \"{}\"?", *found);
  if (candidates.empty()) return {};
  const auto shown = std::min(candidates.size(), kMaxListed);
  std::string list;
  for (std::size_t i = 0; i < shown; ++i) list += (i == 0 ? "" : ", ") + candidates[i];
  if (shown < candidates.size()) list += fmt::format(", … ({} in all)", candidates.size());
  return (candidates.size() == 1 ? "there is only: " : "one of: ") + list;
}

}  // namespace flowrun
