#include "nodes/postgres/connection.h"

#include <array>
#include <utility>

#include "nodes/postgres/session.h"

namespace flowrun::postgres {
namespace {

bool is_good(const pg_result* result) {
  switch (PQresultStatus(result)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_EMPTY_QUERY:
    case PGRES_COPY_IN:
    case PGRES_COPY_OUT:
      return true;
    default:
      return false;
  }
}

}  // namespace

Connection::Connection(const Address& address)
    : shown_(shown_address(address)), session_(std::make_unique<Session>(address, shown_)) {}

Connection::~Connection() = default;

void Connection::fail(const pg_result* result) const {
  const bool lost = !alive();
  auto message = result == nullptr ? ServerMessage{} : message_of(result);
  if (message.text.empty()) message = message_of(session_->raw);
  throw ServerError(shown_, std::move(message), lost);
}

Result Connection::checked(pg_result* raw) {
  Result result(raw);
  if (!is_good(raw)) fail(raw);
  return result;
}

Result Connection::execute(const std::string& sql, const Parameters& parameters) {
  std::vector<const char*> values;
  values.reserve(parameters.size());
  for (const auto& each : parameters) values.push_back(each ? each->c_str() : nullptr);
  return checked(PQexecParams(session_->raw, sql.c_str(), static_cast<int>(values.size()), nullptr,
                              values.data(), nullptr, nullptr, 0));
}

void Connection::execute_all(const std::string& sql) {
  checked(PQexec(session_->raw, sql.c_str()));
}

void Connection::begin(TransactionKind kind) {
  if (session_->transaction) bug("a transaction begins inside of another");
  if (!alive()) fail(nullptr);
  try {
    session_->begin(kind);
  } catch (const pqxx::failure& failure) {
    session_->transaction.reset();
    throw ServerError(shown_, {.text = failure.what()}, !alive());
  }
}

void Connection::commit() {
  if (!session_->transaction) bug("a commit without a transaction");
  const auto transaction = std::move(session_->transaction);
  // A failed statement turns the server's commit into a roll-back that looks like success.
  if (alive() && PQtransactionStatus(session_->raw) != PQTRANS_INTRANS) {
    throw ServerError(shown_, {.text = "the transaction failed before its commit"}, false);
  }
  try {
    transaction->commit();
  } catch (const pqxx::in_doubt_error& failure) {
    throw CommitInDoubt(shown_, {.text = failure.what()}, true);
  } catch (const pqxx::sql_error& failure) {
    throw ServerError(shown_, {.sqlstate = failure.sqlstate(), .text = failure.what()}, !alive());
  } catch (const pqxx::failure& failure) {
    if (!alive()) throw CommitInDoubt(shown_, {.text = failure.what()}, true);
    throw ServerError(shown_, {.text = failure.what()}, false);
  }
}

void Connection::roll_back() noexcept {
  try {
    if (session_->transaction) session_->transaction->abort();
  } catch (const std::exception&) {
    // The server rolls back what it cannot be asked about any more.
  }
  session_->transaction.reset();
}

bool Connection::in_transaction() const { return session_->transaction != nullptr; }

void Connection::begin_copy_in(const std::string& sql) { execute(sql); }

void Connection::send(std::string_view data) {
  if (PQputCopyData(session_->raw, data.data(), static_cast<int>(data.size())) != 1) {
    const Result answer(PQgetResult(session_->raw));
    fail(nullptr);
  }
}

std::int64_t Connection::end_copy_in() {
  if (PQputCopyEnd(session_->raw, nullptr) != 1) fail(nullptr);
  auto result = checked(PQgetResult(session_->raw));
  while (auto* more = PQgetResult(session_->raw)) PQclear(more);
  return result.touched();
}

void Connection::abort_copy_in(const std::string& why) noexcept {
  PQputCopyEnd(session_->raw, why.c_str());
  while (auto* more = PQgetResult(session_->raw)) PQclear(more);
}

void Connection::begin_copy_out(const std::string& sql) { execute(sql); }

std::optional<std::string_view> Connection::receive() {
  auto& received = session_->received;
  if (received != nullptr) PQfreemem(std::exchange(received, nullptr));
  const auto size = PQgetCopyData(session_->raw, &received, 0);
  if (size > 0) return std::string_view(received, static_cast<std::size_t>(size));
  received = nullptr;
  if (size == -2) fail(nullptr);
  checked(PQgetResult(session_->raw));
  while (auto* more = PQgetResult(session_->raw)) PQclear(more);
  return std::nullopt;
}

void Connection::abort_copy_out() noexcept {
  cancel();
  char* rest = nullptr;
  while (PQgetCopyData(session_->raw, &rest, 0) > 0) PQfreemem(std::exchange(rest, nullptr));
  while (auto* more = PQgetResult(session_->raw)) PQclear(more);
}

void Connection::cancel() noexcept {
  std::array<char, 256> why{};
  // Where the request fails, the server is away, and the statement will find out.
  if (session_->canceller != nullptr) {
    static_cast<void>(
        PQcancel(session_->canceller.get(), why.data(), static_cast<int>(why.size())));
  }
}

std::string Connection::quote(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) {
    throw Error(Errc::data, "a text with a NUL character is no value of PostgreSQL");
  }
  char* quoted = PQescapeLiteral(session_->raw, text.data(), text.size());
  if (quoted == nullptr) fail(nullptr);
  const std::unique_ptr<char, decltype(&PQfreemem)> owned(quoted, &PQfreemem);
  return quoted;
}

bool Connection::alive() const { return PQstatus(session_->raw) == CONNECTION_OK; }

int Connection::version() const { return PQserverVersion(session_->raw) / 10000; }

}  // namespace flowrun::postgres
