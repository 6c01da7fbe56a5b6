#include "engine/data/spool.h"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <random>

#include <sys/resource.h>

#include "engine/core/error.h"
#include "engine/data/builder.h"
#include "tests/support/batches.h"
#include "tests/support/catch.h"
#include "tests/support/temp_folder.h"

using namespace flowrun;
using flowrun::testing::batch_of;
using flowrun::testing::csv_of;
using flowrun::testing::TempFolder;

namespace {

struct Replayed {
  std::string rows;
  std::string ordinals;
  friend bool operator==(const Replayed&, const Replayed&) = default;
};

Replayed replay(Spool& spool) {
  Replayed out;
  spool.for_each([&](const BatchRef& batch) {
    out.rows += csv_of(*batch);
    for (std::int64_t i = 0; i < batch->rows(); ++i)
      out.ordinals += std::to_string(batch->ordinal(i)) + " ";
  });
  return out;
}

/// Rows of every type with the given ordinals; the text carries the ordinal.
BatchRef rows_at(const std::vector<std::uint64_t>& ordinals, unsigned salt) {
  BatchBuilder builder(
      flowrun::testing::schema_of("s string, i int64, b bool, d decimal(20,2), f float64, t date"));
  for (const auto ordinal : ordinals) {
    const auto seed = ordinal * 31 + salt;
    builder.column(0).append_text("row " + std::to_string(ordinal) + std::string(seed % 9, 'x') +
                                  std::to_string(salt));
    seed % 5 == 0 ? builder.column(1).append_null()
                  : builder.column(1).append_int64(static_cast<std::int64_t>(seed));
    seed % 7 == 0 ? builder.column(2).append_null() : builder.column(2).append_bool(seed % 2 == 0);
    builder.column(3).append_decimal(static_cast<Int128>(seed) * 1000);
    builder.column(4).append_float64(static_cast<double>(seed) / 8);
    seed % 3 == 0 ? builder.column(5).append_null()
                  : builder.column(5).append_date(static_cast<std::int32_t>(seed));
    builder.end_row(ordinal);
  }
  return builder.finish();
}

/// Batches over 0..rows-1: `overlap` 0 cuts them one behind the other, else each row goes to one of
/// `overlap` open ones.
std::vector<BatchRef> scattered(std::uint64_t rows, unsigned overlap, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::vector<std::uint64_t>> open(std::max(overlap, 1U));
  std::vector<BatchRef> batches;
  for (std::uint64_t i = 0; i < rows; ++i) {
    auto& mine = open[random() % open.size()];
    mine.push_back(i / 2 * 2);  // every ordinal twice: rows that were made from one
    if (mine.size() < 20 + random() % 30) continue;
    batches.push_back(rows_at(mine, static_cast<unsigned>(i)));
    mine.clear();
  }
  for (const auto& rest : open) {
    if (!rest.empty()) batches.push_back(rows_at(rest, 7));
  }
  return batches;
}

}  // namespace

TEST_CASE("rows come back in order whatever the memory limit and the order of arrival") {
  const TempFolder folder;
  for (const unsigned overlap : {0U, 2U, 9U, 60U}) {
    INFO("overlap " << overlap);
    auto batches = scattered(4000, overlap, overlap + 1);
    Replayed expected;
    std::mt19937 random(overlap);
    for (int round = 0; round < 4; ++round) {
      for (const std::int64_t limit : {1LL << 40, 100'000LL, 1LL, 0LL}) {
        Spool spool(limit, folder / "");
        for (const auto& batch : batches) spool.add(batch);
        CHECK(spool.rows() == 4000);
        CHECK(spool.memory() <= limit);
        CHECK((spool.spilled_bytes() == 0) == (limit > 1'000'000));
        const auto got = replay(spool);
        if (expected.rows.empty()) {
          expected = got;
          std::vector<std::uint64_t> ordinals;
          for (const auto& batch : batches) {
            for (std::int64_t i = 0; i < batch->rows(); ++i) ordinals.push_back(batch->ordinal(i));
          }
          std::sort(ordinals.begin(), ordinals.end());
          std::string sorted;
          for (const auto ordinal : ordinals) sorted += std::to_string(ordinal) + " ";
          CHECK(got.ordinals == sorted);
        }
        CHECK((got == expected));
        CHECK((replay(spool) == expected));  // a second time
      }
      std::shuffle(batches.begin(), batches.end(), random);
    }
  }
  CHECK(std::filesystem::is_empty(folder / ""));
}

TEST_CASE("batches that do not overlap come back as they are, by their first ordinal") {
  const TempFolder folder;
  Spool spool(1 << 20, folder / "");
  const auto late = batch_of("a int64", "3\n4", 100);
  const auto early = batch_of("a int64", "1\n2", 7);
  spool.add(late);
  spool.add(early);
  std::vector<BatchRef> got;
  spool.for_each([&](const BatchRef& batch) { got.push_back(batch); });
  REQUIRE(got.size() == 2);
  CHECK(got[0] == early);
  CHECK(got[1] == late);
}

TEST_CASE(
    "rows of one batch with the same ordinal keep their order, those of several are ordered by "
    "content") {
  const TempFolder folder;
  const auto made = [](const char* rows) {
    const auto batch = batch_of("a string", rows);
    auto ordinals = Buffer::allocate(static_cast<std::size_t>(batch->rows()) * 8);
    std::fill_n(ordinals->mutable_as<std::uint64_t>(), batch->rows(), 5);
    return with_ordinals(*batch, {.values = std::move(ordinals)});
  };
  const std::vector<BatchRef> batches{made("x\nb"), made("x\na"), made("m"), made("x")};
  std::vector<std::size_t> order{0, 1, 2, 3};
  std::string expected;
  do {
    for (const std::int64_t limit : {0, 1 << 20}) {
      Spool spool(limit, folder / "");
      for (const auto i : order) spool.add(batches[i]);
      const auto got = replay(spool).rows;
      if (expected.empty()) expected = got;
      CHECK(got == expected);
    }
  } while (std::next_permutation(order.begin(), order.end()));
  CHECK(expected.find("x\na\n") != std::string::npos);
  CHECK(expected.find("x\nb\n") != std::string::npos);
}

TEST_CASE(
    "a batch whose ordinals do not ascend is sorted, slices are written without what is around "
    "them") {
  const TempFolder folder;
  const auto batch = rows_at({50, 40, 30, 20, 10, 9, 8, 7, 6, 5, 4, 3}, 1);
  const auto part = slice(*batch, 1, 10);
  Spool spool(0, folder / "");
  spool.add(part);
  CHECK(replay(spool).ordinals == "4 5 6 7 8 9 10 20 30 40 ");
  Spool whole(1 << 20, folder / "");
  whole.add(part);
  CHECK((replay(whole) == replay(spool)));
}

TEST_CASE("slices at every offset survive the disk") {
  const TempFolder folder;
  std::vector<std::uint64_t> ordinals(100);
  for (std::size_t i = 0; i < 100; ++i) ordinals[i] = i;
  const auto batch = rows_at(ordinals, 3);
  for (std::int64_t from = 0; from < 20; ++from) {
    for (const std::int64_t count : {1, 7, 8, 9, 64, 80}) {
      Spool spool(0, folder / "");
      spool.add(slice(*batch, from, count));
      CHECK(replay(spool).rows == csv_of(*slice(*batch, from, count)));
    }
  }
}

TEST_CASE("dictionary columns survive the disk, as codes where the dictionary has an id") {
  const TempFolder folder;
  for (const std::uint64_t id : {0ULL, 5ULL}) {
    const auto young = flowrun::testing::with_dictionary(
        *batch_of("a string, i int64", "x,\ny,\n,\nx,", 0), "a", id);
    const auto old =
        flowrun::testing::with_dictionary(*batch_of("a string, i int64", "z,\nx,\nw,", 10), "a", id,
                                          id == 0 ? nullptr : young->column(0).dictionary());
    Spool spool(0, folder / "");
    spool.add(old);
    spool.add(young);
    std::string rows;
    spool.for_each([&](const BatchRef& batch) {
      rows += csv_of(*batch);
      CHECK(batch->column(0).is_dictionary() == (id != 0));
      CHECK(batch->column(0).dictionary_id() == id);
    });
    CHECK(rows == "x,\ny,\n,\nx,\nz,\nx,\nw,\n");
  }
}

TEST_CASE("an empty spool shows nothing, empty batches count for nothing") {
  const TempFolder folder;
  Spool spool(0, folder / "");
  spool.add(batch_of("a int64", ""));
  int calls = 0;
  spool.for_each([&](const BatchRef&) { ++calls; });
  CHECK(calls == 0);
  CHECK(spool.rows() == 0);
}

TEST_CASE("batches of two schemas in one spool are a bug") {
  const TempFolder folder;
  Spool spool(1 << 20, folder / "");
  spool.add(batch_of("a int64", "1"));
  CHECK_THROWS_AS(spool.add(batch_of("b int64", "1")), Error);
}

TEST_CASE("a full disk is an error that names the folder") {
  const TempFolder folder;
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto signal_before = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{.rlim_cur = 10'000, .rlim_max = before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  Spool spool(0, folder / "");
  std::string message;
  try {
    for (std::uint64_t i = 0; i < 100; ++i) spool.add(batch_of("a int64", "1\n2\n3", i * 3));
  } catch (const Error& error) {
    CHECK(error.code() == Errc::io);
    message = error.what();
  }
  setrlimit(RLIMIT_FSIZE, &before);
  (void)std::signal(SIGXFSZ, signal_before);
  CHECK(message == "cannot write a scratch file in " + (folder / "") + ": File too large");
}
