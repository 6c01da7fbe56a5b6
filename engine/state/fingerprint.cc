#include "engine/state/fingerprint.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <exception>
#include <filesystem>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/core/hash.h"
#include "engine/data/buffer.h"

namespace flowrun {
namespace {

constexpr std::int64_t kBlock = 16 << 20;  ///< hashed by itself, so that threads can share a file
constexpr std::int64_t kRead = 256 << 10;  ///< stays in the core's own cache between read and hash
constexpr int kMaxThreads = 2;             ///< one core hashes faster than most disks read
/// A file this young can change again without its times changing: clocks of file systems tick in
/// milliseconds.
constexpr std::int64_t kSettledNs = 2'000'000'000;

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

struct Seen {
  FileLooks looks;
  bool regular = false;
  bool settled = false;  ///< its times are far enough in the past to tell a later change apart
};

Seen look_at(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    throw Error(Errc::io, "{}: {}", path, std::strerror(errno));
  }
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  Seen seen{.looks = {.size = info.st_size,
                      .mtime_ns = nanoseconds(info.st_mtim),
                      .ctime_ns = nanoseconds(info.st_ctim),
                      .inode = static_cast<std::int64_t>(info.st_ino)},
            .regular = S_ISREG(info.st_mode)};
  seen.settled =
      std::max(seen.looks.mtime_ns, seen.looks.ctime_ns) + kSettledNs <= nanoseconds(now);
  return seen;
}

/// The hash of up to kBlock bytes at `from`; "" at the end of the file.
std::string hash_block(int fd, const std::string& path, std::int64_t from, Buffer& buffer) {
  Fingerprinter content;
  std::int64_t done = 0;
  while (done < kBlock) {
    const auto got = ::pread(fd, buffer.mutable_data(), buffer.size(), from + done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw Error(Errc::io, "{}: cannot read: {}", path, std::strerror(errno));
    if (got == 0) break;
    content.add({buffer.as<char>(), static_cast<std::size_t>(got)});
    done += got;
  }
  return done == 0 ? std::string() : content.digest();
}

/// Hashes blocks 0, 1, … of a file, each by whichever thread is free.
class BlockHashes {
 public:
  BlockHashes(std::string path, std::int64_t size)
      : path_(std::move(path)),
        file_(open_file(path_, O_RDONLY)),
        hashes_(static_cast<std::size_t>((size + kBlock - 1) / kBlock)) {}

  void run(std::size_t threads) {
    std::vector<std::jthread> helpers;
    for (std::size_t i = 1; i < std::min(threads, hashes_.size()); ++i) {
      helpers.emplace_back([this] { work(); });
    }
    work();
    helpers.clear();
    if (failure_) std::rethrow_exception(failure_);
  }

  /// One hash over the blocks' hashes; that of the only block where there is one.
  [[nodiscard]] std::string digest() const {
    if (hashes_.empty()) return fingerprint({});
    if (hashes_.size() == 1) return hashes_.front();
    Fingerprinter all;
    for (const auto& hash : hashes_) all.add(hash);
    return all.digest();
  }

 private:
  void work() {
    try {
      const auto buffer = Buffer::allocate(kRead);
      for (auto i = next_++; i < hashes_.size(); i = next_++) {
        hashes_[i] = hash_block(file_.fd(), path_, static_cast<std::int64_t>(i) * kBlock, *buffer);
      }
    } catch (...) {
      const std::lock_guard guard(mutex_);
      failure_ = std::current_exception();
    }
  }

  std::string path_;
  FileHandle file_;
  std::vector<std::string> hashes_;
  std::atomic<std::size_t> next_{0};
  std::mutex mutex_;
  std::exception_ptr failure_;
};

}  // namespace

std::string content_fingerprint(const std::string& path, int threads) {
  const auto seen = look_at(path);
  if (!seen.regular) return {};
  if (threads == 0) {
    threads =
        std::min(kMaxThreads, static_cast<int>(std::max(1U, std::thread::hardware_concurrency())));
  }
  BlockHashes blocks(path, seen.looks.size);
  blocks.run(static_cast<std::size_t>(threads));
  return blocks.digest();
}

std::string CachedFingerprints::of(const std::string& path) {
  const auto absolute = std::filesystem::absolute(path).lexically_normal().string();
  const auto before = look_at(absolute);
  if (!before.regular) return {};
  if (auto known = memory_->find(absolute, before.looks); !known.empty()) return known;
  auto fingerprint = content_fingerprint(absolute);
  const auto after = look_at(absolute);
  if (before.settled && after.looks == before.looks) {
    memory_->keep({absolute, before.looks, fingerprint});
  }
  return fingerprint;
}

}  // namespace flowrun
