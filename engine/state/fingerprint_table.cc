#include "engine/state/fingerprint_table.h"

namespace flowrun {

std::string FingerprintTable::find(const std::string& path, const FileLooks& looks) {
  const std::lock_guard guard(database_->mutex);
  auto row = database_->connection.prepare(
      "select size, mtime_ns, ctime_ns, inode, fingerprint from fingerprints where path = ?");
  if (!row.bind(path).step()) return {};
  const FileLooks then{.size = row.int64(0),
                       .mtime_ns = row.int64(1),
                       .ctime_ns = row.int64(2),
                       .inode = row.int64(3)};
  return then == looks ? row.text(4) : std::string();
}

void FingerprintTable::keep(const KnownFingerprint& known) {
  const std::lock_guard guard(database_->mutex);
  pending_.push_back(known);
}

void FingerprintTable::write_pending() {
  if (pending_.empty()) return;
  auto put = database_->connection.prepare(
      "insert or replace into fingerprints (path, size, mtime_ns, ctime_ns, inode, fingerprint) "
      "values (?, ?, ?, ?, ?, ?)");
  for (const auto& [path, looks, fingerprint] : pending_) {
    put.bind(path, looks.size, looks.mtime_ns, looks.ctime_ns, looks.inode, fingerprint).run();
  }
}

}  // namespace flowrun
