#include "engine/sqlite/connection.h"

#include <sqlite3.h>

#include <utility>

#include "engine/core/error.h"

namespace flowrun::sqlite {
namespace {

/// Statements longer than this are cut in messages: an insert into 650 columns helps nobody.
constexpr std::size_t kShownSql = 160;

Errc errc_of(int code) {
  switch (code & 0xFF) {
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
      return Errc::data;
    case SQLITE_NOMEM:
      return Errc::limit;
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
      return Errc::internal;
    default:
      return Errc::io;
  }
}

bool refuses_row(int code) { return errc_of(code) == Errc::data; }

const char* advice(int code) {
  switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "; another process holds it: let that end, or raise busy_timeout";
    case SQLITE_CANTOPEN:
      return "; check that the folder exists and may be written";
    case SQLITE_READONLY:
      // A reader cannot roll back for others.
      return code == SQLITE_READONLY_ROLLBACK || code == SQLITE_READONLY_RECOVERY
                 ? "; a writer was killed: open it once for writing, so that SQLite rolls it back"
                 : "";
    default:
      return "";
  }
}

std::string shown(std::string_view sql) {
  if (sql.size() <= kShownSql) return std::string(sql);
  return std::string(sql.substr(0, kShownSql)) + "…";
}

}  // namespace

std::string quote_identifier(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

// -------------------------------------------------------------------------------------------
// statements

Statement::Statement(Connection& connection, std::string_view sql) : connection_(&connection) {
  const int code = sqlite3_prepare_v3(connection.db_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement_, nullptr);
  if (code != SQLITE_OK) connection.fail(code, sql);
}

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement::Statement(Statement&& other) noexcept
    : connection_(std::exchange(other.connection_, nullptr)),
      statement_(std::exchange(other.statement_, nullptr)) {}

Statement& Statement::operator=(Statement&& other) noexcept {
  std::swap(connection_, other.connection_);
  std::swap(statement_, other.statement_);
  return *this;
}

void Statement::check(int code) const {
  if (code != SQLITE_OK) connection_->fail(code, sqlite3_sql(statement_));
}

void Statement::bind_null(int parameter) { check(sqlite3_bind_null(statement_, parameter)); }

void Statement::bind_int64(int parameter, std::int64_t value) {
  check(sqlite3_bind_int64(statement_, parameter, value));
}

void Statement::bind_float64(int parameter, double value) {
  check(sqlite3_bind_double(statement_, parameter, value));
}

void Statement::bind_text(int parameter, std::string_view text) {
  // A null pointer would bind NULL, and an empty view may have one.
  const char* data = text.data() == nullptr ? "" : text.data();
  check(sqlite3_bind_text64(statement_, parameter, data, text.size(), nullptr, SQLITE_UTF8));
}

void Statement::bind_blob(int parameter, std::string_view bytes) {
  const char* data = bytes.data() == nullptr ? "" : bytes.data();
  check(sqlite3_bind_blob64(statement_, parameter, data, bytes.size(), nullptr));
}

void Statement::bind_copy(int parameter, std::string_view text) {
  const char* data = text.data() == nullptr ? "" : text.data();
  // SQLITE_TRANSIENT spelled out: the macro casts in the old style.
  const auto transient = reinterpret_cast<sqlite3_destructor_type>(std::intptr_t{-1});
  check(sqlite3_bind_text64(statement_, parameter, data, text.size(), transient, SQLITE_UTF8));
}

Step Statement::try_step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return Step::row;
  if (code == SQLITE_DONE) {
    sqlite3_reset(statement_);
    return Step::done;
  }
  if (!refuses_row(code)) connection_->fail(code, sqlite3_sql(statement_));
  // A reset repeats the code of the failed step and leaves its message.
  sqlite3_reset(statement_);
  return Step::refused;
}

bool Statement::step() {
  const auto step = try_step();
  if (step == Step::refused) {
    connection_->fail(sqlite3_extended_errcode(connection_->db_), sqlite3_sql(statement_));
  }
  return step == Step::row;
}

void Statement::run() {
  while (step()) {
  }
}

void Statement::reset() { sqlite3_reset(statement_); }

int Statement::columns() const { return sqlite3_column_count(statement_); }

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

std::int64_t Statement::int64(int column) const { return sqlite3_column_int64(statement_, column); }

double Statement::float64(int column) const { return sqlite3_column_double(statement_, column); }

std::string Statement::text(int column) const {
  const auto* text = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  if (text == nullptr) return {};
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

ValueKind Statement::kind(int column) const {
  switch (sqlite3_column_type(statement_, column)) {
    case SQLITE_INTEGER:
      return ValueKind::integer;
    case SQLITE_FLOAT:
      return ValueKind::real;
    case SQLITE_TEXT:
      return ValueKind::text;
    case SQLITE_BLOB:
      return ValueKind::blob;
    default:
      return ValueKind::null;
  }
}

std::string_view Statement::bytes(int column) const {
  // Text is asked for as text: a database may keep it as UTF-16.
  const void* data = sqlite3_column_type(statement_, column) == SQLITE_TEXT
                         ? sqlite3_column_text(statement_, column)
                         : sqlite3_column_blob(statement_, column);
  if (data == nullptr) return {};
  return {static_cast<const char*>(data),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::string Statement::column_name(int column) const {
  const char* name = sqlite3_column_name(statement_, column);
  return name == nullptr ? std::string() : name;
}

std::string Statement::declared_type(int column) const {
  const char* type = sqlite3_column_decltype(statement_, column);
  return type == nullptr ? std::string() : type;
}

int Statement::parameters() const { return sqlite3_bind_parameter_count(statement_); }

std::optional<int> Statement::parameter(const std::string& name) const {
  const int number = sqlite3_bind_parameter_index(statement_, name.c_str());
  return number == 0 ? std::nullopt : std::optional(number);
}

// -------------------------------------------------------------------------------------------
// connection

Connection::Connection(std::string path, OpenMode mode, Micros busy_timeout)
    : path_(std::move(path)) {
  // Whoever holds a Connection keeps other threads off it, so SQLite's own mutex would be taken for
  // nothing.
  const int flags = SQLITE_OPEN_NOMUTEX |
                    (mode == OpenMode::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) |
                    (mode == OpenMode::create ? SQLITE_OPEN_CREATE : 0);
  const int code = sqlite3_open_v2(path_.c_str(), &db_, flags, nullptr);
  if (code != SQLITE_OK) {
    const Error error(errc_of(code), "{}: cannot open the database: {}{}", path_,
                      sqlite3_errstr(code), advice(code));
    sqlite3_close_v2(db_);
    throw error;
  }
  sqlite3_extended_result_codes(db_, 1);
  set_busy_timeout(busy_timeout);
}

Connection::~Connection() { sqlite3_close_v2(db_); }

void Connection::fail(int code, std::string_view sql) const {
  const auto where = sql.empty() ? std::string() : " (in: " + shown(sql) + ")";
  throw Error(errc_of(code), "{}: {}{}{}", path_, sqlite3_errmsg(db_), advice(code), where);
}

void Connection::execute(const std::string& sql) {
  const int code = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code, sql);
}

std::optional<std::int64_t> Connection::integer(std::string_view sql) {
  auto statement = prepare(sql);
  if (!statement.step()) return std::nullopt;
  return statement.int64(0);
}

std::string Connection::text(std::string_view sql) {
  auto statement = prepare(sql);
  return statement.step() ? statement.text(0) : std::string();
}

void Connection::set_busy_timeout(Micros timeout) {
  sqlite3_busy_timeout(db_, static_cast<int>(timeout / 1000));
}

std::int64_t Connection::changes() const { return sqlite3_changes64(db_); }

bool Connection::in_transaction() const { return sqlite3_get_autocommit(db_) == 0; }

bool Connection::read_only() const { return sqlite3_db_readonly(db_, "main") == 1; }

std::string Connection::message() const { return sqlite3_errmsg(db_); }

void Connection::interrupt() { sqlite3_interrupt(db_); }

void Connection::keep_log_on_close() {
  sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

// ------------------------------------------------------------------------------------------
// transactions

Transaction::Transaction(Connection& connection) : connection_(&connection) {
  connection.execute("begin immediate");
}

Transaction::~Transaction() {
  if (connection_ != nullptr) roll_back(*connection_);
}

void Transaction::commit() {
  connection_->execute("commit");
  connection_ = nullptr;
}

void roll_back(Connection& connection) noexcept {
  if (!connection.in_transaction()) return;
  try {
    connection.execute("rollback");
  } catch (const Error&) {
    // Left to SQLite: the next user of the file rolls the journal back.
  }
}

}  // namespace flowrun::sqlite
