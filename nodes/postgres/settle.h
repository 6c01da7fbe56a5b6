// Rows that become visible late: whether all of a stretch of time can be seen (windows.md 8).
#pragma once

#include <set>
#include <stop_token>
#include <string>

#include "engine/core/time.h"
#include "nodes/postgres/connection.h"

namespace flowrun::postgres {

/// Waits until no other client of a database has a transaction that is older than a moment: what it
/// wrote with times before then could not be seen yet. Sessions that only read (see
/// source_sessions) do not count. One thread.
class Settling {
 public:
  /// `most`: how long to wait for the same transactions, once.
  explicit Settling(Micros most) : most_(most) {}

  /// Returns "" once every transaction that began before `moment` has ended, and otherwise, after
  /// the wait, which one has not. Outside of transactions only. Throws ServerError.
  [[nodiscard]] std::string wait_for(Connection& connection, Micros moment,
                                     const std::stop_token& stop);
  /// The same for all transactions that there are now.
  [[nodiscard]] std::string wait_for_present(Connection& connection, const std::stop_token& stop);
  /// Looks without waiting.
  [[nodiscard]] std::string look(Connection& connection, Micros moment);
  /// Up to here nothing can come any more, whatever happens.
  [[nodiscard]] Micros settled_until() const { return settled_until_; }

 private:
  /// Looks at the transactions of now; the ones older than `moment` are in `older_`.
  void refresh(Connection& connection, Micros moment);
  [[nodiscard]] bool knows_all() const;

  Micros most_;
  Micros settled_until_ = INT64_MIN;
  Micros now_ = INT64_MIN;          ///< of the server, at the last look
  std::set<std::string> older_;     ///< "transaction of ships/load (pid 4711), open since …"
  std::set<std::string> given_up_;  ///< waited for as long as may be
};

/// Why a session cannot tell; "" where it can.
[[nodiscard]] std::string fault_of_settling(Connection& connection);

}  // namespace flowrun::postgres
