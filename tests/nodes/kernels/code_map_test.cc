#include "nodes/kernels/code_map.h"

#include "nodes/kernels/text_ids.h"
#include "tests/support/batches.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;

TEST_CASE("each text of a dictionary is looked at once, however often it grows") {
  nodes::CodeMap map;
  int calls = 0;
  const auto length = [&](std::string_view text) {
    ++calls;
    return static_cast<std::int32_t>(text.size());
  };
  const auto first = with_dictionary(*batch_of("a string", "x\nyy\nx"), "a", 7);
  CHECK(*map.of(first->column(0), length) == std::vector<std::int32_t>{1, 2});
  CHECK(*map.of(first->column(0), length) == std::vector<std::int32_t>{1, 2});
  CHECK(calls == 2);
  const auto grown =
      with_dictionary(*batch_of("a string", "zzz"), "a", 7, first->column(0).dictionary());
  CHECK(*map.of(grown->column(0), length) == std::vector<std::int32_t>{1, 2, 3});
  CHECK(*map.of(first->column(0), length) == std::vector<std::int32_t>{1, 2, 3});
  CHECK(calls == 3);
}

TEST_CASE("dictionaries of no age are looked at each time, and others do not mix") {
  nodes::CodeMap map;
  const auto length = [](std::string_view text) { return static_cast<std::int32_t>(text.size()); };
  for (const char* texts : {"x\nyy", "yyy\nx"}) {
    for (const std::uint64_t id :
         {std::uint64_t{0}, texts[0] == 'x' ? std::uint64_t{1} : std::uint64_t{2}}) {
      const auto batch = with_dictionary(*batch_of("a string", texts), "a", id);
      const auto expected =
          texts[0] == 'x' ? std::vector<std::int32_t>{1, 2} : std::vector<std::int32_t>{3, 1};
      CHECK(*map.of(batch->column(0), length) == expected);
    }
  }
}

TEST_CASE("more dictionaries than are remembered still map right") {
  nodes::CodeMap map;
  for (std::uint64_t id = 1; id <= 600; ++id) {
    const auto batch =
        with_dictionary(*batch_of("a string", std::string(id % 7 + 1, 'x')), "a", id % 300 + 1);
    const auto numbers = map.of(
        batch->column(0), [&](std::string_view) { return static_cast<std::int32_t>(id % 300); });
    CHECK(numbers->front() == static_cast<std::int32_t>(id % 300));
  }
}

TEST_CASE("texts are numbered in order of first sight") {
  nodes::TextIds ids;
  CHECK(ids.id_of("b") == 0);
  CHECK(ids.id_of("") == 1);
  CHECK(ids.id_of("b") == 0);
  CHECK(ids.texts()->length() == 2);
  CHECK(ids.texts()->text(0) == "b");
  CHECK(ids.bytes() > 0);

  nodes::TextNumbers numbers;
  CHECK(numbers.add("x", 3));
  CHECK_FALSE(numbers.add("x", 4));
  CHECK(numbers.find("x") == 3);
  CHECK(numbers.find("y") == nodes::TextNumbers::kNone);
}
