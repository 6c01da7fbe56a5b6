#include "engine/core/parallel.h"

#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tests/support/catch.h"

using namespace flowrun;

TEST_CASE("every piece is done once, and all before parallel returns") {
  for (const std::size_t count : {0, 1, 2, 1000}) {
    std::vector<std::atomic<int>> done(count);
    parallel(count, [&](std::size_t i) { ++done[i]; });
    for (const auto& times : done) CHECK(times == 1);
  }
}

TEST_CASE("pieces run side by side where there are threads for it") {
  if (std::thread::hardware_concurrency() < 2) return;
  std::mutex mutex;
  std::set<std::thread::id> threads;
  parallel(200, [&](std::size_t) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    const std::lock_guard lock(mutex);
    threads.insert(std::this_thread::get_id());
  });
  CHECK(threads.size() > 1);
}

TEST_CASE("what a piece throws comes out") {
  CHECK_THROWS_AS(
      parallel(100, [](std::size_t i) { i == 37 ? throw std::runtime_error("37") : void(); }),
      std::runtime_error);
  CHECK_THROWS_AS(parallel(1, [](std::size_t) { throw std::runtime_error("0"); }),
                  std::runtime_error);
}

TEST_CASE("pieces may be cut again, under a lock that the caller holds") {
  std::mutex mutex;
  std::atomic<int> done = 0;
  parallel(8, [&](std::size_t) {
    const std::lock_guard lock(mutex);
    // A thread that took another outer piece while it waits here would wait for itself.
    parallel(50, [&](std::size_t) { ++done; });
  });
  CHECK(done == 400);
}
