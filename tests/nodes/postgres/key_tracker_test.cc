#include "nodes/postgres/key_tracker.h"

#include <fmt/format.h>

#include "tests/support/batches.h"
#include "tests/support/catch.h"

namespace flowrun::postgres {
namespace {

using testing::batch_of;

bool differ(const std::string& fields, const std::string& rows, std::vector<std::size_t> key) {
  KeyTracker tracker(std::move(key));
  for (const auto& piece : testing::cut(batch_of(fields, rows), 2)) tracker.add(*piece);
  return tracker.all_differ();
}

TEST_CASE("keys that come twice are seen, across batches and types") {
  CHECK(differ("a string, b int64", "x,1\nx,2\ny,1\n,1\nx,", {0, 1}));
  CHECK_FALSE(differ("a string, b int64", "x,1\nx,2\ny,1\nx,2", {0, 1}));
  CHECK_FALSE(differ("a string, b int64", "x,1\nx,2", {0}));
  CHECK_FALSE(differ("a float64", "0\n1\n-0.0", {0}));
  CHECK(differ("a decimal(38,2)", "1.00\n18446744073709551617.00\n0.01", {0}));
  CHECK_FALSE(differ("a date, b bool, c timestamptz",
                     "2026-01-01,true,2026-01-01\n2026-01-01,true,2026-01-01T00:00:00Z",
                     {0, 1, 2}));
}

TEST_CASE("dictionaries of different ages tell the same keys apart") {
  KeyTracker tracker({0});
  tracker.add(*testing::with_dictionary(*batch_of("a string", "x\ny"), "a", 1));
  CHECK(tracker.all_differ());
  tracker.add(*testing::with_dictionary(*batch_of("a string", "z\ny"), "a", 2));
  CHECK_FALSE(tracker.all_differ());
}

TEST_CASE("a sample is of keys that came, from all over the rows") {
  KeyTracker tracker({1});
  std::string rows;
  for (int i = 0; i < 1000; ++i) rows += fmt::format("x,{}\n", i);
  for (const auto& piece : testing::cut(batch_of("a string, b int64", rows), 4))
    tracker.add(*piece);
  REQUIRE(tracker.sample().size() == KeyTracker::kSample);
  int late = 0;
  for (const auto& key : tracker.sample()) late += std::stoi(key.at(0)) >= 500 ? 1 : 0;
  CHECK((late > 16 && late < 48));
}

}  // namespace
}  // namespace flowrun::postgres
