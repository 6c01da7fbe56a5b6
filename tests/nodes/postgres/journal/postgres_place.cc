#include <chrono>
#include <thread>

#include "nodes/postgres/journal/postgres_journal.h"
#include "tests/engine/state/journal_place.h"
#include "tests/nodes/postgres/server.h"

namespace flowrun::testing {

struct JournalPlace::Kind {};

JournalPlace::JournalPlace() {
  postgres::Connection(test::postgres_address())
      .execute_all("drop schema if exists flowrun_journal cascade");
}
JournalPlace::~JournalPlace() = default;

std::unique_ptr<Journal> JournalPlace::open(JournalOptions options) const {
  options.clock = &clock;
  return postgres::open_journal(Secret(test::postgres_url()), JournalAccess::create, options);
}

std::int64_t JournalPlace::count(const std::string& sql) const {
  postgres::Connection connection(test::postgres_address());
  connection.execute("set search_path = flowrun_journal");
  return connection.execute(sql).int64(0, 0);
}

void JournalPlace::break_locks() const {
  postgres::Connection connection(test::postgres_address());
  const std::string holders = " from pg_stat_activity where application_name like 'flowrun lease%'";
  connection.execute("select pg_terminate_backend(pid)" + holders);
  while (connection.execute("select count(*)" + holders).int64(0, 0) > 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

}  // namespace flowrun::testing
