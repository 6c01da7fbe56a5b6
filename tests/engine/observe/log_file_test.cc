#include "engine/observe/log_file.h"

#include <fstream>
#include <sstream>
#include <thread>

#include "tests/support/catch.h"
#include "tests/support/temp_folder.h"

using namespace flowrun;
using flowrun::testing::TempFolder;

namespace {

/// A clock that a test turns.
struct Hand final : Clock {
  Micros at = 1'800'000'000 * kSecond;  // 2027-01-15T08:00:00Z
  [[nodiscard]] Micros now() const override { return at; }
};

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("lines carry moment, run and level; those with line ends become several") {
  const TempFolder folder;
  Hand clock;
  const auto path = log_path(folder / "logs", "wide", "ship=a/b");
  CHECK(path == folder / "logs" + "/wide ship=a_b.log");
  LogFile log(path, {}, clock);
  log.write("run1", LogLevel::info, "one\ntwo");
  clock.at += kSecond / 2;
  log.write("run1", LogLevel::warning, "three");
  CHECK(text_of(path) ==
        "2027-01-15T08:00:00Z run1 info one\n2027-01-15T08:00:00Z run1 info two\n"
        "2027-01-15T08:00:00.5Z run1 warning three\n");
}

TEST_CASE("a large file is turned over, and old ones are removed") {
  const TempFolder folder;
  Hand clock;
  clock.at = SystemClock().now();  // files have the system's times
  const auto path = log_path(folder / "", "p", "");
  const auto other = log_path(folder / "", "p-2", "");
  LogFile(other, {}, clock).write("r", LogLevel::info, "kept");
  LogFile log(path, {.size = 100, .keep = kDay}, clock);
  for (int i = 0; i < 6; ++i)
    log.write("run1", LogLevel::info, "forty letters make a line of a log, so");
  const auto files = log_files(path);
  REQUIRE(files.size() == 3);
  CHECK(files.back() == path);
  std::string all;
  for (const auto& file : files) all += text_of(file);
  CHECK(std::count(all.begin(), all.end(), '\n') == 6);
  clock.at += 2 * kDay;
  const LogFile later(path, {.size = 100, .keep = kDay}, clock);
  // What was current has lines too old to go on with; what was turned over is gone.
  CHECK(log_files(path) == std::vector<std::string>{path});
  CHECK(text_of(path).empty());
  CHECK(text_of(other).find("kept") != std::string::npos);
}

TEST_CASE("lines of many threads stay whole") {
  const TempFolder folder;
  const Hand clock;
  const auto path = log_path(folder / "", "p", "");
  {
    LogFile log(path, {.size = 2000, .keep = 3650 * kDay}, clock);
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&log] {
        for (int i = 0; i < 100; ++i) log.write("r", LogLevel::info, "line");
      });
    }
  }
  std::string all;
  for (const auto& file : log_files(path)) all += text_of(file);
  const std::string line = "2027-01-15T08:00:00Z r info line\n";
  CHECK(all.size() == 400 * line.size());
  for (std::size_t i = 0; i < all.size(); i += line.size()) {
    if (all.compare(i, line.size(), line) != 0) FAIL("a broken line at byte " << i);
  }
}
