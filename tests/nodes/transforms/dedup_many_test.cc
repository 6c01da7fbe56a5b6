// dedup of many keys: what it keeps is cut up, looked through and moved while rows come in.
#include <algorithm>
#include <map>
#include <random>
#include <thread>

#include "engine/data/builder.h"
#include "nodes/catalog.h"
#include "tests/support/catch.h"
#include "tests/support/run_node.h"

using namespace flowrun;
using namespace flowrun::testing;

namespace {

const char* const kFields = "k int64, name string, day date, v int64";

struct Row {
  std::int64_t k;
  std::int64_t name;
  std::int32_t day;  ///< below 0: null
};

/// Rows numbered by their ordinals, and which of them stay, worked out with a map.
class Rows {
 public:
  Rows(std::size_t count, std::uint64_t keys, std::uint64_t days) {
    std::mt19937_64 random(23);
    for (std::size_t i = 0; i < count; ++i) {
      const auto key = static_cast<std::int64_t>(random() % keys);
      rows_.push_back({key / 5, key % 5, static_cast<std::int32_t>(random() % days) - 1});
    }
  }
  /// Rows [from, until), their names dictionary-encoded or not.
  [[nodiscard]] BatchRef batch(std::size_t from, std::size_t until) const {
    BatchBuilder builder(schema_of(kFields));
    for (auto i = from; i < until; ++i) {
      const auto& row = rows_[i];
      builder.column(0).append_int64(row.k);
      builder.column(1).append_text("name-" + std::to_string(row.name));
      row.day < 0 ? builder.column(2).append_null() : builder.column(2).append_date(row.day);
      builder.column(3).append_int64(static_cast<std::int64_t>(i));
      builder.end_row(i);
    }
    return builder.finish();
  }
  [[nodiscard]] std::size_t size() const { return rows_.size(); }

  /// The numbers of the rows that stay, ascending.
  [[nodiscard]] std::vector<std::int64_t> kept(bool last, bool by_day) const {
    std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> best;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const auto& row = rows_[i];
      const auto number = static_cast<std::int64_t>(i);
      const auto [known, is_new] = best.try_emplace({row.k, row.name}, number);
      if (is_new) continue;
      const auto& before = rows_[static_cast<std::size_t>(known->second)];
      bool wins = last;  // what comes later stays, or what came first
      if (by_day && row.day != before.day) {
        wins = before.day < 0 ||
               (row.day >= 0 && (last ? row.day > before.day : row.day < before.day));
      }
      if (wins) known->second = number;
    }
    std::vector<std::int64_t> numbers;
    for (const auto& [key, number] : best) numbers.push_back(number);
    std::sort(numbers.begin(), numbers.end());
    return numbers;
  }

 private:
  std::vector<Row> rows_;
};

std::unique_ptr<AccumulatorState> state_of(bool last, bool by_day) {
  BindFake::Given options{{"key", list({"k", "name"})}};
  if (!last) options.emplace_back("keep", value("first"));
  if (by_day) options.emplace_back("order_by", value("day"));
  BindFake context(nodes::dedup(), options, {schema_of(kFields)});
  return context.bind().make_accumulator(INT64_MAX)->begin({});
}

/// The column v of what a state emits.
std::vector<std::int64_t> finished(AccumulatorState& state) {
  Collected out;
  state.finish(out);
  std::vector<std::int64_t> numbers;
  if (out.ports.empty()) return numbers;
  for (const auto& batch : out.ports.at(0)) {
    for (const auto v : batch->column(3).values<std::int64_t>()) numbers.push_back(v);
  }
  return numbers;
}

/// Adds all rows, batch by batch, from so many threads.
void add_all(AccumulatorState& state, const Rows& rows, std::size_t size, std::size_t threads) {
  std::vector<std::jthread> workers;
  for (std::size_t t = 0; t < threads; ++t) {
    workers.emplace_back([&, t] {
      Collected ignored;
      for (auto from = t * size; from < rows.size(); from += threads * size) {
        state.add(rows.batch(from, std::min(from + size, rows.size())), ignored);
      }
    });
  }
}

}  // namespace

TEST_CASE("rule 13: many keys in many batches, from several threads at once") {
#ifdef FLOWRUN_SANITIZED
  const Rows rows(200'000, 90'000, 1'000'000'000);
#else
  const Rows rows(1'500'000, 900'000, 1'000'000'000);
#endif
  for (const std::size_t threads : {1, 4}) {
    const auto state = state_of(true, true);
    add_all(*state, rows, 16'384, threads);
    CHECK(finished(*state) == rows.kept(true, true));
    CHECK(state->memory() < 1000);
  }
}

TEST_CASE("rule 13: ties go by the input and null loses, however often rows were moved") {
  // Eleven rows a key, and four days or none: most batches are copied on the way, some often.
  const Rows rows(330'000, 30'000, 5);
  for (const bool last : {true, false}) {
    for (const bool by_day : {true, false}) {
      const auto state = state_of(last, by_day);
      add_all(*state, rows, 5000, 4);
      CHECK(finished(*state) == rows.kept(last, by_day));
    }
  }
}

TEST_CASE("few rows take little memory, and memory falls when rows that lost are let go") {
  const Rows rows(1'000'000, 200, 1'000'000'000);
  const auto state = state_of(true, true);
  Collected ignored;
  state->add(rows.batch(0, 50), ignored);
  CHECK(state->memory() < 30'000);
  std::int64_t most = 0;
  std::int64_t falls = 0;
  for (std::size_t from = 50; from + 10'000 <= rows.size(); from += 10'000) {
    const auto before = state->memory();
    state->add(rows.batch(from, from + 10'000), ignored);
    most = std::max(most, state->memory());
    falls += state->memory() < before ? 1 : 0;
  }
  CHECK(falls > 3);
  CHECK(most < 12'000'000);  // all rows are 70 million bytes and more
}

TEST_CASE("a batch with more rows than a place has room for") {
  const Rows rows(200'000, 1'000'000'000, 3);
  const auto state = state_of(false, false);
  Collected ignored;
  state->add(rows.batch(0, rows.size()), ignored);
  CHECK(finished(*state) == rows.kept(false, false));
}
