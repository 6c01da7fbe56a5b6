#include "nodes/postgres/address.h"

#include <map>

#include "tests/support/catch.h"

namespace flowrun::postgres {
namespace {

std::map<std::string, std::string> words_of(const Address& address) {
  const auto words = keywords(address);
  return {words.begin(), words.end()};
}

TEST_CASE("a URL and its keywords say the same, and nothing secret is shown") {
  const Address url{.url = Secret("postgresql://me:word@db.example:6543/ships?sslmode=require")};
  const Address written{.url = Secret("host=db.example port=6543 dbname=ships user=me "
                                      "password=word sslmode=require")};
  CHECK(shown_address(url) == "db.example:6543/ships");
  CHECK(shown_address(written) == shown_address(url));
  CHECK(words_of(url) == words_of(written));
  CHECK(words_of(url).at("password") == "word");
  CHECK(words_of(url).at("sslmode") == "require");
}

TEST_CASE("time limits and the application's name are added") {
  Address address{.url = Secret("postgresql://db/ships"), .application = "telemetry/readings"};
  CHECK(words_of(address).at("connect_timeout") == "10");
  CHECK(words_of(address).at("application_name") == "telemetry/readings");
  address.connect_timeout = 1'200'000;
  CHECK(words_of(address).at("connect_timeout") == "2");
  const Address own{.url = Secret("postgresql://db/ships?connect_timeout=3")};
  CHECK(words_of(own).at("connect_timeout") == "3");
}

TEST_CASE("a URL that cannot be read is not quoted") {
  const auto fault = fault_of_url("postgres//me:word@db");
  CHECK_FALSE(fault.empty());
  CHECK(fault.find("word@") == std::string::npos);
  CHECK(fault_of_url("postgresql://db/ships").empty());
}

}  // namespace
}  // namespace flowrun::postgres
