#include "nodes/postgres/session.h"

#include <vector>

namespace flowrun::postgres {
namespace {

constexpr const char* kSettings =
    "set time zone 'UTC'; set datestyle = 'ISO'; set intervalstyle = 'iso_8601'; "
    "set bytea_output = 'hex'; set extra_float_digits = 1";

void ignore_notice(void* /*unused*/, const char* /*message*/) {}

/// Connects by libpq; throws ServerError.
pg_conn* connect(const Address& address, const std::string& shown) {
  const auto words = keywords(address);
  std::vector<const char*> names;
  std::vector<const char*> values;
  for (const auto& [name, value] : words) {
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  auto* raw = PQconnectdbParams(names.data(), values.data(), 0);
  if (raw == nullptr) throw std::bad_alloc();
  // From the first moment on: libpq writes what the server says unasked on stderr otherwise.
  PQsetNoticeProcessor(raw, &ignore_notice, nullptr);
  if (PQstatus(raw) == CONNECTION_OK) return raw;
  const auto message = message_of(raw);
  PQfinish(raw);
  throw ServerError(shown, message, true);
}

#if PQXX_VERSION_MAJOR < 7
/// libpqxx 6 connects anew by itself when a connection was lost, without a word and without what
/// the session held; this one takes over a handle once.
class TakeOver final : public pqxx::connectionpolicy {
 public:
  explicit TakeOver(pg_conn* raw) : connectionpolicy(""), raw_(raw) {}
  handle do_startconnect(handle original) override {
    if (original != nullptr) return original;
    if (raw_ == nullptr) throw pqxx::broken_connection("the connection was lost");
    return std::exchange(raw_, nullptr);
  }
  handle do_completeconnect(handle original) override { return original; }

 private:
  pg_conn* raw_;
};

class TakenOver final : public pqxx::connection_base {
 public:
  explicit TakenOver(pg_conn* raw) : connection_base(policy_), policy_(raw) { init(); }
  ~TakenOver() { close(); }

 private:
  TakeOver policy_;
};

using Write = pqxx::transaction<pqxx::read_committed>;
using Snapshot = pqxx::transaction<pqxx::repeatable_read, pqxx::read_only>;
#else
using Write = pqxx::transaction<pqxx::isolation_level::read_committed>;
using Snapshot =
    pqxx::transaction<pqxx::isolation_level::repeatable_read, pqxx::write_policy::read_only>;
#endif

}  // namespace

Connection::Session::Session(const Address& address, const std::string& shown)
    : raw(connect(address, shown)) {
#if PQXX_VERSION_MAJOR < 7
  connection = std::make_shared<TakenOver>(raw);
#else
  connection = std::make_unique<pqxx::connection>(pqxx::connection::seize_raw_connection(raw));
#endif
  PQsetNoticeProcessor(raw, &ignore_notice, nullptr);
  canceller = PQgetCancel(raw);
  auto settings = std::string(kSettings);
  if (address.statement_timeout) {
    settings +=
        "; set statement_timeout = " + std::to_string((*address.statement_timeout + 999) / 1000);
  }
  const Result done(PQexec(raw, settings.c_str()));
  if (PQstatus(raw) != CONNECTION_OK) throw ServerError(shown, message_of(raw), true);
}

Connection::Session::~Session() {
  if (received != nullptr) PQfreemem(received);
  transaction.reset();
  if (canceller != nullptr) PQfreeCancel(canceller);
}

void Connection::Session::begin(TransactionKind kind) {
  if (kind == TransactionKind::write) {
    transaction = std::make_unique<Write>(*connection);
  } else {
    transaction = std::make_unique<Snapshot>(*connection);
  }
#if PQXX_VERSION_MAJOR < 7
  transaction->exec("select");  // it begins with its first statement
#endif
}

}  // namespace flowrun::postgres
