#include "engine/data/row_table.h"

#include "tests/support/batches.h"
#include "tests/support/catch.h"

using namespace flowrun;

namespace {

const BatchRef& sample() {
  static const BatchRef batch =
      testing::batch_of("ship string, speed float64, arrived_at_port date",
                        "Gunhild,12.5,2024-01-01\n"
                        ",,\n"
                        "two\tlines,7,2024-01-02\n");
  return batch;
}

}  // namespace

TEST_CASE(
    "rows stand under names and types, nulls are visible, control characters do not break the "
    "table") {
  RowTable table(sample()->schema(), {0, 1, 2});
  table.add(*sample());
  CHECK(table.render(0, false) ==
        "ship         speed  arrived_at_port\n"
        "string     float64  date\n"
        "Gunhild       12.5  2024-01-01\n"
        "∅                ∅  ∅\n"
        "two·lines        7  2024-01-02\n");
}

TEST_CASE("columns that do not fit are counted, the first one always shows") {
  RowTable table(sample()->schema(), {0, 1, 2});
  table.add(*slice(*sample(), 0, 1));
  CHECK(table.render(26, false) ==
        "ship     … 2 more\n"
        "string\n"
        "Gunhild\n");
  CHECK(table.render(30, false) ==
        "ship       speed  … 1 more\n"
        "string   float64\n"
        "Gunhild     12.5\n");
  CHECK(table.render(1, false).starts_with("ship     … 2 more\n"));
}

TEST_CASE("a long table is shown piece by piece, at the widths of all of it") {
  const auto part = [](std::int64_t from, std::int64_t count) {
    RowTable table(sample()->schema(), {0, 1, 2}, 5);
    table.add(*slice(*sample(), from, count));
    return table;
  };
  const auto widths = part(0, 3).widths();
  CHECK(widths == std::vector<std::size_t>{6, 7, 15});
  CHECK(part(0, 1).piece(widths, true) ==
        "ship      speed  arrived_at_port\n"
        "string  float64  date\n"
        "Gunh…      12.5  2024…\n");
  CHECK(part(2, 1).piece({8, 0, 0}, false) == "two·…           7  2024…\n");
}
