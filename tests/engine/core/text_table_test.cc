#include "engine/core/text_table.h"

#include "engine/core/error.h"
#include "tests/support/catch.h"

using namespace flowrun;

TEST_CASE("columns stand under each other, numbers to the right, accents counted once") {
  TextTable table;
  table.column("name").column("rows", TextTable::Align::right).column("note");
  table.row({"café", "5", ""});
  table.row({"b", "1,234", "last"});
  CHECK(table.render() ==
        "name   rows  note\n"
        "café      5\n"
        "b     1,234  last\n");
  CHECK(table.render(true, 2) ==
        "  \x1b[2mname   rows  note\x1b[0m\n"
        "  café      5\n"
        "  b     1,234  last\n");
}

TEST_CASE("columns in which nothing stands can be left out") {
  TextTable table;
  table.column("a").column("b").column("c");
  table.row({"1", "", "3"});
  table.row({"", "", "4"});
  table.drop_empty_columns();
  CHECK(table.render() == "a  c\n1  3\n   4\n");
}

TEST_CASE("a row with another number of cells is a bug") {
  TextTable table;
  table.column("a");
  CHECK_THROWS_AS(table.row({"1", "2"}), Error);
}

TEST_CASE("text is cut by code points and stays on its line") {
  CHECK(one_line("grün", 4) == "grün");
  CHECK(one_line("grüner", 4) == "grü…");
  CHECK(one_line("a\nb\tc", 10) == "a⏎b·c");
  CHECK(one_line("", 3).empty());
}
