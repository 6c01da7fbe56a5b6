// Fingerprints of files, remembered in the PostgreSQL journal.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>

#include "engine/state/fingerprint.h"
#include "nodes/postgres/journal/journal_server.h"

namespace flowrun::postgres {

/// Of this machine's files: another one may have others under the same names. A folder's are read
/// at once, when the first of its files is asked for. Any thread.
class FingerprintRows final : public FingerprintMemory {
 public:
  explicit FingerprintRows(JournalServer& server) : server_(&server) {}

  [[nodiscard]] std::string find(const std::string& path, const FileLooks& looks) override;
  void keep(const KnownFingerprint& known) override;
  /// Writes what keep() took.
  void flush();

 private:
  void load(const std::string& folder);

  JournalServer* server_;
  std::mutex mutex_;
  std::set<std::string> folders_;  ///< those that were read
  std::map<std::string, KnownFingerprint> known_;
  std::map<std::string, KnownFingerprint> pending_;
};

}  // namespace flowrun::postgres
