#include "nodes/files/stage.h"

#include <fcntl.h>

#include <algorithm>
#include <deque>
#include <random>

#include "nodes/formats/line_builder.h"
#include "nodes/formats/ndjson_writer.h"
#include "tests/support/batches.h"
#include "tests/support/catch.h"
#include "tests/support/temp_folder.h"

using namespace flowrun;
using namespace flowrun::nodes;

namespace {

BatchRef lines(std::uint64_t first, int rows) {
  std::string text;
  for (int i = 0; i < rows; ++i)
    text += std::to_string(first + static_cast<std::uint64_t>(i)) + "\n";
  const auto batch = flowrun::testing::batch_of("a int64", text, first);
  return NdjsonWriter(batch->schema()).lines(*batch);
}

std::string expected(int rows) {
  std::string text;
  for (int i = 0; i < rows; ++i) text += "{\"a\":" + std::to_string(i) + "}\n";
  return text;
}

struct Stage {
  flowrun::testing::TempFolder folder;
  FilePart part;
  int opened = 0;
  LineStage stage;

  Stage()
      : stage(folder / "", [this]() -> FilePart& {
          ++opened;
          return part;
        }) {
    part.path = folder / "part";
    part.file = open_file(part.path, O_RDWR | O_CREAT);
    write_at(part.file.fd(), "head\n", 0, part.path);
    part.size = 5;
  }
  std::string written(const FileExtent& extent) {
    std::string text(static_cast<std::size_t>(extent.length), ' ');
    read_at(part.file.fd(), {text.data(), text.size()}, extent.offset, part.path);
    return text;
  }
};

}  // namespace

TEST_CASE("lines in order go straight to where they stay") {
  Stage s;
  for (std::uint64_t i = 0; i < 20; ++i) {
    s.stage.add(lines(i * 10, 10));
    if (i % 4 == 3) s.stage.spill();
  }
  CHECK(size_of_file(s.part.path) >= 5);
  CHECK(s.part.busy);
  const auto extent = s.stage.finish(1 << 20);
  REQUIRE(extent);
  CHECK(extent->offset == 5);
  CHECK(s.written(*extent) == expected(200));
  CHECK(extent->digest == fingerprint(expected(200)));
  CHECK(s.part.size == 5 + extent->length);
  CHECK_FALSE(s.part.busy);
  CHECK(s.opened == 1);
}

TEST_CASE("a batch that comes too late makes everything be sorted and written again") {
  for (const int late : {0, 3, 7}) {
    for (const bool last : {false, true}) {
      Stage s;
      for (int i = 0; i < 10; ++i) {
        if (i != late) s.stage.add(lines(static_cast<std::uint64_t>(i) * 10, 10));
        if (i % 3 == 2) s.stage.spill();
      }
      s.stage.add(lines(static_cast<std::uint64_t>(late) * 10, 10));
      if (!last) s.stage.spill();
      const auto extent = s.stage.finish(100);
      REQUIRE(extent);
      CHECK(s.written(*extent) == expected(100));
      CHECK(extent->digest == fingerprint(expected(100)));
      CHECK(size_of_file(s.part.path) == 5 + extent->length);
    }
  }
}

TEST_CASE("rows between rows that are written are put between them") {
  Stage s;
  const auto all = lines(0, 100);
  std::vector<std::uint32_t> even;
  std::vector<std::uint32_t> odd;
  for (std::uint32_t i = 0; i < 100; ++i) (i % 2 == 0 ? even : odd).push_back(i);
  s.stage.add(take(*all, even));
  s.stage.spill();
  s.stage.add(take(*all, odd));
  const auto extent = s.stage.finish(1 << 20);
  CHECK(s.written(*extent) == expected(100));
}

TEST_CASE("a stage without rows asks for no part") {
  Stage s;
  s.stage.add(lines(0, 0));
  CHECK_FALSE(s.stage.finish(0));
  CHECK(s.opened == 0);
}

TEST_CASE("what is dropped is cut off, unless others have written behind it") {
  Stage s;
  s.stage.add(lines(0, 10));
  s.stage.spill();
  CHECK(s.part.busy);
  s.stage.drop();
  CHECK_FALSE(s.part.busy);
  CHECK(size_of_file(s.part.path) == 5);

  Stage t;
  t.stage.add(lines(0, 10));
  const auto first = t.stage.finish(0);
  PartWriter other(t.part);
  other.append("behind");
  t.stage.drop();
  CHECK(t.part.busy);
  const auto second = other.finish();
  CHECK(second.offset == first->offset + first->length);
  CHECK(t.written(second) == "behind");
}

TEST_CASE("all stages share one memory limit") {
  flowrun::testing::TempFolder folder;
  std::deque<FilePart> parts;
  LineStaging staging(30'000, folder / "");
  for (std::uint32_t u = 0; u < 4; ++u) {
    staging.begin({.index = u}, [&]() -> FilePart& {
      auto& part = parts.emplace_back();
      part.path = folder / ("part" + std::to_string(parts.size()));
      part.file = open_file(part.path, O_RDWR | O_CREAT);
      return part;
    });
  }
  for (std::uint64_t i = 0; i < 40; ++i) {
    for (std::uint32_t u = 0; u < 4; ++u) staging.write({.index = u}, lines(i * 10, 10));
    std::int64_t held = 0;
    for (std::uint32_t u = 0; u < 4; ++u) held += staging.at({.index = u}).memory();
    CHECK(held <= 30'000);
  }
  for (std::uint32_t u = 0; u < 4; ++u)
    CHECK(staging.finish({.index = u})->digest == fingerprint(expected(400)));
}
