#include "engine/state/fingerprint.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "engine/core/error.h"
#include "engine/core/hash.h"
#include "tests/engine/state/state_folder.h"
#include "tests/support/catch.h"

using Catch::Matchers::ContainsSubstring;
using namespace flowrun;
using namespace flowrun::testing;

namespace {

void write_file(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

std::string some_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  std::uint64_t x = 1;
  for (auto& byte : bytes) {
    x = mix(x, 7);
    byte = static_cast<char>(x);
  }
  return bytes;
}

/// The cache's view of a file, changed behind its back so that a cached fingerprint can be told
/// from a fresh one.
void plant_fingerprint(const StateFolder& state, const std::string& path) {
  state.look()
      .prepare("update fingerprints set fingerprint = 'planted' where path = ?")
      .bind(path)
      .run();
}

/// Puts a file into the cache although it is younger than the cache trusts.
void cache_now(const StateFolder& state, const std::string& path) {
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  auto look = state.look();
  look.prepare("insert or replace into fingerprints values (?, ?, ?, ?, ?, 'planted')")
      .bind(path, info.st_size, info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec,
            info.st_ctim.tv_sec * 1'000'000'000 + info.st_ctim.tv_nsec, info.st_ino)
      .run();
}

}  // namespace

TEST_CASE("a fingerprint is of the content alone, whatever the number of threads") {
  const TempFolder folder;
  for (const std::size_t size : {0U, 1U, 1U << 20U, 16U << 20U, (16U << 20U) + 1U, 50'000'000U}) {
    const auto bytes = some_bytes(size);
    write_file(folder / "a", bytes);
    const auto one = content_fingerprint(folder / "a", 1);
    CHECK(one.size() == 32);
    CHECK(one == content_fingerprint(folder / "a", 2));
    CHECK(one == content_fingerprint(folder / "a", 7));
    if (size <= 16U << 20U) CHECK(one == fingerprint(bytes));
    if (size == 0) continue;
    auto other = bytes;
    other[size / 2] = static_cast<char>(other[size / 2] ^ 1);
    write_file(folder / "b", other);
    CHECK(one != content_fingerprint(folder / "b"));
  }
}

TEST_CASE("a missing file is an error with its path, a pipe has no fingerprint") {
  const TempFolder folder;
  CHECK_THROWS_WITH(content_fingerprint(folder / "none"), ContainsSubstring(folder / "none"));
  REQUIRE(mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK(content_fingerprint(folder / "pipe").empty());
  const StateFolder state;
  auto journal = state.open();
  CHECK(journal->fingerprints().of(folder / "pipe").empty());
}

TEST_CASE("a young file is not cached, an old one is") {
  const StateFolder state;
  const auto path = state.folder / "a.csv";
  write_file(path, "a,b\n");
  auto journal = state.open();
  CHECK(journal->fingerprints().of(path) == fingerprint("a,b\n"));
  journal->flush();
  CHECK(state.look().integer("select count(*) from fingerprints") == 0);

  // Old from the start: this very test program.
  const auto self = std::filesystem::read_symlink("/proc/self/exe").string();
  struct stat info {};
  REQUIRE(::stat(self.c_str(), &info) == 0);
  if (::time(nullptr) - std::max(info.st_mtime, info.st_ctime) < 5) return;
  const auto expected = content_fingerprint(self);
  CHECK(journal->fingerprints().of(self) == expected);
  journal->flush();
  plant_fingerprint(state, self);
  CHECK(journal->fingerprints().of(self) == "planted");
  // Written differently, the path is still the same.
  CHECK(journal->fingerprints().of(std::filesystem::path(self).parent_path().string() + "/./" +
                                   std::filesystem::path(self).filename().string()) == "planted");
}

TEST_CASE("rule 3: one byte edited at equal size and equal mtime changes the fingerprint") {
  const StateFolder state;
  const auto path = state.folder / "a.csv";
  write_file(path, "id,value\n1,5\n");
  auto journal = state.open();
  cache_now(state, path);
  REQUIRE(journal->fingerprints().of(path) == "planted");

  struct stat before {};
  REQUIRE(::stat(path.c_str(), &before) == 0);
  write_file(path, "id,value\n1,6\n");
  const timespec times[2] = {before.st_atim, before.st_mtim};
  REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);
  struct stat after {};
  REQUIRE(::stat(path.c_str(), &after) == 0);
  REQUIRE(after.st_size == before.st_size);
  REQUIRE(after.st_mtim.tv_nsec == before.st_mtim.tv_nsec);
  CHECK(journal->fingerprints().of(path) == fingerprint("id,value\n1,6\n"));
}

TEST_CASE("a file replaced by another of the same size and times is seen by its inode") {
  const StateFolder state;
  const auto path = state.folder / "a.csv";
  write_file(path, "1");
  auto journal = state.open();
  cache_now(state, path);
  state.look().execute("update fingerprints set inode = inode + 1");
  CHECK(journal->fingerprints().of(path) == fingerprint("1"));
}
