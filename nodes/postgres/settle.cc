#include "nodes/postgres/settle.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "nodes/postgres/source_sessions.h"

namespace flowrun::postgres {
namespace {

/// The time of a statement is taken a little before others can see that it runs.
constexpr Micros kUnseen = kSecond / 5;
constexpr auto kPause = std::chrono::milliseconds(20);

// The first row is the server's clock, from before it looked at the others. Of a prepared
// transaction nobody knows when it began.
std::string question() {
  return fmt::format(
      "select (extract(epoch from statement_timestamp()) * 1000000)::bigint, null, null "
      "union all "
      "select (extract(epoch from a.xact_start) * 1000000)::bigint, a.pid::text, "
      "a.application_name from pg_stat_activity a "
      "where a.datname = current_database() and a.pid <> pg_backend_pid() "
      "and a.xact_start is not null "
      "and a.backend_type not in ('parallel worker', 'autovacuum worker') "
      "and not exists (select from pg_locks l where l.pid = a.pid and l.locktype = 'advisory' "
      "and l.classid = {} and l.objid = {}) "
      "union all "
      "select null, null, gid from pg_prepared_xacts where database = current_database()",
      kReaderClass, kReaderMark);
}

std::string shown_transaction(const Result& rows, int row) {
  const auto name = rows.string(row, 2);
  if (rows.is_null(row, 0)) return fmt::format("the prepared transaction \"{}\" waits", name);
  return fmt::format("a transaction of {} (pid {}), begun at {}, goes on",
                     name.empty() ? "a client without a name" : "\"" + name + "\"",
                     rows.text(row, 1), format_timestamptz(rows.int64(row, 0)));
}

/// Sleeps a little; false when asked to stop.
bool pause(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, kPause, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace

void Settling::refresh(Connection& connection, Micros moment) {
  static const auto sql = question();
  const auto rows = connection.execute(sql);
  now_ = rows.int64(0, 0);
  auto oldest = now_ - kUnseen;
  older_.clear();
  for (int row = 1; row < rows.rows(); ++row) {
    const auto began = rows.is_null(row, 0) ? INT64_MIN : rows.int64(row, 0);
    oldest = std::min(oldest, began);
    if (began < moment) older_.insert(shown_transaction(rows, row));
  }
  settled_until_ = std::max(settled_until_, oldest);
}

bool Settling::knows_all() const {
  return std::includes(given_up_.begin(), given_up_.end(), older_.begin(), older_.end());
}

std::string Settling::look(Connection& connection, Micros moment) {
  if (moment <= settled_until_) return {};
  refresh(connection, moment);
  if (moment <= settled_until_) return {};
  return older_.empty() ? "its end was not yet over for the server" : *older_.begin();
}

std::string Settling::wait_for(Connection& connection, Micros moment, const std::stop_token& stop) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(most_);
  while (true) {
    auto why = look(connection, moment);
    const bool waited = !older_.empty() && knows_all();
    if (why.empty() || waited || stop.stop_requested()) return why;
    if (std::chrono::steady_clock::now() >= end || !pause(stop)) {
      given_up_.insert(older_.begin(), older_.end());
      return why;
    }
  }
}

std::string Settling::wait_for_present(Connection& connection, const std::stop_token& stop) {
  refresh(connection, INT64_MIN);
  return wait_for(connection, now_ - kUnseen, stop);
}

std::string fault_of_settling(Connection& connection) {
  const auto answer = connection.execute(
      "select pg_is_in_recovery(), pg_has_role(current_user, 'pg_read_all_stats', 'usage') or "
      "(select rolsuper from pg_roles where rolname = current_user)");
  if (answer.boolean(0, 0)) {
    return "the server is a standby, where the transactions of its primary cannot be seen";
  }
  if (!answer.boolean(0, 1)) {
    return "this user may not see the transactions of others; grant it pg_read_all_stats";
  }
  return {};
}

}  // namespace flowrun::postgres
