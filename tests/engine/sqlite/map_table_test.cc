#include "engine/sqlite/map_table.h"

#include "tests/support/catch.h"
#include "tests/support/temp_folder.h"

using flowrun::testing::TempFolder;
using namespace flowrun::sqlite;

TEST_CASE("equal maps are stored once and come back equal") {
  const TempFolder folder;
  Connection connection(folder / "a.db", OpenMode::create);
  connection.execute(MapTable::ddl("inputs"));
  MapTable table(connection, "inputs");
  const MapTable::Map map{{"a:x.csv", "12ab"}, {"a:y.csv", ""}};
  const auto id = table.save(map);
  CHECK(table.save(map) == id);
  CHECK(MapTable(connection, "inputs").save(map) == id);
  CHECK(table.save({{"a:x.csv", "12ab"}}) != id);
  // Entries cannot be told together differently: "ab" -> "c" is not "a" -> "bc".
  CHECK(table.save({{"ab", "c"}}) != table.save({{"a", "bc"}}));
  CHECK(connection.integer("select count(*) from inputs") == 5);

  CHECK(*MapTable(connection, "inputs").load(id) == map);
  CHECK(table.load(id) == table.load(id));
  CHECK(table.load(table.save({}))->empty());
}

TEST_CASE("a map saved in a transaction that was rolled back is saved again") {
  const TempFolder folder;
  Connection connection(folder / "a.db", OpenMode::create);
  connection.execute(MapTable::ddl("inputs"));
  MapTable table(connection, "inputs");
  {
    const Transaction transaction(connection);
    (void)table.save({{"a", "b"}});
  }
  table.forget();
  (void)table.save({{"a", "b"}});
  CHECK(connection.integer("select count(*) from inputs") == 1);
}
