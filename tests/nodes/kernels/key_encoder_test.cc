#include "nodes/kernels/key_encoder.h"

#include <algorithm>
#include <set>

#include "nodes/kernels/shards.h"
#include "tests/support/batches.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;
using flowrun::nodes::KeyEncoder;
using flowrun::nodes::KeyRuns;

namespace {

std::vector<std::size_t> all_columns(const Batch& batch) {
  std::vector<std::size_t> columns(batch.schema().size());
  for (std::size_t i = 0; i < columns.size(); ++i) columns[i] = i;
  return columns;
}

/// The keys of a batch's runs, decoded.
std::string decoded(KeyEncoder& encoder, const Batch& batch, const KeyRuns& runs) {
  std::vector<const char*> keys;
  for (std::size_t i = 0; i < runs.count; ++i) keys.push_back(runs.key(i).data());
  encoder.end_encoding();
  std::vector<ColumnRef> columns;
  for (std::size_t k = 0; k < encoder.columns(); ++k) columns.push_back(encoder.decode(k, keys));
  return csv_of(Batch(batch.schema_ref(), columns, static_cast<std::int64_t>(runs.count)));
}

}  // namespace

TEST_CASE("keys of every type come back as they went in, nulls too") {
  const auto batch = batch_of(
      "a bool, b int64, c float64, d decimal(20,3), e string, f date, g timestamp, h timestamptz, "
      "i bytes",
      R"(
      true,1,1.5,1.250,x,2024-01-01,2024-01-01T00:00:00,2024-01-01T00:00:00Z,00ff
      ,,,,,,,,
      false,-1,nan,-99999999999999999.999,"",1969-12-31,1969-12-31T23:59:59.5,2024-01-01T00:00:00.000001Z,""
      false,0,0,0.000,a longer text than the others,2024-01-01,2024-01-01T00:00:00,2024-01-01T00:00:00Z,ab
  )");
  KeyEncoder plain(batch->schema(), all_columns(*batch));
  const auto runs = plain.encode(*batch);
  CHECK(runs.count == 4);
  CHECK(decoded(plain, *batch, runs) == csv_of(*batch));

  const auto encoded = with_dictionary(*batch, "e", 3);
  KeyEncoder numbered(batch->schema(), all_columns(*batch));
  const auto numbered_runs = numbered.encode(*encoded);
  CHECK(decoded(numbered, *encoded, numbered_runs) == csv_of(*batch));
  CHECK(numbered.bytes() > 0);
}

TEST_CASE("equal keys are equal bytes, whichever way their text arrives") {
  const auto batch = batch_of("a string, b float64", "x,0\ny,1\nx,-0\n,nan\nx,\n\"\",1");
  for (const bool dictionary_first : {false, true}) {
    KeyEncoder encoder(batch->schema(), all_columns(*batch));
    const auto encoded = with_dictionary(*batch, "a", 3);
    const auto first = encoder.encode(dictionary_first ? *encoded : *batch);
    const auto second = encoder.encode(dictionary_first ? *batch : *encoded);
    REQUIRE(first.count == 6);
    for (std::size_t i = 0; i < 6; ++i) {
      CHECK(first.key(i) == second.key(i));
      CHECK(first.hashes[i] == second.hashes[i]);
      for (std::size_t j = 0; j < i; ++j)
        CHECK((first.key(i) == first.key(j)) == (j == 0 && i == 2));
    }
  }
}

TEST_CASE("neighbours with equal keys are one run, and nulls are no zeroes") {
  const auto batch = batch_of("a int64, b string, v int64",
                              "1,x,1\n1,x,2\n1,y,3\n1,y,4\n,y,5\n,y,6\n0,y,7\n1,x,8");
  for (const bool as_dictionary : {false, true}) {
    const auto input = as_dictionary ? with_dictionary(*batch, "b", 1) : batch;
    KeyEncoder encoder(batch->schema(), {0, 1});
    const auto runs = encoder.encode(*input);
    REQUIRE(runs.count == 5);
    CHECK(std::vector<std::uint32_t>(runs.starts.data(), runs.starts.data() + 6) ==
          std::vector<std::uint32_t>{0, 2, 4, 6, 7, 8});
    CHECK(runs.key(0) == runs.key(4));
    CHECK(runs.key(2) != runs.key(3));
  }
}

TEST_CASE("texts that run into each other are different keys") {
  const auto batch = batch_of("a string, b string", "ab,c\na,bc\n\"\",abc\nabc,\"\"");
  KeyEncoder encoder(batch->schema(), {0, 1});
  const auto runs = encoder.encode(*batch);
  std::set<std::string> keys;
  for (std::size_t i = 0; i < runs.count; ++i) keys.emplace(runs.key(i));
  CHECK(keys.size() == 4);
}

TEST_CASE("an empty batch has no key") {
  const auto empty = batch_of("a int64", "");
  KeyEncoder encoder(empty->schema(), {0});
  CHECK(encoder.encode(*empty).count == 0);
}

TEST_CASE("runs are handed out by shard, each once, in batch order") {
  std::string rows;
  for (int i = 0; i < 500; ++i) rows += std::to_string(i % 100) + "\n";
  const auto batch = batch_of("a int64", rows);
  KeyEncoder encoder(batch->schema(), {0});
  const auto runs = encoder.encode(*batch);
  const nodes::RunsByShard by_shard(runs);
  std::size_t total = 0;
  std::size_t used = 0;
  for (std::size_t shard = 0; shard < nodes::kShards; ++shard) {
    const auto chosen = by_shard.of(shard);
    total += chosen.size();
    used += chosen.empty() ? 0 : 1;
    CHECK(std::is_sorted(chosen.begin(), chosen.end()));
    for (const auto run : chosen) CHECK(nodes::shard_of(runs.hashes[run]) == shard);
  }
  CHECK(total == 500);
  CHECK(used == nodes::kShards);
}
