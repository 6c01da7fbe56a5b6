// The session behind a connection, over libpqxx 6 and 7. For the files of Connection only.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <pqxx/pqxx>
#include <string>

#include "nodes/postgres/connection.h"

namespace flowrun::postgres {

/// Owns a libpqxx connection over a libpq handle, and the transaction that is open on it.
struct Connection::Session {
  explicit Session(const Address& address, const std::string& shown);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void begin(TransactionKind kind);

  pg_conn* raw = nullptr;  ///< libpqxx owns it
#if PQXX_VERSION_MAJOR < 7
  /// Shared only because its deleter knows the whole type: connection_base has no virtual
  /// destructor.
  std::shared_ptr<pqxx::connection_base> connection;
#else
  std::unique_ptr<pqxx::connection> connection;
#endif
  std::unique_ptr<pqxx::dbtransaction> transaction;
  PGcancel* canceller = nullptr;
  char* received = nullptr;  ///< the row that receive() gave last
};

}  // namespace flowrun::postgres
