// One SQLite file that the sinks of a run write: one connection, and one transaction per unit for
// all of them.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/spec/node.h"
#include "engine/sqlite/connection.h"
#include "nodes/sqlite/coverage_table.h"

namespace flowrun::nodes {

/// Shared by the sinks of a run that write one file; each calls from its own thread. Whoever
/// touches connection() or coverage() holds lock().
class SqliteTarget {
 public:
  /// The target of `path` in this run.
  [[nodiscard]] static std::shared_ptr<SqliteTarget> shared(SharedObjects& objects,
                                                            const std::string& path);
  explicit SqliteTarget(std::string path) : path_(std::move(path)) {}

  [[nodiscard]] std::unique_lock<std::mutex> lock() { return std::unique_lock(mutex_); }
  /// Waits for others' locks on the file at least this long.
  void raise_busy_timeout(Micros timeout);
  /// Connects where the file is there; false where it is not. Creates nothing.
  [[nodiscard]] bool open_existing();
  /// Connects, making the file (and its folder) where it is missing.
  void open_or_create();
  [[nodiscard]] sqlite::Connection& connection() { return *connection_; }
  [[nodiscard]] CoverageTable& coverage() { return *coverage_; }

  /// Enters the unit's transaction, begun by the first who does; waits while another unit's is
  /// open. The lock comes with it. Throws Error(io) where the file stays locked.
  [[nodiscard]] std::unique_lock<std::mutex> join(const Unit& unit, const void* who);
  /// Leaves a marker to look for should the commit's answer be lost.
  void expect(const Marker& marker, const std::string& table) {
    expected_.emplace_back(marker, table);
  }
  /// Agrees to commit; the last who joined and agrees commits for all: until then nothing is
  /// visible. Throws Error(io) where the transaction is gone.
  void commit(const Unit& unit, const void* who);
  /// Rolls the unit's transaction back for all who joined; nothing where `who` did not join.
  void abort(const Unit& unit, const void* who) noexcept;

 private:
  void connect(sqlite::OpenMode mode);
  void commit_now();
  void end_transaction(bool committed);

  std::string path_;
  std::mutex mutex_;
  std::condition_variable free_;
  Micros busy_timeout_ = 0;
  std::unique_ptr<sqlite::Connection> connection_;
  std::unique_ptr<CoverageTable> coverage_;
  std::string owner_;  ///< the unit whose transaction is open; "" for none
  std::set<const void*> joined_;
  std::set<const void*> agreed_;
  std::vector<std::pair<Marker, std::string>> expected_;
};

}  // namespace flowrun::nodes
