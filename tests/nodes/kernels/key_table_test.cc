#include "nodes/kernels/key_table.h"

#include <map>
#include <string>

#include "engine/core/hash.h"
#include "nodes/kernels/byte_arena.h"
#include "tests/support/catch.h"

using namespace flowrun;

namespace {

struct Number {
  std::uint64_t value = 0;
};

}  // namespace

TEST_CASE("a key table finds every key that it was given, beside its entry") {
  nodes::KeyTable<Number> table;
  std::map<std::string, std::uint64_t> expected;
  for (std::uint64_t i = 0; i < 50'000; ++i) {
    const auto key = std::string(i % 40, 'k') + std::to_string(i % 20'000);
    const auto [entry, is_new] = table.find_or_add(hash64(key), key, {i});
    const auto [known, is_first] = expected.emplace(key, i);
    REQUIRE(is_new == is_first);
    REQUIRE(entry->value == known->second);
    entry->value = known->second = i;
  }
  CHECK(table.size() == expected.size());
  std::size_t seen = 0;
  std::uint64_t last_size = 0;
  table.for_each([&](auto place) {
    ++seen;
    last_size += table.entry(place).value;
  });
  CHECK(seen == expected.size());
  std::uint64_t sum = 0;
  for (const auto& [key, value] : expected) sum += value;
  CHECK(last_size == sum);
  CHECK(table.bytes() > static_cast<std::int64_t>(expected.size()) * 24);
}

TEST_CASE("keys whose hashes are all the same are told apart") {
  nodes::KeyTable<Number> table;
  for (int round = 0; round < 2; ++round) {
    for (std::uint64_t i = 0; i < 300; ++i) {
      CHECK(table.find_or_add(42, std::to_string(i), {i}).first->value == i);
    }
  }
  CHECK(table.size() == 300);
}

TEST_CASE("a key longer than a chunk is kept, and keys of one hash may be of any length") {
  nodes::KeyTable<Number> table;
  const std::string longest(100'000, 'x');
  CHECK(table.find_or_add(1, "", {1}).second);
  CHECK(table.find_or_add(1, longest, {2}).second);
  CHECK(table.find_or_add(1, longest.substr(1), {3}).second);
  CHECK(table.find_or_add(1, "y", {4}).second);
  CHECK(table.find_or_add(1, longest, {9}).first->value == 2);
  CHECK(table.find_or_add(1, "", {9}).first->value == 1);
  CHECK(table.find_or_add(1, "y", {9}).first->value == 4);
  std::vector<std::uint64_t> values;
  table.for_each([&](auto place) { values.push_back(table.entry(place).value); });
  CHECK(values == std::vector<std::uint64_t>{1, 2, 3, 4});
}

TEST_CASE("bytes in an arena stay where they are") {
  nodes::ByteArena arena;
  std::vector<std::pair<const char*, std::string>> kept;
  for (int i = 0; i < 5000; ++i) {
    const auto text =
        std::string(static_cast<std::size_t>(i % 700), static_cast<char>('a' + i % 26));
    kept.emplace_back(arena.add(text), text);
  }
  for (const auto& [at, text] : kept) CHECK(std::string_view(at, text.size()) == text);
  CHECK(arena.bytes() >= 5000 * 349);
}
