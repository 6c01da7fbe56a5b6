// What the tables of the journal share: the server, reached again where it went away.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "engine/state/journal_options.h"
#include "nodes/postgres/connection.h"

namespace flowrun::postgres {

class Backoff;

/// One session on the journal's server. Any thread; statements of several threads take turns.
class JournalServer {
 public:
  /// Part of the journal's work: statements that may be repeated, as the answer to the first
  /// attempt may be lost though it was carried out.
  using Act = std::function<void(Connection&)>;
  using Owner = std::pair<std::string, std::string>;  ///< pipeline and instance

  /// Connects once, without patience. Throws Error.
  JournalServer(Address address, const JournalOptions& options);

  /// Runs `act`, statement by statement. Where the connection is lost, all of it again on a new
  /// one, for as long as the options' patience lasts. Throws Error; missing rights are named.
  void perform(const Act& act);
  /// The same in one transaction.
  void transact(const Act& act, TransactionKind kind = TransactionKind::write);

  [[nodiscard]] const Address& address() const { return address_; }
  [[nodiscard]] const JournalOptions& options() const { return options_; }
  [[nodiscard]] Micros now() const { return clock_->now(); }
  [[nodiscard]] const std::string& shown() const { return shown_; }

  // Epochs of the leases that this process holds.
  void hold(const Owner& owner, std::int64_t epoch);
  void release(const Owner& owner);
  /// `otherwise` where this process holds no lease.
  [[nodiscard]] std::int64_t held_epoch(const Owner& owner, std::int64_t otherwise) const;

 private:
  /// In the handler of `error`: waits for another attempt, or throws it on.
  void recover(const ServerError& error, Backoff& backoff);

  Address address_;
  JournalOptions options_;
  SystemClock system_clock_;
  const Clock* clock_;
  std::string shown_;
  std::mutex mutex_;  ///< of the connection
  std::unique_ptr<Connection> connection_;
  mutable std::mutex epochs_mutex_;
  std::map<Owner, std::int64_t> held_epochs_;
};

/// The epoch of the last who took the lease of an instance, 0 where nobody ever did; inside a
/// transaction: nobody takes it before that ends.
[[nodiscard]] std::int64_t newest_epoch(Connection& connection, const JournalServer::Owner& owner);

/// Throws an error that says which right is missing, where that is what is wrong.
void explain_missing_right(const ServerError& error, Connection* connection);

}  // namespace flowrun::postgres
