#include "tools/flowrun/json_rows.h"

#include "tests/support/batches.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::command;

TEST_CASE("rows for programs are one JSON object a line, with the chosen columns in their order") {
  const auto batch = testing::batch_of("ship string, speed float64", "Gunhild,12.5\n,\n");
  CHECK(json_rows(*batch, {1, 0}) ==
        "{\"speed\":12.5,\"ship\":\"Gunhild\"}\n"
        "{\"speed\":null,\"ship\":null}\n");
}
