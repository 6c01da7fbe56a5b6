// Where a PostgreSQL server is, and how to talk to it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/core/secret.h"
#include "engine/core/time.h"
#include "engine/spec/node_type.h"

namespace flowrun::postgres {

/// What is needed to connect. What it leaves out libpq finds where it always does: PGHOST and the
/// other variables, the password file, the service file.
struct Address {
  Secret url;               ///< a postgresql:// URL, or keywords ("host=db dbname=ships")
  std::string application;  ///< what pg_stat_activity shows: pipeline/node
  std::optional<Micros> connect_timeout;
  std::optional<Micros> statement_timeout;
};

/// The options of everything that connects: url, connect_timeout, statement_timeout,
/// application_name.
[[nodiscard]] std::vector<OptionSpec> address_options();

/// Reads them; nothing, and a diagnostic at `url`, where the URL cannot be read.
[[nodiscard]] std::optional<Address> read_address(BindContext& context);

/// Why a URL cannot be read; "" where it can. Never shows what is secret.
[[nodiscard]] std::string fault_of_url(const std::string& url);

/// host:port/database as far as the URL says, without credentials: for messages, and to know a
/// server's database again.
[[nodiscard]] std::string shown_address(const Address& address);

/// The URL with everything else of the address added, as keywords and values for libpq.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> keywords(const Address& address);

}  // namespace flowrun::postgres
