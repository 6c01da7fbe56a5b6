#include "nodes/postgres/journal/fingerprint_rows.h"

#include <utility>

#include "engine/state/journal_words.h"
#include "nodes/postgres/journal/values.h"

namespace flowrun::postgres {
namespace {

/// Folder (with its slash) and name.
std::pair<std::string, std::string> split(const std::string& path) {
  const auto slash = path.rfind('/') + 1;
  return {path.substr(0, slash), path.substr(slash)};
}

}  // namespace

std::string FingerprintRows::find(const std::string& path, const FileLooks& looks) {
  const std::lock_guard guard(mutex_);
  if (const auto folder = split(path).first; !folders_.contains(folder)) {
    load(folder);
    folders_.insert(folder);
  }
  const auto found = known_.find(path);
  return found != known_.end() && found->second.looks == looks ? found->second.fingerprint
                                                               : std::string();
}

void FingerprintRows::load(const std::string& folder) {
  server_->perform([&](Connection& connection) {
    const auto rows = connection.execute(
        "select name, size, mtime_ns, ctime_ns, inode, fingerprint from "
        "flowrun_journal.fingerprints where host = $1 and folder = $2::bytea",
        {text(host_name()), bytes(folder)});
    for (int i = 0; i < rows.rows(); ++i) {
      const auto path = folder + read_bytes(rows, i, 0);
      known_[path] = {.path = path,
                      .looks = {.size = rows.int64(i, 1),
                                .mtime_ns = rows.int64(i, 2),
                                .ctime_ns = rows.int64(i, 3),
                                .inode = rows.int64(i, 4)},
                      .fingerprint = rows.string(i, 5)};
    }
  });
}

void FingerprintRows::keep(const KnownFingerprint& known) {
  const std::lock_guard guard(mutex_);
  known_[known.path] = known;
  pending_[known.path] = known;
}

void FingerprintRows::flush() {
  const std::lock_guard guard(mutex_);
  if (pending_.empty()) return;
  Rows rows({"bytea", "bytea", "bigint", "bigint", "bigint", "bigint", "text"});
  for (const auto& [path, known] : pending_) {
    const auto [folder, name] = split(path);
    rows.add({bytes(folder), bytes(name), number(known.looks.size), number(known.looks.mtime_ns),
              number(known.looks.ctime_ns), number(known.looks.inode), text(known.fingerprint)});
  }
  server_->perform([&](Connection& connection) {
    connection.execute(
        "insert into flowrun_journal.fingerprints (host, folder, name, size, mtime_ns, ctime_ns, "
        "inode, fingerprint) select $1, * from " +
            rows.sql(2) +
            " on conflict (host, folder, name) do update set size = excluded.size, mtime_ns = "
            "excluded.mtime_ns, ctime_ns = excluded.ctime_ns, inode = excluded.inode, fingerprint "
            "= "
            "excluded.fingerprint",
        rows.parameters({text(host_name())}));
  });
  pending_.clear();
}

}  // namespace flowrun::postgres
