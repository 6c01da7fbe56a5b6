#include "nodes/kernels/ordinal_sort.h"

#include <algorithm>

#include "engine/core/hash.h"
#include "engine/data/batch.h"
#include "tests/support/catch.h"

using namespace flowrun;
using flowrun::nodes::Placed;

TEST_CASE("things are sorted by ordinal, equal ones in the order in which they came") {
  for (const std::size_t count :
       {std::size_t{0}, std::size_t{1}, std::size_t{100}, std::size_t{4097}, std::size_t{30'000}}) {
    for (const std::uint64_t inputs : {std::uint64_t{1}, std::uint64_t{5000}}) {
      std::vector<Placed> items;
      for (std::size_t i = 0; i < count; ++i) {
        const auto ordinal = Ordinals::pack(mix(1, i) % inputs, mix(2, i) % 20'000);
        items.push_back(
            {ordinal, static_cast<std::uint32_t>(i % 16), static_cast<std::uint32_t>(i)});
      }
      auto expected = items;
      std::stable_sort(expected.begin(), expected.end(),
                       [](const Placed& a, const Placed& b) { return a.ordinal < b.ordinal; });
      nodes::sort_by_ordinal(items);
      REQUIRE(items.size() == expected.size());
      CHECK(std::equal(
          items.begin(), items.end(), expected.begin(),
          [](const Placed& a, const Placed& b) { return a.ordinal == b.ordinal && a.id == b.id; }));
    }
  }
}
