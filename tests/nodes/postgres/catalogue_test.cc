#include "nodes/postgres/catalogue.h"

#include "tests/nodes/postgres/server.h"
#include "tests/support/catch.h"

namespace flowrun::postgres {
namespace {

using Names = std::vector<std::string>;

TEST_CASE("columns come with what they stand on, and what may be written") {
  Connection connection(test::postgres_address());
  connection.execute_all(R"(
    drop schema if exists looked cascade; create schema looked;
    create type looked.colour as enum ('red', 'green');
    create domain looked.price as numeric(10,2) check (value >= 0);
    create domain looked.low_price as looked.price;
    create table looked."Odd ""name" (
      id bigint generated always as identity primary key, code varchar(8) not null, price looked.low_price,
      colour looked.colour default 'red', tags text[], dropped int, twice int generated always as (1 + 1) stored,
      at timestamptz, unique (code, at), unique (price) deferrable);
    alter table looked."Odd ""name" drop column dropped;
    create unique index on looked."Odd ""name" (code) where at is null;
    create unique index on looked."Odd ""name" (lower(code));
    create view looked.seen as select 1 as one;)");
  const auto found = look_up(connection, {"looked", "Odd \"name"});
  REQUIRE(found);
  CHECK(found->name.shown() == "looked.Odd \"name");
  CHECK(found->kind == RelationKind::table);
  CHECK(found->primary_key == Names{"id"});
  CHECK(found->unique_keys == std::vector<Names>{{"id"}, {"code", "at"}});
  REQUIRE(found->columns.size() == 7);
  CHECK(found->find("id")->is_computed);
  CHECK(found->find("twice")->is_computed);
  CHECK(found->find("dropped") == nullptr);
  const auto& code = *found->find("code");
  CHECK(code.type == kVarcharOid);
  CHECK(code.shown == "character varying(8)");
  CHECK((code.not_null && !code.has_default));
  const auto& price = *found->find("price");
  CHECK(price.type == kNumericOid);
  CHECK(price.modifier == ((10 << 16 | 2) + 4));
  const auto& colour = *found->find("colour");
  CHECK((colour.is_enum && colour.has_default && !colour.is_computed));
  CHECK(found->find("tags")->element == kTextOid);
  CHECK_FALSE(found->has_triggers);
  CHECK(look_up(connection, {"looked", "seen"})->kind == RelationKind::view);
  CHECK_FALSE(look_up(connection, {"looked", "missing"}));
  CHECK_FALSE(look_up(connection, {"missing", "seen"}));
}

}  // namespace
}  // namespace flowrun::postgres
