#include "nodes/kernels/key_log.h"

#include <algorithm>
#include <map>
#include <random>
#include <string>

#include "engine/data/builder.h"
#include "tests/support/batches.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::nodes;
using namespace flowrun::testing;

namespace {

/// Of equal ranks the greater place wins.
class GreaterPlace final : public TieBreak {
 public:
  [[nodiscard]] bool wins(const LoggedRow& row, const LoggedRow& over) const override {
    return row.place > over.place;
  }
};
const GreaterPlace kTies;

using Best = std::map<std::string, std::pair<std::uint64_t, std::uint64_t>>;

/// Appends rows of random keys to a log, with ranks below `ranks`, and says in `best` who wins.
class Feeder {
 public:
  explicit Feeder(const std::string& fields)
      : schema_(schema_of(fields)), keys_(*schema_, all_columns(*schema_)) {}

  /// Key number k is made by fill(builder, k).
  template <typename Fill>
  KeyForm feed(KeyLog* log, std::size_t rows, std::size_t keys, std::uint64_t ranks, Best& best,
               Fill fill) {
    BatchBuilder builder(schema_);
    for (std::size_t i = 0; i < rows; ++i) {
      fill(builder, random_() % keys);
      builder.end_row(i);
    }
    const auto runs = keys_.encode(*builder.finish());
    const KeyForm form(keys_, runs);
    if (log == nullptr) return form;
    std::vector<std::uint32_t> chosen(runs.count);
    for (std::uint32_t i = 0; i < chosen.size(); ++i) chosen[i] = i;
    log->append(runs, chosen, [&](std::uint32_t run) {
      const LoggedRow row{random_() % ranks, place_++};
      auto& known = best.try_emplace(std::string(runs.key(run)), row.rank, row.place).first->second;
      known = std::max(known, {row.rank, row.place});
      return row;
    });
    return form;
  }

 private:
  static std::vector<std::size_t> all_columns(const Schema& schema) {
    std::vector<std::size_t> columns(schema.size());
    for (std::size_t i = 0; i < columns.size(); ++i) columns[i] = i;
    return columns;
  }
  SchemaRef schema_;
  KeyEncoder keys_;
  std::mt19937_64 random_{17};
  std::uint64_t place_ = (std::uint64_t{1} << 47U) + 5;
};

std::vector<std::uint64_t> places_of(const KeyLog& log) {
  std::vector<std::uint64_t> places;
  log.for_each_place([&](std::uint64_t place) { places.push_back(place); });
  std::sort(places.begin(), places.end());
  return places;
}

std::vector<std::uint64_t> places_of(const Best& best) {
  std::vector<std::uint64_t> places;
  for (const auto& [key, row] : best) places.push_back(row.second);
  std::sort(places.begin(), places.end());
  return places;
}

/// Feeds a log some times, looks through it each time, splits it at last.
template <typename Fill>
void check_log(const std::string& fields, std::size_t keys, std::uint64_t ranks, Fill fill) {
  SlabPool pool;
  Best best;
  Feeder feeder(fields);
  const auto form = feeder.feed(nullptr, 1, keys, ranks, best, fill);
  KeyLog log(form, pool);
  for (const std::size_t rows : {1, 700, 2, 3000, 3000, 9000}) {
    static_cast<void>(feeder.feed(&log, rows, keys, ranks, best, fill));
    log.compact(kTies);
    CHECK(log.entries() == best.size());
    CHECK(log.distinct() == best.size());
    CHECK(places_of(log) == places_of(best));
  }
  static_cast<void>(feeder.feed(&log, 500, keys, ranks, best, fill));
  std::vector<KeyLog> parts;
  std::vector<KeyLog*> into;
  parts.reserve(16);
  for (int i = 0; i < 16; ++i) into.push_back(&parts.emplace_back(form, pool));
  log.split(into, 0);
  CHECK(log.entries() == 0);
  std::vector<std::uint64_t> places;
  for (auto& part : parts) {
    part.compact(kTies);
    for (const auto place : places_of(part)) places.push_back(place);
  }
  std::sort(places.begin(), places.end());
  CHECK(places == places_of(best));
}

}  // namespace

TEST_CASE("of every key the entry with the greatest rank stays, whatever a key's size") {
  const auto k = [](BatchBuilder& b, std::size_t key) {
    b.column(0).append_int64(static_cast<std::int64_t>(key));
  };
  const auto flag = [](BatchBuilder& b, std::size_t key) { b.column(0).append_bool(key % 2 == 0); };
  const auto day = [](BatchBuilder& b, std::size_t key) {
    b.column(0).append_date(static_cast<std::int32_t>(key));
  };
  const auto null = [](BatchBuilder& b, std::size_t key) {
    key == 0 ? b.column(0).append_null() : b.column(0).append_int64(static_cast<std::int64_t>(key));
  };
  for (const std::uint64_t ranks : {1UL, 50UL, ~0UL}) {
    check_log("k int64", 10, ranks, k);    // 9 bytes
    check_log("k int64", 5000, ranks, k);  // and too many keys to be remembered
    check_log("k int64", 1U << 30U, ranks, k);
    check_log("k bool", 2, ranks, flag);    // 2 bytes: the key fills the place's word
    check_log("k date", 3000, ranks, day);  // 5 bytes
    check_log("k int64", 30, ranks, null);
  }
}

TEST_CASE("keys of many columns, and those with texts, are compared whole") {
  const auto wide = [](BatchBuilder& b, std::size_t key) {
    for (std::size_t i = 0; i < 5; ++i) {
      b.column(i).append_int64(static_cast<std::int64_t>(key >> (2 * i) & 3U));
    }
  };
  check_log("a int64, b int64, c int64, d int64, e int64", 1024, 9, wide);  // 41 bytes
  const auto text = [](BatchBuilder& b, std::size_t key) {
    b.column(0).append_text(std::string(key % 50, 'x') + std::to_string(key));
    b.column(1).append_int64(static_cast<std::int64_t>(key % 3));
  };
  check_log("t string, k int64", 40, 9, text);
  check_log("t string, k int64", 20'000, 9, text);
}

TEST_CASE("entries that move by less than their size stay whole") {
  // A short key comes again and again, so that what stands behind moves by little.
  std::size_t row = 0;
  const auto text = [&](BatchBuilder& b, std::size_t) {
    ++row;
    const auto size = row % 61 == 0 ? 0 : 100 + row * 7 % 300;
    b.column(0).append_text(size == 0 ? "" : std::to_string(row) + std::string(size, 'z'));
  };
  SlabPool pool;
  Best best;
  Feeder feeder("t string");
  const auto form = feeder.feed(nullptr, 1, 1, 9, best, text);
  KeyLog log(form, pool);
  static_cast<void>(feeder.feed(&log, 6100, 1, 9, best, text));
  log.compact(kTies);
  CHECK(log.entries() == 6001);
  CHECK(places_of(log) == places_of(best));
}

TEST_CASE("a text that is larger than a slab has one of its own") {
  const auto huge = [](BatchBuilder& b, std::size_t key) {
    b.column(0).append_text(std::string(key % 100 == 0 ? 70'000 + key : key, 'y'));
  };
  check_log("t string", 300, 9, huge);
  SlabPool pool;
  Best best;
  Feeder feeder("t string");
  KeyLog log(feeder.feed(nullptr, 1, 1, 9, best, huge), pool);
  static_cast<void>(feeder.feed(&log, 1, 1, 9, best, huge));
  CHECK(pool.bytes() >= 70'000);
  CHECK(pool.bytes() < 80'000);
  log.clear();
  CHECK(pool.bytes() == 0);
}

TEST_CASE("what is thrown out is room for what comes, and small logs remember their keys") {
  SlabPool pool;
  Best best;
  Feeder feeder("k int64");
  const auto fill = [](BatchBuilder& b, std::size_t key) {
    b.column(0).append_int64(static_cast<std::int64_t>(key));
  };
  KeyLog log(feeder.feed(nullptr, 1, 500, 9, best, fill), pool);
  for (int i = 0; i < 200; ++i) {
    static_cast<void>(feeder.feed(&log, 2000, 500, 9, best, fill));
    log.compact(kTies);
  }
  CHECK(places_of(log) == places_of(best));
  CHECK(log.repeats());
  CHECK(log.index_bytes() > 0);
  CHECK(log.bytes() == 500 * 24);
  CHECK(pool.bytes() < 200'000);
  log.clear();
  CHECK(log.entries() == 0);
  CHECK(log.index_bytes() == 0);
}

TEST_CASE("slabs that are given back serve again, and a pool's blocks grow with it") {
  SlabPool pool;
  auto* small = pool.take(SlabPool::kSmallest);
  CHECK(pool.bytes() == 4096);
  pool.give(small, SlabPool::kSmallest);
  CHECK(pool.take(SlabPool::kSmallest) == small);
  CHECK(pool.bytes() == 4096);
  std::vector<char*> slabs;
  for (int i = 0; i < 1000; ++i) slabs.push_back(pool.take(SlabPool::kLargest));
  std::sort(slabs.begin(), slabs.end());
  for (std::size_t i = 1; i < slabs.size(); ++i) {
    REQUIRE(slabs[i] - slabs[i - 1] >= static_cast<std::ptrdiff_t>(SlabPool::kLargest));
  }
  CHECK(pool.bytes() >= 1000 * 65'536);
  CHECK(pool.bytes() < 1100 * 65'536);
  pool.clear();
  CHECK(pool.bytes() == 0);
}
