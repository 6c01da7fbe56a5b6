// Taking the lease of an instance: who gets it, and what those who do not are told.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "nodes/postgres/journal/journal_server.h"

namespace flowrun::postgres {

struct TakenLease {
  std::int64_t epoch = 0;
  /// Which lock stands for the lease: a new one since each time that a holder was taken over.
  std::int64_t lock_number = 0;
  std::vector<std::string> crashed;  ///< runs found unfinished, oldest first
};

/// Takes the lock and the next epoch on a session of its own, and ends what former holders left
/// running: "planned" becomes skipped, "running" crashed. Waits only for a session of this machine
/// whose process is gone already. Throws Error(lease) naming the holder; the session is then to be
/// closed.
[[nodiscard]] TakenLease take_lease(const JournalServer& server, Connection& session,
                                    const JournalServer::Owner& owner);

/// Takes one of the locks that can stand for a lease; false where another session has it.
[[nodiscard]] bool try_lock(Connection& session, const JournalServer::Owner& owner,
                            std::int64_t lock_number);

}  // namespace flowrun::postgres
