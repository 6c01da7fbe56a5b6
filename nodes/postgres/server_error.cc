#include "nodes/postgres/server_error.h"

#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <utility>

namespace flowrun::postgres {
namespace {

/// https://www.postgresql.org/docs/current/errcodes-appendix.html: the first two letters are a
/// class.
bool is_of(std::string_view sqlstate, std::initializer_list<std::string_view> beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(),
                     [&](auto beginning) { return sqlstate.starts_with(beginning); });
}

// 22: a value is out of range or malformed; 23: a constraint; 54000: a row is too long for an index
// or a page (program limit); 44: a view's check option.
bool refuses_row(std::string_view sqlstate) { return is_of(sqlstate, {"22", "23", "44", "54000"}); }

Errc code_of(const ServerMessage& message) {
  if (refuses_row(message.sqlstate)) return Errc::data;
  // 28: who you are; 3D: no such database; 3F: no such schema; 42: syntax, names, rights.
  if (is_of(message.sqlstate, {"42", "3D", "3F"})) return Errc::plan;
  return Errc::io;
}

std::string trimmed(const char* text) {
  std::string all = text == nullptr ? "" : text;
  while (!all.empty() && (all.back() == '\n' || all.back() == ' ')) all.pop_back();
  return all;
}

std::string field(const pg_result* result, int code) {
  return trimmed(PQresultErrorField(result, code));
}

}  // namespace

std::string ServerMessage::shown() const {
  std::string all = text;
  std::string more;
  for (const auto* each : {&detail, &hint, &context}) {
    if (each->empty()) continue;
    more += (more.empty() ? "" : "; ") + *each;
  }
  return more.empty() ? all : all + " (" + more + ")";
}

ServerError::ServerError(const std::string& where, ServerMessage message, bool lost)
    : Error(code_of(message), where + ": " + message.shown()),
      message_(std::move(message)),
      lost_(lost) {}

bool ServerError::is_transient() const {
  // 08: the connection; 40001, 40P01: serialization, deadlock; 53300: too many connections; 55P03:
  // a lock was not there in time; 57P0x: the server stops, crashed, or starts; 57014: cancelled,
  // which is somebody's will or a time limit, is not among them.
  return lost_ || is_of(message_.sqlstate, {"08", "40001", "40P01", "53300", "55P03", "57P"});
}

bool ServerError::is_refused_row() const { return !lost_ && refuses_row(message_.sqlstate); }

ServerMessage message_of(const pg_result* result) {
  return {.sqlstate = field(result, PG_DIAG_SQLSTATE),
          .text = field(result, PG_DIAG_MESSAGE_PRIMARY),
          .detail = field(result, PG_DIAG_MESSAGE_DETAIL),
          .hint = field(result, PG_DIAG_MESSAGE_HINT),
          .context = field(result, PG_DIAG_CONTEXT),
          .table = field(result, PG_DIAG_TABLE_NAME),
          .column = field(result, PG_DIAG_COLUMN_NAME),
          .constraint = field(result, PG_DIAG_CONSTRAINT_NAME)};
}

ServerMessage message_of(const pg_conn* connection) {
  auto text = trimmed(PQerrorMessage(connection));
  std::replace(text.begin(), text.end(), '\n', ' ');
  return {.text = text.empty() ? "the server closed the connection" : text};
}

}  // namespace flowrun::postgres
