#include "nodes/catalog.h"
#include "tests/nodes/files/harness.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;

TEST_CASE("null takes everything and keeps nothing") {
  CoverageFake store;
  FileRun run(nodes::null_sink(), {}, "a int64", store, "/nowhere");
  run.start();
  CHECK(run.put(hour(0), "1\n2"));
  CHECK(run.put(hour(0), ""));
  run.stage(hour(1), {batch_of("a int64", "3")});
  run.abort(hour(1));
  run.close();
  CHECK(run.covered().empty());
  CHECK(run.steps().empty());
  CHECK(store.committed({}).empty());
  BindFake bind(nodes::null_sink(), {}, {schema_of("a int64")});
  const auto facts = bind.bind().sink;
  CHECK_FALSE(facts.keeps_coverage);
  CHECK(facts.target.empty());
  CHECK(facts.idempotent);
}
