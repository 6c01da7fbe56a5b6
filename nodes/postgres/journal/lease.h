// The lease of an instance in PostgreSQL: an advisory lock of a live session, and an epoch.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "engine/state/journal.h"
#include "nodes/postgres/journal/journal_server.h"

namespace flowrun::postgres {

/// See Lease. The lock is held by a session that is there for nothing else, so it goes with its
/// process. A thread gives a sign of life on it. Where the session is lost, the lock is taken again
/// unless somebody else was faster; who has lost it, or was taken over, is fenced by the epoch.
class PostgresLease final : public Lease {
 public:
  /// Throws Error(lease) naming the holder.
  [[nodiscard]] static std::unique_ptr<PostgresLease> acquire(JournalServer& server,
                                                              const std::string& pipeline,
                                                              const std::string& instance);
  ~PostgresLease() override;
  void check() const override;
  /// Moves on to `epoch`, which is greater than the own one.
  void raise_epoch(std::int64_t epoch);

 private:
  PostgresLease(JournalServer& server, const std::string& pipeline, const std::string& instance);

  void take();
  // The rest is called with the mutex held.
  /// Runs `act` with the session, which it makes anew where it was lost. Throws Error.
  void confirmed(const JournalServer::Act& act) const;
  void connect() const;
  void resume() const;
  void beat() const;
  void check_epoch() const;
  /// Remembers that the lease is lost, and throws it.
  [[noreturn]] void lose(const std::string& why) const;

  void keep_beating(const std::stop_token& stop);

  JournalServer* server_;
  mutable std::mutex mutex_;
  mutable std::unique_ptr<Connection> session_;  ///< null where it was lost
  mutable std::string lost_;                     ///< why the lease is; "" as long as it is not
  std::int64_t mine_ = 0;                        ///< epoch(), under the mutex
  std::int64_t lock_number_ = 0;
  std::condition_variable_any wake_;
  std::jthread heartbeat_;
};

}  // namespace flowrun::postgres
