// Files by descriptor: whole reads and writes, durability, unlinked scratch files.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace flowrun {

/// Owns a file descriptor.
class FileHandle {
 public:
  FileHandle() = default;
  explicit FileHandle(int fd) : fd_(fd) {}
  ~FileHandle();
  FileHandle(FileHandle&& other) noexcept;
  FileHandle& operator=(FileHandle&& other) noexcept;
  FileHandle(const FileHandle&) = delete;
  FileHandle& operator=(const FileHandle&) = delete;

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// Opens with open(2)'s flags (O_CLOEXEC is added). Throws Error(io) naming the path and the
/// reason, as all below do.
[[nodiscard]] FileHandle open_file(const std::string& path, int flags);
/// A new file in `folder` that has no name and vanishes with its descriptor.
[[nodiscard]] FileHandle open_unlinked(const std::string& folder);

/// Writes all of `bytes` at the descriptor's position. `path` is for messages.
void write_all(int fd, std::string_view bytes, const std::string& path);
/// Writes all of `bytes` at `offset`.
void write_at(int fd, std::string_view bytes, std::int64_t offset, const std::string& path);
/// Fills `out` from `offset`; a file that ends before is an error.
void read_at(int fd, std::span<char> out, std::int64_t offset, const std::string& path);
/// Cuts or extends to `size` bytes.
void resize_file(int fd, std::int64_t size, const std::string& path);
/// Makes content and size durable.
void sync_file(int fd, const std::string& path);
/// Lets the disk begin to write a range of the file; a hint, nothing is waited for.
void start_writing_back(int fd, std::int64_t offset, std::int64_t size) noexcept;
/// Makes names in a folder durable (what rename and unlink did).
void sync_folder(const std::string& folder);
/// Size in bytes; -1 where there is no such file.
[[nodiscard]] std::int64_t size_of_file(const std::string& path);
/// The folder of a path; "." where it names none.
[[nodiscard]] std::string folder_of(const std::string& path);

}  // namespace flowrun
