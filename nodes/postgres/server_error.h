// What a server says when a statement fails.
#pragma once

#include <string>
#include <string_view>

#include "engine/core/error.h"

struct pg_conn;
struct pg_result;

namespace flowrun::postgres {

/// The words of the server, by field; empty where it said nothing.
struct ServerMessage {
  std::string sqlstate;  ///< five letters; "" where the connection failed rather than a statement
  std::string text;
  std::string detail;
  std::string hint;
  std::string context;  ///< "COPY readings, line 2, column value: …"
  std::string table;
  std::string column;
  std::string constraint;

  /// "duplicate key value violates unique constraint … (detail; hint)".
  [[nodiscard]] std::string shown() const;
};

/// A statement or a connection failed. Its code tells the caller whose fault it is: data where a
/// row was refused, plan where names or rights are wrong, io for the rest; `lost` where the
/// connection is gone and a new one may help.
class ServerError : public Error {
 public:
  ServerError(const std::string& where, ServerMessage message, bool lost);

  [[nodiscard]] const ServerMessage& message() const { return message_; }
  [[nodiscard]] const std::string& sqlstate() const { return message_.sqlstate; }
  /// The connection is gone: nothing more can be asked on it, and a transaction on it is rolled
  /// back, unless its commit was on the way.
  [[nodiscard]] bool lost() const { return lost_; }
  /// The same may go well a moment later: the connection was lost, the server starts or stops, two
  /// transactions were in each other's way.
  [[nodiscard]] bool is_transient() const;
  /// The server refused what a row holds: a constraint, a value out of range, an encoding.
  [[nodiscard]] bool is_refused_row() const;

 private:
  ServerMessage message_;
  bool lost_;
};

/// The commit's answer never came: whether the transaction is there has to be looked up.
class CommitInDoubt : public ServerError {
 public:
  using ServerError::ServerError;
};

[[nodiscard]] ServerMessage message_of(const pg_result* result);
[[nodiscard]] ServerMessage message_of(const pg_conn* connection);

}  // namespace flowrun::postgres
