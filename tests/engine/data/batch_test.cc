#include "engine/data/batch.h"

#include "engine/core/error.h"
#include "engine/data/builder.h"
#include "tests/support/batches.h"
#include "tests/support/catch.h"

using namespace flowrun;
using Catch::Matchers::ContainsSubstring;
using flowrun::testing::batch_of;
using flowrun::testing::csv_of;

TEST_CASE("ordinals order rows by input first") {
  CHECK(Ordinals::pack(1, 0) > Ordinals::pack(0, (1ULL << Ordinals::kRowBits) - 1));
  CHECK(Ordinals::input_of(Ordinals::pack(77, 12345)) == 77);
}

TEST_CASE("ordinals follow slices and takes, consecutive or not") {
  const auto batch = batch_of("a int64", "1\n2\n3\n4\n5", 10);
  const std::vector<std::uint32_t> rows{4, 0, 2};
  CHECK(slice(*batch, 2, 2)->ordinal(1) == 13);
  const auto taken = take(*batch, rows);
  CHECK(taken->ordinal(0) == 14);
  CHECK(slice(*taken, 1, 2)->ordinal(1) == 12);
  CHECK(slice(*slice(*taken, 1, 2), 1, 1)->ordinal(0) == 12);
  const auto renumbered = with_ordinals(*taken, {.first = 5});
  CHECK(renumbered->ordinal(2) == 7);
  CHECK(csv_of(*renumbered) == "5\n1\n3\n");
}

TEST_CASE("a batch that contradicts its schema is a bug") {
  const auto batch = batch_of("a int64", "1");
  CHECK_THROWS_WITH(Batch(flowrun::testing::schema_of("a string"), batch->columns(), 1),
                    ContainsSubstring("its schema says string"));
  CHECK_THROWS_WITH(Batch(batch->schema_ref(), batch->columns(), 2),
                    ContainsSubstring("1 rows, its batch 2"));
  CHECK_THROWS_WITH(Batch(batch->schema_ref(), {}, 1), ContainsSubstring("0 columns"));
}

TEST_CASE("a batch's bytes are those of its columns' memory") {
  const auto batch = batch_of("a int64, s string", "1,x\n2,y");
  std::int64_t bytes = 0;
  for (const auto& column : batch->columns()) bytes += column->bytes();
  CHECK(batch->bytes() >= bytes);
  CHECK(slice(*batch, 0, 1)->bytes() == batch->bytes());  // a slice holds on to all of it
}
