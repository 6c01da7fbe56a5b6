#include "tests/fuzz/reading.h"

#include <simdjson.h>

#include <algorithm>
#include <utility>

#include "engine/core/error.h"
#include "engine/data/text.h"
#include "tests/fuzz/fuzzing.h"

namespace flowrun::fuzzing {
namespace {

void check_column(const Column& column, const Batch& batch) {
  if (column.length() != batch.rows()) broken("a column has as many values as its batch rows");
  std::int64_t nulls = 0;
  for (std::int64_t row = 0; row < column.length(); ++row) {
    nulls += column.is_valid(row) ? 0 : 1;
    if (column.type().id != TypeId::string || !column.is_valid(row)) continue;
    const auto text = column.text(row);
    if (!simdjson::validate_utf8(text.data(), text.size()) || text.find('\0') != text.npos) {
      broken("a string is UTF-8 without NUL", text);
    }
  }
  if (nulls != column.null_count()) broken("a column knows its nulls");
}

std::string row_of(const Batch& batch, std::int64_t row) {
  std::string out;
  for (const auto& column : batch.columns()) {
    const auto text = column->is_valid(row) ? text_of(*column, row) : std::string();
    out += column->is_valid(row) ? std::to_string(text.size()) + ':' + text : std::string("null");
    out += '|';
  }
  return out;
}

std::string text_of_reject(const Reject& reject) {
  return std::to_string(reject.ordinal) + '|' + reject.origin + '|' + reject.reason + '|' +
         reject.column + '|' + reject.value + '|' + reject.record;
}

class Collector final : public Output {
 public:
  void emit(std::size_t port, BatchRef batch) override {
    if (port != 0) broken("a source has one port");
    for (const auto& column : batch->columns()) check_column(*column, *batch);
    for (std::int64_t row = 0; row < batch->rows(); ++row) {
      read.ordinals.push_back(batch->ordinal(row));
      read.rows.push_back(row_of(*batch, row));
    }
    read.batches.push_back(std::move(batch));
  }
  void reject(Reject reject) override {
    if (reject.reason.empty()) broken("a reject has a reason");
    rejects.push_back(std::move(reject));
  }

  WhatWasRead take() {
    std::stable_sort(rejects.begin(), rejects.end(),
                     [](const Reject& a, const Reject& b) { return a.ordinal < b.ordinal; });
    auto all = read.ordinals;
    if (!std::is_sorted(all.begin(), all.end())) broken("rows come in the order of the file");
    for (const auto& each : rejects) {
      all.push_back(each.ordinal);
      read.rejects.push_back(text_of_reject(each));
    }
    std::sort(all.begin(), all.end());
    if (std::adjacent_find(all.begin(), all.end()) != all.end()) {
      broken("a line is a row or a reject, and that once");
    }
    return std::move(read);
  }

  WhatWasRead read;
  std::vector<Reject> rejects;
};

std::string first_difference(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  const auto size = std::min(a.size(), b.size());
  const auto [x, y] =
      std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(size), b.begin());
  return std::to_string(a.size()) + " and " + std::to_string(b.size()) + ", first at " +
         std::to_string(x - a.begin()) + ":\n" + (x == a.end() ? "nothing" : *x) + "\n" +
         (y == b.end() ? "nothing" : *y);
}

}  // namespace

Type type_of(char letter) {
  switch (letter) {
    case 'i':
      return kInt64;
    case 'f':
      return kFloat64;
    case 'n':
      return decimal_type(10, 2);
    case 'N':
      return decimal_type(38, 10);
    case 'd':
      return kDate;
    case 't':
      return kTimestamp;
    case 'z':
      return kTimestamptz;
    case 'b':
      return kBoolean;
    case 'x':
      return kBytes;
    default:
      return kString;
  }
}

Cut cut_of(std::string_view letters) {
  Cut cut;
  if (letters.empty()) return {.bytes = {1}, .rows = 1};
  cut.bytes.clear();
  for (const char letter : letters) {
    cut.bytes.push_back(1 + static_cast<unsigned char>(letter - '0'));
  }
  cut.rows = cut.bytes.front();
  return cut;
}

WhatWasRead read_all(const std::function<std::unique_ptr<Reader>()>& open, const Cut& cut) {
  Collector out;
  try {
    const auto reader = open();
    for (std::size_t i = 0;; ++i) {
      const ReadRequest request{.bytes = cut.bytes[i % cut.bytes.size()], .rows = cut.rows};
      const auto chunk = reader->read(request, {});
      if (!chunk) break;
      reader->decode(*chunk, request, out);
    }
  } catch (const Error& error) {
    if (error.code() == Errc::internal) throw;
    out.read.error = error.what();
  }
  return out.take();
}

void expect_same(const WhatWasRead& read, const WhatWasRead& expected, std::string_view promise) {
  if (read.error != expected.error) broken(promise, read.error + "\n" + expected.error);
  if (!expected.error.empty()) return;
  if (read.rejects != expected.rejects) {
    broken(promise, "rejects: " + first_difference(read.rejects, expected.rejects));
  }
  if (read.rows != expected.rows) {
    broken(promise, "rows: " + first_difference(read.rows, expected.rows));
  }
  if (read.ordinals != expected.ordinals) broken(promise, "the ordinals differ");
}

std::optional<std::vector<std::string_view>> plain_lines(std::string_view text,
                                                         nodes::Encoding encoding) {
  if (encoding != nodes::Encoding::utf8) return std::nullopt;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    auto line = take_until(text, '\n');
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
  }
  return lines;
}

void expect_written(WhatWasRead again, const WhatWasRead& rows) {
  again.ordinals = rows.ordinals;
  auto expected = rows;
  expected.rejects.clear();
  expect_same(again, expected, "what is written reads back as it was");
}

void may_fail(const std::function<void()>& look) {
  try {
    look();
  } catch (const Error& error) {
    if (error.code() == Errc::internal) throw;
  }
}

}  // namespace flowrun::fuzzing
