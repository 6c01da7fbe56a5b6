// Fingerprints of files' contents, remembered as long as a file is visibly the same.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "engine/spec/node.h"
#include "engine/state/journal_database.h"

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

/// See FileFingerprints; the cache is in the journal. Takes the database's mutex itself, and not
/// while it reads a file.
class CachedFingerprints final : public FileFingerprints {
 public:
  explicit CachedFingerprints(JournalDatabase& database) : database_(&database) {}

  [[nodiscard]] std::string of(const std::string& path) override;

  /// Entries that wait to be written; the database's mutex is held for all three.
  [[nodiscard]] bool has_pending() const { return !pending_.empty(); }
  void write_pending();
  void pending_written() { pending_.clear(); }

 private:
  struct Entry {
    std::string path;
    FileLooks looks;
    std::string fingerprint;
  };
  [[nodiscard]] std::string cached(const std::string& path, const FileLooks& looks);

  JournalDatabase* database_;
  std::vector<Entry> pending_;
};

}  // namespace flowrun
