#include "nodes/postgres/identifier.h"

#include "engine/core/error.h"
#include "tests/support/catch.h"

namespace flowrun::postgres {
namespace {

TEST_CASE("names are quoted, quotes in them doubled") {
  CHECK(quote_identifier("plain") == "\"plain\"");
  CHECK(quote_identifier("a\"b; drop table x") == "\"a\"\"b; drop table x\"");
  CHECK_THROWS_AS(quote_identifier(std::string_view("a\0b", 3)), Error);
}

TEST_CASE("a table's name may have a schema's in front of it") {
  CHECK(parse_table_name("readings") == TableName{"", "readings"});
  CHECK(parse_table_name("tenant.Readings") == TableName{"tenant", "Readings"});
  CHECK(parse_table_name("\"a.b\".\"c\"\"d\"") == TableName{"a.b", "c\"d"});
  CHECK(parse_table_name("tenant.readings")->quoted() == "\"tenant\".\"readings\"");
  CHECK(parse_table_name("tenant.readings")->shown() == "tenant.readings");
}

TEST_CASE("what is no table's name is known") {
  for (const char* text : {"", ".", "a.", ".a", "a.b.c", "\"a", "\"\"", "a\"b", "\"a\"b"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_table_name(text));
  }
}

}  // namespace
}  // namespace flowrun::postgres
