// dedup beyond whole rows: values of several rows put together, and rows that change something.
#include <algorithm>
#include <array>
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

}  // namespace

// ------------------------------------------------------------------------------------------------
// prefer = "non_null"

namespace {

const char* const kSparse = "k string, seen int64, a int64, b string, c float64";

/// In the order of the input; by `seen` the rows of x come 3, 1, 2 and those of y 2, 1.
BatchRef sparse_rows() {
  return batch_of(kSparse, R"(
      x,30,1,,
      y,20,,,2.5
      x,10,2,old,1.5
      x,20,,mid,
      y,10,7,"",
      z,,,,
  )",
                  10);
}

std::string filled(BindFake::Given options, const std::vector<BatchRef>& batches,
                   std::size_t threads = 1) {
  options.emplace_back("key", value("k"));
  auto context = dedup_with(options, schema_of(kSparse));
  return accumulated(context, batches, threads).csv();
}

}  // namespace

TEST_CASE("a null in the row that stays is filled with the newest value there is, or not at all") {
  const BindFake::Given by_input{{"prefer", value("non_null")}};
  const BindFake::Given oldest{{"prefer", value("non_null")}, {"keep", value("first")}};
  const BindFake::Given by_seen{{"prefer", value("non_null")}, {"order_by", value("seen")}};
  const BindFake::Given first_seen{
      {"prefer", value("non_null")}, {"order_by", value("seen")}, {"keep", value("first")}};
  for (const std::int64_t size : {1, 2, 3, 100}) {
    auto parts = cut(sparse_rows(), size);
    for (int order = 0; order < 2; ++order) {
      CHECK(filled(by_input, parts) == "x,20,2,mid,1.5\ny,10,7,\"\",2.5\nz,,,,\n");
      CHECK(filled({}, parts) == "x,20,,mid,\ny,10,7,\"\",\nz,,,,\n");
      CHECK(filled(oldest, parts) == "x,30,1,old,1.5\ny,20,7,\"\",2.5\nz,,,,\n");
      CHECK(filled(by_seen, parts) == "x,30,1,mid,1.5\ny,20,7,\"\",2.5\nz,,,,\n");
      CHECK(filled({{"order_by", value("seen")}}, parts) == "x,30,1,,\ny,20,,,2.5\nz,,,,\n");
      CHECK(filled(first_seen, parts) == "x,10,2,old,1.5\ny,10,7,\"\",2.5\nz,,,,\n");
      std::reverse(parts.begin(), parts.end());
    }
  }
}

TEST_CASE("a filled row keeps its own ordinal, and other rows leave as they came") {
  auto context =
      dedup_with({{"key", value("k")}, {"prefer", value("non_null")}}, schema_of(kSparse));
  const auto out = accumulated(context, {sparse_rows()});
  CHECK(ordinals_of(out.ports[0]) == "13 14 15");
  CHECK(out.absorbed_rows() == 6);
  CHECK(out.made_rows() == 3);
  const auto whole = batch_of(kSparse, "x,1,1,a,1.5\ny,2,2,b,2.5");
  auto again = dedup_with({{"key", value("k")}, {"prefer", value("non_null")}}, schema_of(kSparse));
  CHECK(accumulated(again, {whole}).ports.at(0).at(0) == whole);
}

TEST_CASE("rule 13: filled rows are the same for any number of threads, and memory stays bounded") {
  std::mt19937_64 random(11);
  const auto schema = schema_of("k int64, at int64, a int64, b string, c float64");
  BatchBuilder builder(schema);
  struct Best {
    std::int64_t at = 0;
    std::array<std::string, 3> values;
  };
  std::map<std::int64_t, Best> best;  // rows come in order, so what comes later is newer
  std::vector<std::int64_t> order;
  for (std::int64_t i = 0; i < 400'000; ++i) {
    const auto k = static_cast<std::int64_t>(random() % 2000);
    auto& known = best[k];
    known.at = i;
    builder.column(0).append_int64(k);
    builder.column(1).append_int64(i);
    const auto draw = [&] { return random() % 4 == 0; };
    if (draw()) {
      known.values[0] = std::to_string(i);
      builder.column(2).append_int64(i);
    } else {
      builder.column(2).append_null();
    }
    if (draw()) {
      known.values[1] = "t" + std::to_string(i);
      builder.column(3).append_text(known.values[1]);
    } else {
      builder.column(3).append_null();
    }
    if (draw()) {
      known.values[2] = std::to_string(i) + ".5";
      builder.column(4).append_float64(static_cast<double>(i) + 0.5);
    } else {
      builder.column(4).append_null();
    }
    builder.end_row(static_cast<std::uint64_t>(i));
  }
  const auto batch = builder.finish();
  std::map<std::int64_t, std::string> by_row;
  for (const auto& [k, row] : best) {
    by_row[row.at] = std::to_string(k) + "," + std::to_string(row.at) + "," + row.values[0] + "," +
                     row.values[1] + "," + row.values[2] + "\n";
  }
  std::string expected;
  for (const auto& [at, line] : by_row) expected += line;
  const BindFake::Given options{{"key", value("k")}, {"prefer", value("non_null")}};
  for (const auto& [size, threads] : {std::pair{4096L, 1UL}, std::pair{1000L, 4UL}}) {
    auto parts = cut(batch, size);
    std::shuffle(parts.begin(), parts.end(), random);
    auto context = dedup_with(options, schema);
    CHECK(accumulated(context, parts, threads).csv() == expected);
  }
  auto context = dedup_with(options, schema);
  const auto state = context.bind().make_accumulator(INT64_MAX)->begin({});
  Collected ignored;
  std::int64_t most = 0;
  for (const auto& part : cut(batch, 10'000)) {
    // Cut parts share their columns; a part of its own is what a source would give.
    std::vector<std::uint32_t> rows(static_cast<std::size_t>(part->rows()));
    for (std::uint32_t i = 0; i < rows.size(); ++i) rows[i] = i;
    state->add(take(*part, rows), ignored);
    most = std::max(most, state->memory());
  }
  CHECK(most < 16'000'000);  // all rows are 20 million bytes
  Collected out;
  state->finish(out);
  CHECK(out.csv() == expected);
  CHECK(state->memory() < 1000);
}

TEST_CASE("what is filled has its key alone unchanged, and stays sparse") {
  auto context = dedup_with({{"key", value("k")}, {"prefer", value("non_null")}},
                            schema_of("k int64, v int64"));
  context.sparse_columns = {false, true};
  const auto binding = context.bind();
  CHECK_FALSE(binding.whole_rows);
  CHECK(binding.outputs.at(0).unchanged_from ==
        std::vector<std::optional<std::size_t>>{0, std::nullopt});
  CHECK(binding.outputs.at(0).sparse == std::vector<bool>{false, true});
}

// ------------------------------------------------------------------------------------------------
// keep = "changes"

namespace {

std::string changed(BindFake::Given options, const std::vector<BatchRef>& batches,
                    std::size_t threads = 1) {
  options.emplace_back("key", value("k"));
  options.emplace_back("keep", value("changes"));
  auto context = dedup_with(options);
  return accumulated(context, batches, threads).csv();
}

}  // namespace

TEST_CASE("of A, A, B, B, A the first, the B and the A that comes back stay") {
  const auto batch = batch_of(kFields, R"(
      1,A,2024-01-01T00:00:00,1
      2,C,2024-01-01T00:00:00,1
      1,A,2024-01-02T00:00:00,2
      1,B,2024-01-03T00:00:00,3
      2,C,2024-01-02T00:00:00,2
      1,B,2024-01-04T00:00:00,4
      1,A,2024-01-05T00:00:00,5
  )",
                              40);
  for (const std::int64_t size : {1, 2, 100}) {
    auto parts = cut(batch, size);
    for (int order = 0; order < 2; ++order) {
      auto context =
          dedup_with({{"key", value("k")}, {"keep", value("changes")}, {"compare", value("name")}});
      const auto out = accumulated(context, parts);
      CHECK(out.csv() ==
            "1,A,2024-01-01T00:00:00,1\n2,C,2024-01-01T00:00:00,1\n1,B,2024-01-03T00:00:00,3\n"
            "1,A,2024-01-05T00:00:00,5\n");
      CHECK(ordinals_of(out.ports[0]) == "40 41 43 46");
      CHECK(out.absorbed_rows() == 7);
      CHECK(out.made_rows() == 4);
      std::reverse(parts.begin(), parts.end());
    }
  }
}

TEST_CASE("changes go by order_by; null is equal to null, and comes first") {
  // By `seen`: null (v 4), 01 (v null), 02 (v null), 03 (v 7).
  const auto batch = batch_of(kFields, R"(
      1,a,2024-01-03T00:00:00,7
      1,a,2024-01-01T00:00:00,
      1,a,,4
      1,b,2024-01-02T00:00:00,
  )");
  CHECK(changed({{"compare", value("v")}, {"order_by", value("seen")}}, {batch}) ==
        "1,a,2024-01-03T00:00:00,7\n1,a,2024-01-01T00:00:00,\n1,a,,4\n");
  CHECK(changed({{"compare", list({"v", "name"})}, {"order_by", value("seen")}}, {batch}) ==
        "1,a,2024-01-03T00:00:00,7\n1,a,2024-01-01T00:00:00,\n1,a,,4\n1,b,2024-01-02T00:00:00,\n");
  CHECK(changed({{"compare", value("v")}}, {batch}) ==
        "1,a,2024-01-03T00:00:00,7\n1,a,2024-01-01T00:00:00,\n1,a,,4\n1,b,2024-01-02T00:00:00,\n");
  CHECK(changed({{"compare", value("v")}}, {}).empty());
}

TEST_CASE("rule 13: the same changes stay for any number of threads, and what is held is counted") {
  std::mt19937_64 random(7);
  BatchBuilder builder(schema_of(kFields));
  std::map<std::int64_t, std::string> last;
  std::vector<std::uint32_t> kept;
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    const auto k = static_cast<std::int64_t>(random() % 5000);
    const std::string name = random() % 3 == 0 ? "x" : "y";
    if (last[k] != name) kept.push_back(i);
    last[k] = name;
    builder.column(0).append_int64(k);
    builder.column(1).append_text(name);
    builder.column(2).append_null();
    builder.column(3).append_int64(i);
    builder.end_row(i);
  }
  const auto batch = builder.finish();
  const auto expected = csv_of(*take(*batch, kept));
  for (const auto& input : {batch, with_dictionary(*batch, "name", 9)}) {
    for (const std::size_t threads : {1, 4}) {
      auto parts = cut(input, 3000);
      std::shuffle(parts.begin(), parts.end(), random);
      CHECK(changed({{"compare", value("name")}}, parts, threads) == expected);
      CHECK(changed({{"compare", value("name")}, {"order_by", value("v")}}, parts, threads) ==
            expected);
    }
  }
  auto context =
      dedup_with({{"key", value("k")}, {"keep", value("changes")}, {"compare", value("name")}});
  const auto state = context.bind().make_accumulator(INT64_MAX)->begin({});
  Collected out;
  state->add(batch, out);
  CHECK(state->memory() >= batch->bytes() + 100'000 * 24);
  CHECK(state->memory() < 2 * (batch->bytes() + 100'000 * 24) + 1'000'000);
  state->finish(out);
  CHECK(state->memory() < 1000);
}
