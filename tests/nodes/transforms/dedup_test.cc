#include <algorithm>
#include <map>
#include <random>

#include "engine/data/builder.h"
#include "nodes/catalog.h"
#include "tests/support/catch.h"
#include "tests/support/run_node.h"

using namespace flowrun;
using namespace flowrun::testing;

namespace {

const char* const kFields = "k int64, name string, seen timestamp, v int64";

BindFake dedup_with(const BindFake::Given& options, const SchemaRef& schema = schema_of(kFields)) {
  return {nodes::dedup(), options, {schema}};
}

std::string deduped(const BindFake::Given& options, const std::vector<BatchRef>& batches) {
  auto context = dedup_with(options);
  return accumulated(context, batches).csv();
}

BatchRef rows() {
  return batch_of(kFields, R"(
      1,a,2024-01-03T00:00:00,1
      2,a,2024-01-01T00:00:00,2
      1,a,2024-01-02T00:00:00,3
      1,b,,4
      ,a,,5
      2,a,,6
      ,a,2024-01-01T00:00:00,7
      2,a,2024-01-01T00:00:00,8
  )",
                  40);
}

}  // namespace

TEST_CASE("rule 13: rows that were one row of the input are told apart by what they hold") {
  // Two branches of one source put together: the same ordinals twice.
  const auto one = batch_of(kFields, "1,a,,10\n2,a,,20\n3,a,,30", 5);
  const auto two = batch_of(kFields, "1,a,,11\n2,a,,19\n4,a,,40", 5);
  for (int order = 0; order < 2; ++order) {
    const std::vector<BatchRef> batches =
        order == 0 ? std::vector<BatchRef>{one, two} : std::vector<BatchRef>{two, one};
    CHECK(deduped({{"key", value("k")}}, batches) == "1,a,,11\n2,a,,20\n3,a,,30\n4,a,,40\n");
    CHECK(deduped({{"key", value("k")}, {"keep", value("first")}}, batches) ==
          "1,a,,10\n2,a,,19\n3,a,,30\n4,a,,40\n");
    CHECK(deduped({{"key", list({"k", "v"})}}, batches) ==
          "1,a,,10\n1,a,,11\n2,a,,19\n2,a,,20\n3,a,,30\n4,a,,40\n");
  }
}

TEST_CASE("the last row of each key stays, or the first, in the order of the input") {
  for (const std::int64_t size : {1, 3, 4096}) {
    auto parts = cut(rows(), size);
    for (int order = 0; order < 2; ++order) {
      auto context = dedup_with({{"key", list({"k", "name"})}});
      const auto out = accumulated(context, parts);
      CHECK(out.csv() ==
            "1,a,2024-01-02T00:00:00,3\n1,b,,4\n,a,2024-01-01T00:00:00,7\n2,a,2024-01-01T00:00:00,"
            "8\n");
      CHECK(ordinals_of(out.ports[0]) == "42 43 46 47");
      CHECK(out.absorbed_rows() == 8);
      CHECK(out.made_rows() == 4);
      CHECK(deduped({{"key", list({"k", "name"})}, {"keep", value("first")}}, parts) ==
            "1,a,2024-01-03T00:00:00,1\n2,a,2024-01-01T00:00:00,2\n1,b,,4\n,a,,5\n");
      std::reverse(parts.begin(), parts.end());
    }
  }
}

TEST_CASE("order_by decides, ties go by the input, and null loses to any value") {
  for (const std::int64_t size : {1, 3, 4096}) {
    auto parts = cut(rows(), size);
    for (int order = 0; order < 2; ++order) {
      CHECK(deduped({{"key", list({"k", "name"})}, {"order_by", value("seen")}}, parts) ==
            "1,a,2024-01-03T00:00:00,1\n1,b,,4\n,a,2024-01-01T00:00:00,7\n2,a,2024-01-01T00:00:00,"
            "8\n");
      CHECK(
          deduped(
              {{"key", list({"k", "name"})}, {"order_by", value("seen")}, {"keep", value("first")}},
              parts) ==
          "2,a,2024-01-01T00:00:00,2\n1,a,2024-01-02T00:00:00,3\n1,b,,4\n,a,2024-01-01T00:00:00,"
          "7\n");
      std::reverse(parts.begin(), parts.end());
    }
  }
}

TEST_CASE("dictionary-encoded keys meet plain ones") {
  const auto first = with_dictionary(*batch_of(kFields, "1,x,,1\n1,y,,2", 0), "name", 1);
  const auto second = batch_of(kFields, "1,y,,3\n1,z,,4", 2);
  const auto third = with_dictionary(*batch_of(kFields, "1,z,,5\n1,x,,6", 4), "name", 2);
  const std::string expected = "1,y,,3\n1,z,,5\n1,x,,6\n";
  CHECK(deduped({{"key", list({"k", "name"})}}, {first, second, third}) == expected);
  CHECK(deduped({{"key", list({"k", "name"})}}, {second, third, first}) == expected);
}

TEST_CASE("rows without duplicates leave in their own batch") {
  const auto batch = rows();
  auto context = dedup_with({{"key", value("v")}});
  const auto out = accumulated(context, {batch});
  CHECK(out.ports.at(0).at(0) == batch);
}

TEST_CASE("a dedup of nothing is nothing") {
  CHECK(deduped({{"key", value("v")}}, {}).empty());
  CHECK(deduped({{"key", value("v")}}, {batch_of(kFields, "")}).empty());
}

TEST_CASE("rows whose ordinals lie across each other leave in order") {
  const auto shuffled =
      joined({batch_of(kFields, "3,c,,3\n4,d,,4", 30), batch_of(kFields, "1,a,,1\n2,b,,2", 10)});
  const auto between = joined({batch_of(kFields, "5,e,,5", 20), batch_of(kFields, "6,f,,6", 15)});
  auto context = dedup_with({{"key", list({"k"})}});
  const auto out = accumulated(context, {shuffled, between});
  CHECK(ordinals_of(out.ports[0]) == "10 11 15 20 30 31");
  CHECK(out.csv() == "1,a,,1\n2,b,,2\n6,f,,6\n5,e,,5\n3,c,,3\n4,d,,4\n");
}

TEST_CASE("rule 13: dedup keeps the same rows for any number of threads and any batch size") {
  std::mt19937_64 random(3);
  BatchBuilder builder(schema_of("k int64, name string, v int64"));
  std::map<std::pair<std::int64_t, std::string>, std::int64_t> last;
  for (std::int64_t i = 0; i < 60'000; ++i) {
    const auto k = static_cast<std::int64_t>(random() % 3000);
    const auto name = "n" + std::to_string(random() % 7);
    last[{k, name}] = i;
    builder.column(0).append_int64(k);
    builder.column(1).append_text(name);
    builder.column(2).append_int64(i);
    builder.end_row(static_cast<std::uint64_t>(i) * 2);
  }
  const auto batch = builder.finish();
  std::vector<std::uint32_t> kept;
  for (const auto& [key, row] : last) kept.push_back(static_cast<std::uint32_t>(row));
  std::sort(kept.begin(), kept.end());
  const auto expected = csv_of(*take(*batch, kept));
  for (const auto& input : {batch, with_dictionary(*batch, "name", 6)}) {
    for (const std::int64_t size : {100, 4096, 60'000}) {
      for (const std::size_t threads : {1, 4}) {
        auto parts = cut(input, size);
        std::shuffle(parts.begin(), parts.end(), random);
        auto context = dedup_with({{"key", list({"k", "name"})}}, batch->schema_ref());
        CHECK(accumulated(context, parts, threads).csv() == expected);
      }
    }
  }
}

TEST_CASE(
    "rows that lost are let go: memory stays bounded where keys are written again and again") {
  auto context = dedup_with({{"key", value("k")}}, schema_of("k int64, v int64"));
  const auto accumulator = context.bind().make_accumulator(INT64_MAX);
  const auto state = accumulator->begin({});
  Collected ignored;
  std::int64_t most = 0;
  std::mt19937_64 random(5);
  std::map<std::int64_t, std::int64_t> last;
  for (std::int64_t round = 0; round < 150; ++round) {  // 1.5 million rows, 24 bytes each
    BatchBuilder builder(schema_of("k int64, v int64"));
    for (std::int64_t i = 0; i < 10'000; ++i) {
      const auto k = static_cast<std::int64_t>(random() % 50'000);
      last[k] = round * 10'000 + i;
      builder.column(0).append_int64(k);
      builder.column(1).append_int64(round * 10'000 + i);
      builder.end_row(static_cast<std::uint64_t>(round * 10'000 + i));
    }
    state->add(builder.finish(), ignored);
    most = std::max(most, state->memory());
  }
  CHECK(most < 12'000'000);
  Collected out;
  state->finish(out);
  CHECK(out.emitted_rows() == static_cast<std::int64_t>(last.size()));
  std::vector<std::int64_t> values;
  for (const auto& batch : out.ports.at(0)) {
    for (const auto v : batch->column(1).values<std::int64_t>()) values.push_back(v);
  }
  CHECK(std::is_sorted(values.begin(), values.end()));
  std::vector<std::int64_t> wanted;
  for (const auto& [k, v] : last) wanted.push_back(v);
  std::sort(wanted.begin(), wanted.end());
  CHECK(values == wanted);
  CHECK(state->memory() < 1000);
}

TEST_CASE("a dedup needs an order unless it is given one, and hands whole rows on") {
  auto unordered = dedup_with({{"key", value("k")}});
  const auto binding = unordered.bind();
  CHECK(binding.needs_order);
  CHECK(binding.whole_rows);
  CHECK(binding.outputs.at(0).unchanged_from.size() == 4);
  auto ordered = dedup_with({{"key", value("k")}, {"order_by", value("seen")}});
  CHECK_FALSE(ordered.bind().needs_order);
}

TEST_CASE("what is wrong with a dedup is said") {
  auto twice = dedup_with({{"key", list({"k", "name", "k"})}});
  (void)twice.bind();
  CHECK(twice.problems() == "error duplicate-column: column \"k\" stands twice\n");
  auto none = dedup_with({{"key", list({})}});
  (void)none.bind();
  CHECK(none.problems() == "error no-columns: the key has no column\n");
  auto nothing = dedup_with({{"key", value("k")}, {"keep", value("changes")}});
  (void)nothing.bind();
  CHECK(nothing.problems() ==
        "error no-columns: keep = \"changes\" needs columns to compare; add compare = [...], the "
        "columns that make a row another one\n");
  auto idle = dedup_with({{"key", value("k")}, {"compare", value("v")}});
  (void)idle.bind();
  CHECK(idle.problems() ==
        "error option-without-effect: \"compare\" means something with keep = \"changes\" only\n");
  auto both = dedup_with({{"key", value("k")},
                          {"keep", value("changes")},
                          {"compare", list({"v", "v"})},
                          {"prefer", value("non_null")}});
  (void)both.bind();
  CHECK(both.problems() ==
        "error duplicate-column: column \"v\" stands twice\n"
        "error option-without-effect: prefer = \"non_null\" means something where one row of a key "
        "stays only; leave it out, or keep \"last\" or \"first\"\n");
}
