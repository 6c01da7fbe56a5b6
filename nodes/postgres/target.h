// One PostgreSQL database that the sinks of an instance write: one connection, and one transaction
// per unit for all of them.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/spec/node.h"
#include "nodes/postgres/coverage_table.h"
#include "nodes/postgres/oids.h"

namespace flowrun::postgres {

/// What a table's writer needs of others who write it through flowrun. Rows that two transactions
/// both touch are locked one by one, so that two orders would wait for each other.
enum class WriterLock : std::uint8_t {
  none,       ///< no two rows can be in each other's way
  ordered,    ///< rows are touched in the one order of their keys, unless nobody else writes
  exclusive,  ///< nobody else may write meanwhile
};

/// Shared by the sinks of an instance that write one database; each calls from its own thread.
/// Whoever touches connection() or coverage() holds lock().
class Target {
 public:
  /// What the sinks of one transaction have in common: server, database, user; no secret in it.
  [[nodiscard]] static std::string name_of(const Address& address);
  [[nodiscard]] static std::shared_ptr<Target> shared(SharedObjects& objects,
                                                      const Address& address);

  [[nodiscard]] std::unique_lock<std::mutex> lock() { return std::unique_lock(mutex_); }
  /// Connects where that was not done before. Throws ServerError.
  void connect();
  [[nodiscard]] Connection& connection() { return *connection_; }
  [[nodiscard]] CoverageTable& coverage() { return *coverage_; }
  /// A name that no other temporary table of this session has.
  [[nodiscard]] std::string new_stage_name();

  /// Runs `body` in a transaction in which nobody else of flowrun changes tables' make-up.
  void change(const std::function<void()>& body);

  /// Says that units will write a table; to be said before the first of them.
  void announce(Oid table, WriterLock lock) { writers_[table] = std::max(writers_[table], lock); }
  /// Enters the unit's transaction, begun by the first who does, with the writer locks of all
  /// announced tables, taken in one order; waits while another unit's is open. The lock comes with
  /// it. Throws ServerError.
  [[nodiscard]] std::unique_lock<std::mutex> join(const Unit& unit, const void* who, Log& log);
  /// True where nobody else writes the table until the transaction ends.
  [[nodiscard]] bool is_alone(Oid table) const { return alone_.contains(table); }
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
  void begin(Log& log);
  void lock_writers(Log& log);
  void commit_now();
  [[nodiscard]] bool resolve(const std::string& transaction, const ServerError& doubt);
  [[nodiscard]] bool look_for_markers(const std::string& transaction);
  void end_transaction(bool committed);

  Address address_;
  std::mutex mutex_;
  std::condition_variable free_;
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<CoverageTable> coverage_;
  std::map<Oid, WriterLock> writers_;
  std::set<Oid> alone_;
  std::string owner_;  ///< the unit whose transaction is open; "" for none
  std::set<const void*> joined_;
  std::set<const void*> agreed_;
  std::vector<std::pair<Marker, std::string>> expected_;
  int stages_ = 0;
};

}  // namespace flowrun::postgres
