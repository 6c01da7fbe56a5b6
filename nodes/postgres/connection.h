// A connection to a PostgreSQL server: statements, transactions, COPY.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "nodes/postgres/address.h"
#include "nodes/postgres/result.h"
#include "nodes/postgres/server_error.h"

struct pg_conn;

namespace flowrun::postgres {

/// A parameter of a statement, as text; nothing is null. Its type is what the statement asks for.
using Parameter = std::optional<std::string>;
using Parameters = std::vector<Parameter>;

/// write: reads what is committed, statement by statement. snapshot: reads only, all of it as it
/// was at the first statement.
enum class TransactionKind { write, snapshot };

/// One session. One thread at a time, but for cancel(). Never connects anew by itself: a session
/// that was lost takes its locks with it, and whoever held them must know. The session's time zone
/// is UTC and its dates are ISO.
class Connection {
 public:
  /// Connects. Throws ServerError.
  explicit Connection(const Address& address);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Runs one statement, in the open transaction or one of its own. Throws ServerError.
  Result execute(const std::string& sql, const Parameters& parameters = {});
  /// Runs any number of statements, without parameters.
  void execute_all(const std::string& sql);

  /// Begins a transaction; there is one at a time.
  void begin(TransactionKind kind = TransactionKind::write);
  /// Throws CommitInDoubt where the answer was lost; other errors mean that it was rolled back.
  void commit();
  /// Nothing where no transaction is open. Never throws: a lost connection has rolled back, too.
  void roll_back() noexcept;
  [[nodiscard]] bool in_transaction() const;

  /// Starts a `copy … from stdin`; send() its data, then end_copy() (the number of rows taken).
  /// Throws ServerError, from end_copy() also for what the data hold; the copy has then ended.
  void begin_copy_in(const std::string& sql);
  void send(std::string_view data);
  std::int64_t end_copy_in();
  /// Gives a copy up; the transaction is then good for a roll-back only.
  void abort_copy_in(const std::string& why) noexcept;

  /// Starts a `copy … to stdout`; receive() gives one row's data after another, valid until the
  /// next call, and nothing at the end.
  void begin_copy_out(const std::string& sql);
  [[nodiscard]] std::optional<std::string_view> receive();
  /// Gives the rest of a copy up by cancelling it.
  void abort_copy_out() noexcept;

  /// Asks the server to give up the running statement, which then throws (SQLSTATE 57014). Any
  /// thread, any number of times.
  void cancel() noexcept;
  /// A text as a constant of SQL, in quotes that fit this session; for the statements that take no
  /// parameters (COPY). Throws Error(data) for a text with a NUL character.
  [[nodiscard]] std::string quote(std::string_view text);
  /// False once the connection is known to be lost.
  [[nodiscard]] bool alive() const;
  /// The major version, such as 15.
  [[nodiscard]] int version() const;
  /// host:port/database, for messages.
  [[nodiscard]] const std::string& shown() const { return shown_; }

 private:
  struct Session;
  [[noreturn]] void fail(const pg_result* result) const;
  Result checked(pg_result* raw);

  std::string shown_;
  std::unique_ptr<Session> session_;
};

/// Cancels what runs on a connection as soon as a stop is asked for, as long as it lives.
class CancelOnStop {
 public:
  CancelOnStop(Connection& connection, const std::stop_token& stop)
      : callback_(stop, Cancel{&connection}) {}

 private:
  struct Cancel {
    Connection* connection;
    void operator()() const noexcept { connection->cancel(); }
  };
  std::stop_callback<Cancel> callback_;
};

}  // namespace flowrun::postgres
