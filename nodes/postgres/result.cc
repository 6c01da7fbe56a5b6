#include "nodes/postgres/result.h"

#include <libpq-fe.h>

#include <charconv>

#include "engine/core/error.h"

namespace flowrun::postgres {
namespace {

std::int64_t parse_int64(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc() || end != text.data() + text.size()) {
    throw Error(Errc::io, "the server answered \"{}\" where a whole number belongs", text);
  }
  return value;
}

}  // namespace

Result::Result(pg_result* result) : result_(result) {}

void Result::Free::operator()(pg_result* result) const { PQclear(result); }

int Result::rows() const { return PQntuples(result_.get()); }
int Result::columns() const { return PQnfields(result_.get()); }
bool Result::is_null(int row, int column) const {
  return PQgetisnull(result_.get(), row, column) != 0;
}

std::string_view Result::text(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column),
          static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}

std::int64_t Result::int64(int row, int column) const { return parse_int64(text(row, column)); }

std::optional<std::string> Result::optional(int row, int column) const {
  if (is_null(row, column)) return std::nullopt;
  return string(row, column);
}

std::string Result::column_name(int column) const { return PQfname(result_.get(), column); }
std::uint32_t Result::type(int column) const { return PQftype(result_.get(), column); }
int Result::modifier(int column) const { return PQfmod(result_.get(), column); }

std::int64_t Result::touched() const {
  const std::string_view count = PQcmdTuples(result_.get());
  return count.empty() ? 0 : parse_int64(count);
}

}  // namespace flowrun::postgres
