#include "tools/flowrun/test_match.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "engine/data/text.h"

namespace flowrun::command {
namespace {

constexpr std::size_t kNobody = SIZE_MAX;

/// Beyond so many lines nobody reads on.
constexpr std::size_t kMostLines = 50;

using ActualRow = std::vector<std::optional<std::string>>;
using ExpectedRow = std::vector<ExpectedCell>;

std::size_t agreement(const ExpectedRow& expected, const ActualRow& actual) {
  std::size_t cells = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) cells += expected[i].accepts(actual[i]) ? 1 : 0;
  return cells;
}

bool is_literal(const ExpectedRow& row) {
  return std::all_of(row.begin(), row.end(), [](const ExpectedCell& cell) {
    return cell.kind == ExpectedCell::Kind::value || cell.kind == ExpectedCell::Kind::null;
  });
}

std::string key_of(const ActualRow& row) {
  std::string key;
  for (const auto& cell : row) key += cell ? std::to_string(cell->size()) + ":" + *cell : "-";
  return key;
}

std::string key_of(const ExpectedRow& row) {
  ActualRow literal;
  for (const auto& cell : row) {
    literal.push_back(cell.kind == ExpectedCell::Kind::null ? std::nullopt
                                                            : std::optional(cell.text));
  }
  return key_of(literal);
}

/// Which actual row belongs to which expected one.
class Pairing {
 public:
  Pairing(const ExpectedRows& expected, const ActualRows& actual)
      : expected_(expected),
        actual_(actual),
        partner_(expected.rows.size(), kNobody),
        owner_(actual.size(), kNobody) {}

  /// By place.
  void in_order() {
    for (std::size_t i = 0; i < std::min(partner_.size(), owner_.size()); ++i) pair(i, i);
  }

  /// Equal rows first; then rows with matchers, so that as many as possible find a partner
  /// (augmenting paths); then the most alike of what is left.
  void unordered() {
    std::multimap<std::string, std::size_t> by_key;
    for (std::size_t a = 0; a < actual_.size(); ++a) by_key.emplace(key_of(actual_[a]), a);
    std::vector<std::size_t> open;
    for (std::size_t e = 0; e < partner_.size(); ++e) {
      if (!is_literal(expected_.rows[e])) {
        open.push_back(e);
        continue;
      }
      const auto found = by_key.find(key_of(expected_.rows[e]));
      if (found == by_key.end()) continue;
      pair(e, found->second);
      by_key.erase(found);
    }
    for (const auto e : open) {
      std::vector<bool> tried(actual_.size());
      static_cast<void>(augment(e, tried));
    }
    pair_alike();
  }

  [[nodiscard]] std::size_t partner(std::size_t expected) const { return partner_[expected]; }
  [[nodiscard]] bool is_free(std::size_t actual) const { return owner_[actual] == kNobody; }

 private:
  void pair(std::size_t e, std::size_t a) {
    partner_[e] = a;
    owner_[a] = e;
  }

  bool augment(std::size_t e, std::vector<bool>& tried) {
    const auto& row = expected_.rows[e];
    for (std::size_t a = 0; a < actual_.size(); ++a) {
      if (tried[a] || agreement(row, actual_[a]) != row.size()) continue;
      tried[a] = true;
      const auto holder = owner_[a];
      // Who was paired by equality may move to another row, too, where one is equal.
      if (holder == kNobody || augment(holder, tried)) {
        pair(e, a);
        return true;
      }
    }
    return false;
  }

  void pair_alike() {
    for (std::size_t e = 0; e < partner_.size(); ++e) {
      if (partner_[e] != kNobody) continue;
      std::size_t best = kNobody;
      std::size_t most = 0;
      for (std::size_t a = 0; a < actual_.size(); ++a) {
        const auto cells = is_free(a) ? agreement(expected_.rows[e], actual_[a]) : 0;
        if (cells <= most) continue;
        most = cells;
        best = a;
      }
      // Rows that share less than half of their cells are two different rows.
      if (best != kNobody && 2 * most >= expected_.columns.size()) pair(e, best);
    }
  }

  const ExpectedRows& expected_;
  const ActualRows& actual_;
  std::vector<std::size_t> partner_;
  std::vector<std::size_t> owner_;
};

template <typename Row, typename Shown>
std::string shown_row(const Row& row, const std::vector<std::size_t>& columns, const Schema& schema,
                      const Shown& shown) {
  std::string out;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    out +=
        fmt::format("{}{} = {}", i == 0 ? "" : ", ", schema.field(columns[i]).name, shown(row[i]));
  }
  return out;
}

std::string shown_cell(const std::optional<std::string>& cell) { return cell.value_or("null"); }

}  // namespace

ActualRows actual_rows(const WatchedRows& rows, const std::vector<std::size_t>& columns) {
  ActualRows out;
  for (const auto& batch : rows.batches) {
    for (std::int64_t row = 0; row < batch->rows(); ++row) {
      auto& cells = out.emplace_back();
      for (const auto column : columns) {
        const auto& values = batch->column(column);
        cells.push_back(values.is_valid(row) ? std::optional(text_of(values, row)) : std::nullopt);
      }
    }
  }
  return out;
}

std::vector<std::string> differences(const ExpectedRows& expected, const ActualRows& actual,
                                     const Schema& schema, bool ordered) {
  Pairing pairing(expected, actual);
  if (ordered) {
    pairing.in_order();
  } else {
    pairing.unordered();
  }
  std::vector<std::string> lines;
  for (std::size_t e = 0; e < expected.rows.size(); ++e) {
    const auto& row = expected.rows[e];
    const auto partner = pairing.partner(e);
    if (partner == kNobody) {
      lines.push_back(fmt::format(
          "row {} is missing: {}", e + 1,
          shown_row(row, expected.columns, schema, [](const auto& cell) { return cell.shown(); })));
      continue;
    }
    for (std::size_t i = 0; i < row.size(); ++i) {
      const auto& cell = actual[partner][i];
      if (row[i].accepts(cell)) continue;
      lines.push_back(fmt::format("row {}: {} is {}, expected {}", e + 1,
                                  schema.field(expected.columns[i]).name, shown_cell(cell),
                                  row[i].shown()));
    }
  }
  for (std::size_t a = 0; a < actual.size(); ++a) {
    if (!pairing.is_free(a)) continue;
    lines.push_back("unexpected row: " +
                    shown_row(actual[a], expected.columns, schema, shown_cell));
  }
  if (lines.size() > kMostLines) {
    const auto more = lines.size() - kMostLines;
    lines.resize(kMostLines);
    lines.push_back(fmt::format("… and {} more", more));
  }
  return lines;
}

}  // namespace flowrun::command
