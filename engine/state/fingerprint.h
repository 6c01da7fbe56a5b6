// Fingerprints of files' contents, remembered as long as a file is visibly the same.
#pragma once

#include <cstdint>
#include <string>

#include "engine/spec/node.h"

namespace flowrun {

/// Hashes a file's content: 32 hex digits, the same whatever the number of threads (0: as many as
/// pay off). "" for what is no regular file (a pipe). Throws Error(io).
[[nodiscard]] std::string content_fingerprint(const std::string& path, int threads = 0);

/// What a file looks like from outside. A content that changes under all of these the same has been
/// forged: ctime cannot be set.
struct FileLooks {
  std::int64_t size = 0;
  std::int64_t mtime_ns = 0;
  std::int64_t ctime_ns = 0;
  std::int64_t inode = 0;
  friend bool operator==(const FileLooks&, const FileLooks&) = default;
};

struct KnownFingerprint {
  std::string path;  ///< absolute
  FileLooks looks;
  std::string fingerprint;
};

/// Where fingerprints are remembered: a journal. Any thread.
class FingerprintMemory {
 public:
  virtual ~FingerprintMemory() = default;
  /// "" where none is known of a file that looks so.
  [[nodiscard]] virtual std::string find(const std::string& path, const FileLooks& looks) = 0;
  virtual void keep(const KnownFingerprint& known) = 0;
};

/// See FileFingerprints. Holds nothing of the memory while it reads a file.
class CachedFingerprints final : public FileFingerprints {
 public:
  explicit CachedFingerprints(FingerprintMemory& memory) : memory_(&memory) {}

  [[nodiscard]] std::string of(const std::string& path) override;

 private:
  FingerprintMemory* memory_;
};

}  // namespace flowrun
