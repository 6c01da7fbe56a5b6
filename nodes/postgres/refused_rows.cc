#include "nodes/postgres/refused_rows.h"

#include <fmt/format.h>

#include <charconv>
#include <vector>

#include "engine/data/text.h"

namespace flowrun::postgres {
namespace {

/// Rows that a COPY may stop at, one after the other, before it is given up.
constexpr std::size_t kMostLines = 1000;

struct Piece {
  std::int64_t first;
  std::int64_t end;
};

}  // namespace

std::map<std::int64_t, ServerMessage> find_refused(
    Connection& connection, std::int64_t count,
    const std::function<std::string(std::int64_t first, std::int64_t end)>& insert) {
  std::map<std::int64_t, ServerMessage> refused;
  // The whole was refused already: the first piece is half of it, the last one ends the stack.
  std::vector<Piece> pieces;
  const auto split = [&](const Piece& piece) {
    const auto middle = piece.first + (piece.end - piece.first) / 2;
    pieces.push_back({middle, piece.end});
    if (middle > piece.first) pieces.push_back({piece.first, middle});
  };
  split({0, count});
  while (!pieces.empty()) {
    const auto piece = pieces.back();
    pieces.pop_back();
    try {
      connection.execute_all("savepoint flowrun_piece; " + insert(piece.first, piece.end) +
                             "; release savepoint flowrun_piece");
    } catch (const ServerError& error) {
      if (!error.is_refused_row()) throw;
      // Released, too: savepoints inside of one another make each statement slower than the last.
      connection.execute_all(
          "rollback to savepoint flowrun_piece; release savepoint flowrun_piece");
      if (piece.end - piece.first == 1) {
        refused.emplace(piece.first, error.message());
      } else {
        split(piece);
      }
    }
  }
  return refused;
}

bool note_refused_line(const ServerError& error, std::map<std::int64_t, ServerMessage>& refused) {
  constexpr std::string_view kLine = ", line ";
  const auto& context = error.message().context;
  const auto at = context.find(kLine);
  if (at == std::string::npos || refused.size() >= kMostLines) return false;
  std::int64_t line = 0;
  const auto* text = context.data() + at + kLine.size();
  if (std::from_chars(text, context.data() + context.size(), line).ec != std::errc()) return false;
  // Lines count what was sent; every row left out before it moves the number by one.
  std::int64_t number = line - 1;
  for (const auto& [left_out, message] : refused) {
    if (left_out <= number) ++number;
  }
  return refused.emplace(number, error.message()).second;
}

Reject reject_of(const ServerMessage& message, const Batch& batch, std::int64_t row) {
  const auto column = batch.schema().index_of(message.column);
  // The detail of a constraint on one row is the row; that of keys says which.
  const bool about_keys =
      message.sqlstate == "23505" || message.sqlstate == "23503" || message.sqlstate == "23P01";
  return {.reason = fmt::format("{}{} (SQLSTATE {})", message.text,
                                about_keys && !message.detail.empty() ? ": " + message.detail : "",
                                message.sqlstate),
          .column = message.column,
          .value = column ? text_of(batch.column(*column), row) : "",
          .record = record_of(batch, row),
          .ordinal = batch.ordinal(row)};
}

}  // namespace flowrun::postgres
