#include "engine/observe/progress.h"

#include "engine/core/text_table.h"
#include "tests/support/catch.h"

using namespace flowrun;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

const RateMeter::TimePoint kStart{};

Progress halfway() {
  Progress progress;
  progress.share = 0.5;
  progress.units = 7;
  progress.rows = 4'200'000;
  progress.rows_per_second = 4'210'000;
  progress.bytes_per_second = 193e6;
  progress.eta = 2.7;
  progress.limited_by = {"wide", LimitedBy::cpu};
  return progress;
}

}  // namespace

TEST_CASE("speed is that of the last seconds, not of the whole run") {
  RateMeter meter;
  CHECK(meter.rows_per_second() == 0);
  meter.sample(kStart, 0, 0);
  CHECK(meter.rows_per_second() == 0);
  meter.sample(kStart + seconds(10), 1000, 50'000);
  CHECK(meter.rows_per_second() == 100);
  CHECK(meter.bytes_per_second() == 5000);
  for (int second = 11; second <= 20; ++second) {
    meter.sample(kStart + seconds(second), 1000 + (second - 10) * 7, 50'000);
  }
  CHECK(meter.rows_per_second() == 7);
  CHECK(meter.bytes_per_second() == 0);
}

TEST_CASE(
    "how far a run is comes from its windows where their number is known, else from its bytes") {
  RunStats stats;
  stats.started = kStart;
  stats.read_bytes = 25;
  stats.units_committed = 1;
  RateMeter meter;
  CHECK_FALSE(measure(stats, 2, kStart + seconds(6), meter).share);
  CHECK_FALSE(measure(stats, 2, kStart + seconds(6), meter).eta);
  stats.input_bytes = 100;
  const auto by_bytes = measure(stats, 2, kStart + seconds(6), meter);
  CHECK(by_bytes.share == 0.25);
  CHECK(by_bytes.eta == 18.0);
  stats.units_total = 2;
  const auto by_units = measure(stats, 2, kStart + seconds(6), meter);
  CHECK(by_units.share == 0.5);
  CHECK(by_units.eta == 6.0);
}

TEST_CASE("the first look already tells the speed since the start") {
  RunStats stats;
  stats.started = kStart;
  stats.rows_read = 500;
  stats.read_bytes = 1000;
  RateMeter meter;
  const auto progress = measure(stats, 1, kStart + milliseconds(500), meter);
  CHECK(progress.rows_per_second == 1000);
  CHECK(progress.bytes_per_second == 2000);
}

TEST_CASE("nothing is left when everything is read") {
  RunStats stats;
  stats.started = kStart;
  stats.input_bytes = 10;
  stats.read_bytes = 10;
  RateMeter meter;
  CHECK_FALSE(measure(stats, 1, kStart + seconds(1), meter).eta);
}

TEST_CASE("nothing is foretold from the first per cent") {
  RunStats stats;
  stats.started = kStart;
  stats.input_bytes = 1000;
  stats.read_bytes = 10;
  RateMeter meter;
  CHECK_FALSE(measure(stats, 1, kStart + seconds(1), meter).eta);
}

TEST_CASE("a live line shows bar, windows, speed, time left and the limiting side") {
  CHECK(live_line(halfway(), 200, false) ==
        "██████████░░░░░░░░░░  50 % · 7 windows · 4.21 M rows/s · 193 MB/s · 2.70 s left · "
        "limited by cpu (wide)");
}

TEST_CASE("a live line leaves out what does not fit and never exceeds the terminal") {
  for (std::size_t width = 30; width < 110; ++width) {
    CHECK(shown_width(live_line(halfway(), width, false)) <= width);
  }
  CHECK(live_line(halfway(), 98, false).ends_with("· 2.70 s left · limited by cpu"));
  CHECK(live_line(halfway(), 60, false) ==
        "██████████░░░░░░░░░░  50 % · 7 windows · 4.21 M rows/s");
}

TEST_CASE("a live line without a known end counts rows, and names its instance") {
  auto progress = halfway();
  progress.share.reset();
  progress.eta.reset();
  progress.instance = "ship=IMO9976903";
  progress.unit = "load";
  progress.units = 1;
  CHECK(live_line(progress, 72, false) ==
        "ship=IMO9976903 4,200,000 rows · 1 load · 4.21 M rows/s · 193 MB/s");
}

TEST_CASE("a plain line says the same in words") {
  auto progress = halfway();
  progress.units_total = 12;
  CHECK(plain_line(progress) ==
        "50 %, 7 of 12 windows, 4,200,000 rows read, 4.21 M rows/s, 193 MB/s, 2.70 s left, limited "
        "by cpu (wide)");
}
