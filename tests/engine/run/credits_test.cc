#include "engine/run/credits.h"

#include <chrono>
#include <thread>

#include "tests/support/catch.h"

using flowrun::Credits;

TEST_CASE("rule 10: a source takes what its share or the free part holds, and waits beyond") {
  Credits credits(1000);
  const int a = credits.add_source(200);
  const int b = credits.add_source(200);
  auto first = credits.take(a, 700, {});  // 200 of its share, 500 of the 600 free ones
  REQUIRE(first);
  auto second = credits.take(b, 200, {});  // its reserved share is its own
  REQUIRE(second);
  std::stop_source stop;
  stop.request_stop();
  CHECK(credits.take(a, 200, stop.get_token()) == nullptr);
  first.reset();
  CHECK(credits.take(a, 200, {}) != nullptr);
  CHECK(credits.used() == 200);
}

TEST_CASE("rule 10: a take larger than the share is granted when the share is idle") {
  Credits credits(100);
  const int a = credits.add_source(50);
  CHECK(credits.take(a, 5000, {}) != nullptr);
  CHECK(credits.used() == 0);
}

TEST_CASE(
    "rule 10: what a flush emits overdraws the account, and sources wait while it is negative") {
  Credits credits(100);
  const int a = credits.add_source(50);
  auto flush = credits.charge(500);
  auto idle = credits.take(a, 10, {});  // nothing in flight: it may always take one
  REQUIRE(idle);
  std::stop_source stop;
  stop.request_stop();
  CHECK(credits.take(a, 10, stop.get_token()) == nullptr);
  flush.reset();
  CHECK(credits.take(a, 10, {}) != nullptr);
}

TEST_CASE("a waiting take wakes when a lease dies on another thread") {
  Credits credits(100);
  const int a = credits.add_source(0);
  auto held = credits.take(a, 100, {});
  std::thread giver([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    held.reset();
  });
  CHECK(credits.take(a, 100, {}) != nullptr);
  giver.join();
}
