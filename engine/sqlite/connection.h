// A small wrapper over SQLite's C interface: the only way to a database file in this tree.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/core/time.h"

struct sqlite3;
struct sqlite3_stmt;

namespace flowrun::sqlite {

/// Most columns that a table or an insert may have (SQLITE_MAX_COLUMN of every distribution's
/// build).
inline constexpr int kMaxColumns = 2000;

/// Returns the name in double quotes, those inside doubled: the one way for a name to get into SQL.
[[nodiscard]] std::string quote_identifier(std::string_view name);

/// existing: reads and writes where the file's rights allow it, never creates one. read_only: never
/// writes; SQLite itself keeps two files beside a database with a write-ahead log as long as
/// somebody reads it, and may leave them there.
enum class OpenMode { create, existing, read_only };

/// How SQLite stores a value, whatever its column was declared to be.
enum class ValueKind : std::uint8_t { null, integer, real, text, blob };

class Connection;

/// row: a row is there to be read. done: the statement has ended. refused: the database took no
/// offence but the row (a constraint, a wrong type, too big a value); the transaction is as it was
/// before the statement.
enum class Step { row, done, refused };

/// A prepared statement; belongs to its connection and must not outlive it. Parameters count from
/// 1, columns from 0.
class Statement {
 public:
  Statement() = default;
  Statement(Connection& connection, std::string_view sql);
  ~Statement();
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) noexcept;

  void bind_null(int parameter);
  void bind_int64(int parameter, std::int64_t value);
  /// A NaN becomes NULL: SQLite has none.
  void bind_float64(int parameter, double value);
  /// Not copied: text must live until the statement is stepped and reset.
  void bind_text(int parameter, std::string_view text);
  void bind_blob(int parameter, std::string_view bytes);

  /// Binds all parameters in order; text is copied. Integers, doubles, text, nullptr for NULL.
  template <typename... Values>
  Statement& bind(const Values&... values) {
    reset();
    int parameter = 0;
    (bind_value(++parameter, values), ...);
    return *this;
  }

  /// Runs to the next row; false at the end, from where the statement is reset. Throws Error.
  bool step();
  /// The same, but a refused row is an answer; the reason is connection.message().
  [[nodiscard]] Step try_step();
  /// Runs to the end and resets.
  void run();
  void reset();

  [[nodiscard]] int columns() const;
  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] std::int64_t int64(int column) const;
  [[nodiscard]] double float64(int column) const;
  /// "" for NULL.
  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] ValueKind kind(int column) const;
  /// The UTF-8 of a text, or the bytes of a blob; valid until the statement is stepped or reset.
  [[nodiscard]] std::string_view bytes(int column) const;

  [[nodiscard]] std::string column_name(int column) const;
  /// The declared type of the table's column that a column of the result shows; "" where it has
  /// none or is computed.
  [[nodiscard]] std::string declared_type(int column) const;
  /// How many parameters the statement has, and the number of one by its name with the sign in
  /// front ("$1"); nothing where there is none.
  [[nodiscard]] int parameters() const;
  [[nodiscard]] std::optional<int> parameter(const std::string& name) const;

 private:
  template <typename Value>
  void bind_value(int parameter, const Value& value) {
    if constexpr (std::same_as<Value, std::nullptr_t>) {
      bind_null(parameter);
    } else if constexpr (std::integral<Value>) {
      bind_int64(parameter, static_cast<std::int64_t>(value));
    } else if constexpr (std::floating_point<Value>) {
      bind_float64(parameter, value);
    } else {
      bind_copy(parameter, value);
    }
  }
  void bind_copy(int parameter, std::string_view text);
  void check(int code) const;

  Connection* connection_ = nullptr;
  sqlite3_stmt* statement_ = nullptr;
};

/// One connection to one database file. One thread at a time. Every failure is an Error with the
/// file's path: io, or data where a statement was refused for what a row holds.
class Connection {
 public:
  Connection(std::string path, OpenMode mode, Micros busy_timeout = 10 * kSecond);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Runs statements separated by semicolons; rows that they return are dropped.
  void execute(const std::string& sql);
  /// Throws Error(io) with SQLite's message on bad SQL, a missing table included.
  [[nodiscard]] Statement prepare(std::string_view sql) { return {*this, sql}; }
  /// The first column of the first row; nothing where there is no row.
  [[nodiscard]] std::optional<std::int64_t> integer(std::string_view sql);
  [[nodiscard]] std::string text(std::string_view sql);

  void set_busy_timeout(Micros timeout);
  /// Rows that the last insert, update or delete changed.
  [[nodiscard]] std::int64_t changes() const;
  [[nodiscard]] bool in_transaction() const;
  [[nodiscard]] bool read_only() const;
  [[nodiscard]] const std::string& path() const { return path_; }
  /// SQLite's words on what failed last.
  [[nodiscard]] std::string message() const;
  /// Makes the statement that runs now fail, if one does. Any thread, as long as the connection
  /// lives.
  void interrupt();
  /// Leaves the write-ahead log as it is when the connection closes: closing then costs no fsync.
  void keep_log_on_close();

 private:
  friend class Statement;
  [[noreturn]] void fail(int code, std::string_view sql) const;

  std::string path_;
  sqlite3* db_ = nullptr;
};

/// begin: takes the write lock at once, so that no statement inside can fail for want of it. Rolls
/// back unless committed.
class Transaction {
 public:
  explicit Transaction(Connection& connection);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Connection* connection_;
};

/// Rolls back where a transaction is open. Never throws: SQLite itself rolls back whatever a
/// failing rollback leaves.
void roll_back(Connection& connection) noexcept;

}  // namespace flowrun::sqlite
