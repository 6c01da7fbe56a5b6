#include "engine/core/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <utility>

#include "engine/core/error.h"

namespace flowrun {
namespace {

std::string reason() { return std::generic_category().message(errno); }

[[noreturn]] void fail(const char* what, const std::string& path) {
  const auto why = reason();
  throw Error(Errc::io, "cannot {} {}: {}", what, path, why);
}

/// Calls `write` for what is left until nothing is; it returns what ::write returns.
template <typename Write>
void write_whole(std::string_view bytes, const std::string& path, Write write) {
  while (!bytes.empty()) {
    const auto written = write(bytes);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail("write", path);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

FileHandle::~FileHandle() {
  if (fd_ >= 0) ::close(fd_);
}

FileHandle::FileHandle(FileHandle&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FileHandle& FileHandle::operator=(FileHandle&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

FileHandle open_file(const std::string& path, int flags) {
  FileHandle file(::open(path.c_str(), flags | O_CLOEXEC, 0666));
  if (!file.is_open()) fail("open", path);
  return file;
}

FileHandle open_unlinked(const std::string& folder) {
#ifdef O_TMPFILE
  FileHandle nameless(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (nameless.is_open()) return nameless;
#endif
  std::string path = folder + "/.flowrun-XXXXXX";  // not every file system knows O_TMPFILE
  FileHandle file(::mkostemp(path.data(), O_CLOEXEC));
  if (!file.is_open()) fail("make a scratch file in", folder);
  if (::unlink(path.c_str()) != 0) fail("unlink", path);
  return file;
}

void write_all(int fd, std::string_view bytes, const std::string& path) {
  write_whole(bytes, path,
              [&](std::string_view rest) { return ::write(fd, rest.data(), rest.size()); });
}

void write_at(int fd, std::string_view bytes, std::int64_t offset, const std::string& path) {
  write_whole(bytes, path, [&](std::string_view rest) {
    const auto done = static_cast<std::int64_t>(bytes.size() - rest.size());
    return ::pwrite(fd, rest.data(), rest.size(), offset + done);
  });
}

void read_at(int fd, std::span<char> out, std::int64_t offset, const std::string& path) {
  while (!out.empty()) {
    const auto got = ::pread(fd, out.data(), out.size(), offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("read", path);
    if (got == 0) throw Error(Errc::io, "cannot read {}: it ends at byte {}", path, offset);
    out = out.subspan(static_cast<std::size_t>(got));
    offset += got;
  }
}

void resize_file(int fd, std::int64_t size, const std::string& path) {
  if (::ftruncate(fd, size) != 0) fail("resize", path);
}

void sync_file(int fd, const std::string& path) {
  if (::fdatasync(fd) != 0) fail("sync", path);
}

void start_writing_back(int fd, std::int64_t offset, std::int64_t size) noexcept {
  static_cast<void>(::sync_file_range(fd, offset, size, SYNC_FILE_RANGE_WRITE));
}

void sync_folder(const std::string& folder) {
  const auto handle = open_file(folder, O_RDONLY | O_DIRECTORY);
  if (::fsync(handle.fd()) != 0) fail("sync", folder);
}

std::int64_t size_of_file(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? info.st_size : -1;
}

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace flowrun
