// The server that the test's wrapper started (tests/support/postgres.py).
#pragma once

#include <cstdlib>
#include <stdexcept>
#include <string>

#include "nodes/postgres/connection.h"

namespace flowrun::test {

/// The URL of a database that the test may do as it likes with.
inline std::string postgres_url() {
  const char* url = std::getenv("FLOWRUN_POSTGRES_URL");
  if (url == nullptr) {
    throw std::runtime_error(
        "FLOWRUN_POSTGRES_URL is not set: run this by tests/support/postgres.py");
  }
  return url;
}

inline postgres::Address postgres_address(std::string application = "test") {
  return {.url = Secret(postgres_url()), .application = std::move(application)};
}

}  // namespace flowrun::test
