#include "engine/core/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

#include "engine/core/error.h"
#include "tests/support/catch.h"
#include "tests/support/temp_folder.h"

using namespace flowrun;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("files are written and read whole") {
  const flowrun::testing::TempFolder folder;
  const auto path = folder / "a";
  const auto file = open_file(path, O_RDWR | O_CREAT);
  write_all(file.fd(), "hello", path);
  write_at(file.fd(), "J", 0, path);
  std::string back(5, ' ');
  read_at(file.fd(), {back.data(), back.size()}, 0, path);
  CHECK(back == "Jello");
  resize_file(file.fd(), 2, path);
  sync_file(file.fd(), path);
  sync_folder(folder / "");
  CHECK(size_of_file(path) == 2);
  CHECK(size_of_file(folder / "b") == -1);
  CHECK_THROWS_WITH(read_at(file.fd(), {back.data(), back.size()}, 0, path),
                    ContainsSubstring(path));
}

TEST_CASE("a file error names the file and the reason") {
  try {
    (void)open_file("/no/such/file", O_RDONLY);
    FAIL("opened");
  } catch (const Error& error) {
    CHECK(error.code() == Errc::io);
    CHECK(std::string(error.what()) == "cannot open /no/such/file: No such file or directory");
  }
  const auto full = open_file("/dev/full", O_WRONLY);
  CHECK_THROWS_WITH(write_all(full.fd(), "x", "/dev/full"),
                    "cannot write /dev/full: No space left on device");
  CHECK_THROWS_AS(open_unlinked("/no/such/folder"), Error);
}

TEST_CASE("an unlinked file leaves no name") {
  const flowrun::testing::TempFolder folder;
  auto file = open_unlinked(folder / "");
  write_at(file.fd(), "x", 1'000'000, "scratch");
  CHECK(std::filesystem::is_empty(folder / ""));
  const int fd = file.fd();
  file = FileHandle();
  CHECK(::fcntl(fd, F_GETFD) == -1);
}

TEST_CASE("the folder of a path") {
  CHECK(folder_of("/a/b/c.csv") == "/a/b");
  CHECK(folder_of("/c.csv") == "/");
  CHECK(folder_of("c.csv") == ".");
}
