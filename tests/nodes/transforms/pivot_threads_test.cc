#include <algorithm>
#include <map>
#include <optional>
#include <random>

#include "engine/data/builder.h"
#include "engine/data/text.h"
#include "nodes/catalog.h"
#include "tests/support/catch.h"
#include "tests/support/run_node.h"

using namespace flowrun;
using namespace flowrun::testing;

namespace {

constexpr int kColumns = 70;

std::vector<std::string> names() {
  std::vector<std::string> list;
  for (int i = 0; i < kColumns; ++i) list.push_back("c" + std::to_string(i));
  return list;
}

/// Readings with duplicates, nulls and gaps, in an order that jumps.
BatchRef readings(int rows) {
  std::mt19937_64 random(7);
  BatchBuilder builder(schema_of("ts timestamp, dev string, name string, value float64"));
  for (int i = 0; i < rows; ++i) {
    const auto moment =
        static_cast<std::int64_t>(i / 500) + static_cast<std::int64_t>(random() % 20);
    builder.column(0).append_int64(moment * kSecond);
    random() % 50 == 0 ? builder.column(1).append_null()
                       : builder.column(1).append_text("dev" + std::to_string(random() % 5));
    builder.column(2).append_text("c" + std::to_string(random() % kColumns));
    random() % 20 == 0
        ? builder.column(3).append_null()
        : builder.column(3).append_float64(static_cast<double>(random() % 100'000) / 64);
    builder.end_row(Ordinals::pack(static_cast<std::uint64_t>(i / (rows / 3 + 1)),
                                   static_cast<std::uint64_t>(i) * 3));
  }
  return builder.finish();
}

/// The same by the simplest means: a map of maps.
std::string expected(const Batch& batch, const std::string& mode) {
  struct Group {
    std::uint64_t first = UINT64_MAX;
    std::string key;
    std::vector<std::vector<std::pair<std::uint64_t, double>>> cells{kColumns};
  };
  std::map<std::string, Group> groups;
  for (std::int64_t row = 0; row < batch.rows(); ++row) {
    const auto key = text_of(batch.column(0), row) + "," + text_of(batch.column(1), row);
    auto& group = groups[key];
    group.key = key;
    group.first = std::min(group.first, batch.ordinal(row));
    const auto column =
        static_cast<std::size_t>(std::stoi(std::string(batch.column(2).text(row).substr(1))));
    if (batch.column(3).is_valid(row)) {
      group.cells[column].emplace_back(
          batch.ordinal(row), batch.column(3).values<double>()[static_cast<std::size_t>(row)]);
    }
  }
  std::vector<Group*> order;
  for (auto& [key, group] : groups) order.push_back(&group);
  std::sort(order.begin(), order.end(),
            [](const auto* a, const auto* b) { return a->first < b->first; });
  std::string out;
  for (auto* group : order) {
    out += group->key;
    for (auto& cells : group->cells) {
      out += ',';
      if (cells.empty()) continue;
      std::sort(cells.begin(), cells.end());
      double result = mode == "last" ? cells.back().second : cells.front().second;
      for (std::size_t i = 1; i < cells.size() && mode != "last"; ++i) {
        result = mode == "sum" ? result + cells[i].second : std::min(result, cells[i].second);
      }
      int scale = 0;
      append_float(out, result, scale);
    }
    out += '\n';
  }
  return out;
}

BindFake pivot_in(const std::string& mode) {
  return {nodes::pivot(),
          {{"index", list({"ts", "dev"})},
           {"name", value("name")},
           {"value", value("value")},
           {"columns", list(names())},
           {"on_duplicate", value(mode)}},
          {schema_of("ts timestamp, dev string, name string, value float64")}};
}

}  // namespace

TEST_CASE(
    "one thread and many, whole batches and single rows, in order and shuffled: the same table") {
  const auto plain = readings(20'000);
  const auto encoded = with_dictionary(*with_dictionary(*plain, "name", 1), "dev", 2);
  for (const char* mode : {"last", "min", "sum"}) {
    const auto wanted = expected(*plain, mode);
    for (const auto& rows : {plain, encoded}) {
      for (const std::int64_t size : {3, 517, 4096, 20'000}) {
        auto parts = cut(rows, size);
        std::shuffle(parts.begin(), parts.end(), std::mt19937_64(static_cast<std::uint64_t>(size)));
        for (const std::size_t threads : {1, 4}) {
          auto context = pivot_in(mode);
          const auto out = accumulated(context, parts, threads);
          CHECK(out.csv() == wanted);
          CHECK(out.rejects.empty());
        }
      }
    }
  }
}

TEST_CASE("batches that leave are neither too large nor out of order") {
  auto context = pivot_in("last");
  const auto out = accumulated(context, cut(readings(100'000), 10'000), 2);
  REQUIRE(out.ports.at(0).size() > 1);
  std::uint64_t last = 0;
  for (const auto& batch : out.ports[0]) {
    CHECK(batch->rows() <= kMaxBatchRows);
    CHECK(batch->bytes() <= kMaxBatchBytes * 3 / 2);
    for (std::int64_t row = 0; row < batch->rows(); ++row) {
      CHECK(batch->ordinal(row) >= last);
      last = batch->ordinal(row);
    }
  }
}

TEST_CASE("long texts make small batches") {
  const std::string text(20'000, 'x');
  std::string rows;
  for (int i = 0; i < 200; ++i) rows += std::to_string(i) + ",a," + text + "\n";
  const auto batch = batch_of("k int64, name string, value string", rows);
  BindFake context(nodes::pivot(),
                   {{"index", value("k")},
                    {"name", value("name")},
                    {"value", value("value")},
                    {"columns", list({"a"})}},
                   {batch->schema_ref()});
  const auto out = accumulated(context, cut(batch, 50));
  CHECK(out.ports[0].size() > 4);
  CHECK(out.csv() == csv_of(*batch_of("k int64, value string", [&] {
          std::string wide;
          for (int i = 0; i < 200; ++i) wide += std::to_string(i) + "," + text + "\n";
          return wide;
        }())));
}
