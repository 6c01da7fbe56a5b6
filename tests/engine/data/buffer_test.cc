#include "engine/data/buffer.h"

#include <random>
#include <thread>
#include <vector>

#include "tests/support/catch.h"

using namespace flowrun;

TEST_CASE("buffers are aligned and hold what was asked for") {
  for (const std::size_t size : {0U, 1U, 63U, 1024U, 1025U, 1537U, 100'000U, 3U << 20U}) {
    const auto buffer = Buffer::allocate(size);
    CHECK(buffer->size() == size);
    CHECK(buffer->capacity() >= size);
    CHECK(reinterpret_cast<std::uintptr_t>(buffer->data()) % 64 == 0);
    std::memset(buffer->mutable_data(), 1, size + 64);  // the padding is there, too
  }
}

TEST_CASE("the memory of a dead buffer serves the next one of its size class") {
  const std::uint8_t* address = nullptr;
  {
    const auto buffer = Buffer::allocate(300'000);
    address = buffer->data();
  }
  const auto kept = Buffer::recycled_bytes();
  CHECK(kept >= 300'000);
  const auto next = Buffer::allocate(290'000);
  CHECK(next->data() == address);
  CHECK(Buffer::recycled_bytes() == kept - next->capacity());
}

TEST_CASE("the recycler keeps a bounded amount") {
  std::vector<std::shared_ptr<Buffer>> many;
  for (int i = 0; i < 200; ++i) many.push_back(Buffer::allocate(1U << 20U));
  many.clear();
  CHECK(Buffer::recycled_bytes() <= 48U << 20U);
}

TEST_CASE("buffers may be made and dropped by many threads") {
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      std::minstd_rand random(t + 1);
      std::vector<std::shared_ptr<Buffer>> held(16);
      for (int i = 0; i < 20'000; ++i) {
        const auto size = random() % 5000;
        auto buffer = Buffer::allocate(size);
        std::memset(buffer->mutable_data(), static_cast<int>(t), size);
        held[random() % held.size()] = std::move(buffer);
        const auto& other = held[random() % held.size()];
        if (other && other->size() > 0 && other->data()[other->size() - 1] != t) std::abort();
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

TEST_CASE("wrapped memory is kept alive by its owner") {
  auto owner = std::make_shared<std::vector<int>>(std::vector<int>{1, 2, 3});
  std::weak_ptr<std::vector<int>> watch = owner;
  auto buffer = Buffer::wrap(owner->data(), 12, owner);
  owner.reset();
  CHECK(buffer->as<int>()[2] == 3);
  buffer.reset();
  CHECK(watch.expired());
}

TEST_CASE("growing keeps the content") {
  std::shared_ptr<Buffer> buffer;
  grow(buffer, 3);
  std::memcpy(buffer->mutable_data(), "abc", 3);
  grow(buffer, 1'000'000);
  CHECK(buffer->size() == 1'000'000);
  CHECK(std::memcmp(buffer->data(), "abc", 3) == 0);
}

TEST_CASE("bits are counted over any stretch") {
  std::mt19937 random(1);
  std::vector<std::uint8_t> bits(100);
  for (auto& byte : bits) byte = static_cast<std::uint8_t>(random());
  for (std::int64_t from : {0, 1, 7, 8, 63, 64, 65}) {
    for (std::int64_t count : {0, 1, 7, 8, 64, 127, 128, 129, 700}) {
      std::int64_t expected = 0;
      for (std::int64_t i = from; i < from + count; ++i)
        expected += bits[static_cast<std::size_t>(i / 8)] >> (i % 8) & 1;
      CHECK(count_bits(bits.data(), from, count) == expected);
    }
  }
}
