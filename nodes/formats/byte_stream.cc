#include "nodes/formats/byte_stream.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "engine/core/error.h"

namespace flowrun::nodes {
namespace {

constexpr int kPipeBytes = 1 << 20;
constexpr int kPollMilliseconds =
    100;  // how late a request to stop may be seen while nothing arrives
constexpr std::string_view kGzip = "\x1f\x8b";
constexpr std::string_view kZstd = "\x28\xb5\x2f\xfd";

/// A file descriptor, and the bytes that were looked at ahead of time.
class FileStream final : public ByteStream {
 public:
  FileStream(const std::string& path, std::string name) : name_(std::move(name)) {
    if (path == "-") {
      fd_ = STDIN_FILENO;
    } else {
      fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
      if (fd_ < 0) throw Error(Errc::io, "cannot open {}: {}", name_, std::strerror(errno));
      owned_ = true;
    }
    struct stat status {};
    if (::fstat(fd_, &status) != 0) {
      close();
      throw Error(Errc::io, "cannot look at {}: {}", name_, std::strerror(errno));
    }
    if (S_ISDIR(status.st_mode)) {
      close();
      throw Error(Errc::io, "{} is a folder; name its files by a pattern such as \"folder/*.csv\"",
                  name_);
    }
    regular_ = S_ISREG(status.st_mode);
    // Both are hints: where they fail, reading is a little slower.
    if (regular_) (void)::posix_fadvise(fd_, 0, 0, POSIX_FADV_SEQUENTIAL);
    if (S_ISFIFO(status.st_mode)) (void)::fcntl(fd_, F_SETPIPE_SZ, kPipeBytes);
  }
  ~FileStream() override { close(); }
  FileStream(const FileStream&) = delete;
  FileStream& operator=(const FileStream&) = delete;

  std::size_t read(std::span<char> out, const std::stop_token& stop) override {
    if (peeked_from_ < peeked_.size()) {
      const auto count = peeked_.copy(out.data(), out.size(), peeked_from_);
      peeked_from_ += count;
      return count;
    }
    return read_file(out, stop);
  }

  /// The first bytes of the stream, fewer than `count` only at its end or where asked to stop.
  /// Called before the first read().
  std::string_view peek(std::size_t count, const std::stop_token& stop) {
    std::array<char, 8> bytes{};
    while (peeked_.size() < count) {
      const auto got = read_file(std::span(bytes).first(count - peeked_.size()), stop);
      if (got == 0) break;
      peeked_.append(bytes.data(), got);
    }
    return peeked_;
  }

  [[nodiscard]] std::int64_t taken() const override { return taken_; }

 private:
  std::size_t read_file(std::span<char> out, const std::stop_token& stop) {
    for (;;) {
      if (!regular_ && !wait(stop)) return 0;
      const auto got = ::read(fd_, out.data(), out.size());
      if (got >= 0) {
        taken_ += got;
        return static_cast<std::size_t>(got);
      }
      if (errno != EINTR && errno != EAGAIN) {
        throw Error(Errc::io, "cannot read {}: {}", name_, std::strerror(errno));
      }
    }
  }

  /// Waits until something can be read; false where asked to stop before.
  bool wait(const std::stop_token& stop) const {
    while (!stop.stop_requested()) {
      pollfd waited{.fd = fd_, .events = POLLIN, .revents = 0};
      const int ready = ::poll(&waited, 1, kPollMilliseconds);
      if (ready > 0) return true;
      if (ready < 0 && errno != EINTR) {
        throw Error(Errc::io, "cannot wait for {}: {}", name_, std::strerror(errno));
      }
    }
    return false;
  }

  void close() {
    if (owned_) ::close(fd_);
    owned_ = false;
  }

  std::string name_;
  int fd_ = -1;
  bool owned_ = false;
  bool regular_ = false;
  std::string peeked_;
  std::size_t peeked_from_ = 0;
  std::int64_t taken_ = 0;
};

Compression compression_of(std::string_view start) {
  if (start.substr(0, kGzip.size()) == kGzip) return Compression::gzip;
  if (start == kZstd) return Compression::zstd;
  return Compression::none;
}

/// A file whose compression is told by its first bytes: they are looked at by the first read,
/// because a pipe may keep its reader waiting for them.
class SniffedStream final : public ByteStream {
 public:
  SniffedStream(std::unique_ptr<FileStream> file, std::string name)
      : file_(std::move(file)), name_(std::move(name)) {}

  std::size_t read(std::span<char> out, const std::stop_token& stop) override {
    if (!stream_ && !sniff(stop)) return 0;
    return stream_->read(out, stop);
  }
  [[nodiscard]] std::int64_t taken() const override {
    return stream_ ? stream_->taken() : file_->taken();
  }

 private:
  /// False where asked to stop before the first bytes had come.
  bool sniff(const std::stop_token& stop) {
    const auto compression = compression_of(file_->peek(kZstd.size(), stop));
    if (stop.stop_requested()) return false;
    stream_ = std::move(file_);
    if (compression == Compression::gzip) stream_ = gunzip(std::move(stream_), name_);
    if (compression == Compression::zstd) stream_ = unzstd(std::move(stream_), name_);
    return true;
  }

  std::unique_ptr<FileStream> file_;
  std::unique_ptr<ByteStream> stream_;
  std::string name_;
};

}  // namespace

std::unique_ptr<ByteStream> open_byte_stream(const std::string& path, const std::string& name,
                                             const StreamFormat& format) {
  auto file = std::make_unique<FileStream>(path, name);
  std::unique_ptr<ByteStream> stream;
  if (format.compression == Compression::automatic) {
    stream = std::make_unique<SniffedStream>(std::move(file), name);
  } else {
    stream = std::move(file);
  }
  if (format.compression == Compression::gzip) stream = gunzip(std::move(stream), name);
  if (format.compression == Compression::zstd) stream = unzstd(std::move(stream), name);
  if (format.encoding != Encoding::utf8) {
    stream = recode(std::move(stream), name, format.encoding);
  }
  return stream;
}

}  // namespace flowrun::nodes
