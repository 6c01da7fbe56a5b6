// Which of many rows the server refuses, and what it says of them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "engine/spec/reject.h"
#include "nodes/postgres/connection.h"

namespace flowrun::postgres {

/// Inserts rows 0 to `count` in ascending pieces by `insert` (the statement for rows first to end),
/// inside the open transaction. What goes in stays in; the rows that do not are returned with the
/// server's words. Throws ServerError for what is no row's fault.
[[nodiscard]] std::map<std::int64_t, ServerMessage> find_refused(
    Connection& connection, std::int64_t count,
    const std::function<std::string(std::int64_t first, std::int64_t end)>& insert);

/// Notes the row that a COPY of numbered rows stopped at, by "line N" in the server's words; false
/// where it names none. `refused` are the rows that were left out of that COPY.
[[nodiscard]] bool note_refused_line(const ServerError& error,
                                     std::map<std::int64_t, ServerMessage>& refused);

/// The reject of a row: the server's words and SQLSTATE.
[[nodiscard]] Reject reject_of(const ServerMessage& message, const Batch& batch, std::int64_t row);

}  // namespace flowrun::postgres
