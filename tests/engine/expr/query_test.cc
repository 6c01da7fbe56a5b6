// What queries read and give.
#include "engine/expr/query.h"

#include "tests/support/catch.h"

using namespace flowrun::expr;
using Names = std::vector<std::string>;

namespace {

QueryParts parts_of(const std::string& text) {
  SyntaxError error;
  const auto parts = read_query(text, error);
  INFO(text << ": " << error.message);
  REQUIRE(parts);
  return *parts;
}

std::string fault_of(const std::string& text) {
  SyntaxError error;
  return read_query(text, error) ? "" : error.message;
}

}  // namespace

TEST_CASE("a query's tables are found wherever they stand, its own names left out") {
  CHECK(parts_of("select a from t").tables == Names{"t"});
  CHECK(parts_of("with recent as (select * from tenant.readings where at > $1) "
                 "select r.id, (select max(x) from \"Odd Name\") as top from recent r "
                 "join ships s using (id) where exists (select 1 from other.t2) union all "
                 "select id, n from archive order by 1")
            .tables == Names{"Odd Name", "archive", "other.t2", "ships", "tenant.readings"});
  CHECK(parts_of("select 1 as one").tables.empty());
}

TEST_CASE("a query's columns are known where its text names them all") {
  CHECK(parts_of("select a, t.b, c + 1 as d, \"E f\" from t").columns ==
        Names{"a", "b", "d", "E f"});
  CHECK(parts_of("select a from t union select b from u").columns == Names{"a"});
  CHECK(parts_of("select * from t").columns.empty());
  CHECK(parts_of("select a, count(*) from t group by 1").columns.empty());
}

TEST_CASE("what is no query is told") {
  CHECK(fault_of("select a from") == "syntax error at end of input");
  CHECK(fault_of("select 1; select 2") == "a query is one select and nothing else");
  CHECK(fault_of("delete from t") == "a query is one select and nothing else");
  CHECK(fault_of("select a into b from t") == "a query is one select and nothing else");
  CHECK(fault_of("with gone as (delete from t returning a) select * from gone") ==
        "a query reads, and this one writes");
  CHECK(fault_of("") == "a query is one select and nothing else");
  CHECK_FALSE(fault_of(std::string(300'000, ' ')).empty());
}
