// Fingerprints of files, remembered in the SQLite journal.
#pragma once

#include <string>
#include <vector>

#include "engine/state/fingerprint.h"
#include "engine/state/journal_database.h"

namespace flowrun {

/// Takes the database's mutex itself for find() and keep(); it is held by the caller for the rest.
class FingerprintTable final : public FingerprintMemory {
 public:
  explicit FingerprintTable(JournalDatabase& database) : database_(&database) {}

  [[nodiscard]] std::string find(const std::string& path, const FileLooks& looks) override;
  void keep(const KnownFingerprint& known) override;

  [[nodiscard]] bool has_pending() const { return !pending_.empty(); }
  /// Writes what waits inside the caller's transaction; pending_written() forgets it after the
  /// commit.
  void write_pending();
  void pending_written() { pending_.clear(); }

 private:
  JournalDatabase* database_;
  std::vector<KnownFingerprint> pending_;
};

}  // namespace flowrun
