#include "nodes/formats/ndjson_lines.h"

#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "nodes/formats/csv_record.h"

namespace flowrun::nodes {
namespace {

constexpr std::size_t kMostShapes = 8;

bool is_blank(std::string_view line) {
  return std::all_of(line.begin(), line.end(), is_json_space);
}

}  // namespace

NdjsonLines::NdjsonLines(const NdjsonLayout& layout, std::string_view text, char* spare,
                         std::size_t max_row, bool fast, Refuse refuse)
    : text_(text),
      max_row_(max_row),
      fast_(fast),
      valid_(simdjson::validate_utf8(text.data(), text.size())),
      refuse_(std::move(refuse)),
      row_(layout, text.data(), spare) {}

NdjsonRows NdjsonLines::next(std::size_t most) {
  const auto entries = 2 * row_.layout().columns();
  NdjsonRows rows;
  auto buffer = Buffer::allocate(most * entries * sizeof(std::uint32_t));
  auto* cells = buffer->mutable_as<std::uint32_t>();
  rows.index = cells;
  while (rows.lines.size() < most && at_.from < text_.size()) {
    const auto line = at_;
    if (!read_line(cells)) continue;
    rows.lines.push_back(line);
    cells += entries;
  }
  rows.buffer = std::move(buffer);
  return rows;
}

std::string_view NdjsonLines::text_of(const NdjsonLine& line) const {
  const char* from = text_.data() + line.from;
  const auto* end = static_cast<const char*>(std::memchr(from, '\n', text_.size() - line.from));
  return {from, static_cast<std::size_t>(end - from)};
}

/// Goes on to the next line; false where this one gave no row.
bool NdjsonLines::read_line(std::uint32_t* cells) {
  const auto line = at_;
  if (!valid_ || text_.size() > max_row_) {
    const auto text = text_of(line);
    if (auto problem = problem_of(text); !problem.empty()) {
      go_on(text.data() + text.size());
      refuse_(line, {.reason = std::move(problem)});
      return false;
    }
  }
  if (const auto* end = read_alike(cells); end != nullptr) {
    go_on(end);
    row_.keep();
    return true;
  }
  const auto text = text_of(line);
  go_on(text.data() + text.size());
  if (is_blank(text)) return false;
  row_.start(cells);
  if (!walk_.read(text, row_)) {
    refuse_(line, row_.take_problem());
    return false;
  }
  row_.keep();
  if (fast_) learn(text);
  return true;
}

/// What is wrong with a line as a text; "" for nothing.
std::string NdjsonLines::problem_of(std::string_view line) const {
  // The cutter, which may see the line first, looks at its length only.
  const bool is_long = line.size() - (line.ends_with('\r') ? 1 : 0) > max_row_;
  if (is_long) return long_row_reason(max_row_);
  return valid_ || simdjson::validate_utf8(line.data(), line.size()) ? "" : "not valid UTF-8";
}

/// Goes to the line behind the newline at `end`.
void NdjsonLines::go_on(const char* end) {
  at_ = {static_cast<std::uint32_t>(end + 1 - text_.data()), at_.line + 1};
}

/// The newline of a line that looks like one seen before; null where it does not.
const char* NdjsonLines::read_alike(std::uint32_t* cells) {
  const char* from = text_.data() + at_.from;
  for (std::size_t tried = 0; tried < shapes_.size(); ++tried) {
    const auto shape = (last_shape_ + tried) % shapes_.size();
    row_.start(cells);
    if (const auto* end = shapes_[shape].read(from, row_); end != nullptr) {
      last_shape_ = shape;
      return end;
    }
  }
  return nullptr;
}

void NdjsonLines::learn(std::string_view line) {
  const auto& seen = walk_.seen();
  if (seen.empty() || seen.size() > NdjsonShape::kMostSlots) return;
  NdjsonShape shape(line, seen);
  if (shapes_.size() < kMostShapes) {
    last_shape_ = shapes_.size();
    shapes_.push_back(std::move(shape));
  } else {
    last_shape_ = next_shape_;
    shapes_[next_shape_] = std::move(shape);
    next_shape_ = (next_shape_ + 1) % kMostShapes;
  }
}

}  // namespace flowrun::nodes
