// What the tables of the SQLite journal share: the connection, its lock, the clock.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "engine/core/clock.h"
#include "engine/core/error.h"
#include "engine/sqlite/connection.h"
#include "engine/state/journal_options.h"

namespace flowrun {

/// The open journal file. Whoever touches anything in it holds `mutex`.
struct JournalDatabase {
  JournalDatabase(const std::string& path, sqlite::OpenMode mode, const JournalOptions& options)
      : connection(path, mode),
        clock(options.clock == nullptr ? &system_clock : options.clock),
        retention(options.retention) {}

  sqlite::Connection connection;
  std::mutex mutex;
  SystemClock system_clock;
  const Clock* clock;
  std::optional<Micros> retention;
  /// Epochs of the leases that this process holds, by pipeline and instance.
  std::map<std::pair<std::string, std::string>, std::int64_t> held_epochs;
};

/// A transaction whose commit is on the disk when it returns, a power cut survived; all others only
/// survive the end of the process until the log is next synced.
class DurableTransaction {
 public:
  explicit DurableTransaction(sqlite::Connection& connection) : connection_(connection) {
    connection_.execute("pragma synchronous = full");
    transaction_.emplace(connection_);
  }
  ~DurableTransaction() {
    transaction_.reset();
    relax();
  }
  DurableTransaction(const DurableTransaction&) = delete;
  DurableTransaction& operator=(const DurableTransaction&) = delete;
  void commit() { transaction_->commit(); }

 private:
  void relax() noexcept {
    try {
      connection_.execute("pragma synchronous = normal");
    } catch (const Error&) {
      // Later commits then sync more than they must: slower, and as safe.
    }
  }
  sqlite::Connection& connection_;
  std::optional<sqlite::Transaction> transaction_;
};

}  // namespace flowrun
