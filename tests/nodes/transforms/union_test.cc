#include "nodes/catalog.h"
#include "tests/support/catch.h"
#include "tests/support/run_node.h"

using namespace flowrun;
using namespace flowrun::testing;

namespace {

const char* const kFields = "id int64, name string";

BindFake union_of(std::size_t inputs) {
  return {nodes::union_rows(), {}, std::vector<SchemaRef>(inputs, schema_of(kFields))};
}

}  // namespace

TEST_CASE("batches of every input pass as they are, ordinals and all") {
  auto context = union_of(2);
  const auto first = batch_of(kFields, "1,a\n2,b", Ordinals::pack(0, 2));
  const auto second = batch_of(kFields, "1,a\n,", Ordinals::pack(1, 2));
  const auto out = transformed(context, {second, first});
  REQUIRE(out.ports.at(0).size() == 2);
  CHECK(out.ports[0][0] == second);
  CHECK(out.ports[0][1] == first);
  CHECK(out.made_rows() == 0);
  CHECK(out.rejects.empty());
}

TEST_CASE("an empty batch leaves nothing") {
  auto context = union_of(2);
  CHECK(transformed(context, {batch_of(kFields, "")}).ports.empty());
}

TEST_CASE("a union has the columns of its inputs, each carried unchanged") {
  auto context = union_of(3);
  const auto binding = context.bind();
  CHECK(context.problems().empty());
  REQUIRE(binding.outputs.size() == 1);
  const auto& port = binding.outputs[0];
  CHECK(to_string(*port.schema) == kFields);
  CHECK(port.unchanged_from == std::vector<std::optional<std::size_t>>{0, 1});
  CHECK_FALSE(binding.needs_order);
  CHECK(nodes::union_rows().spec.many_inputs);
}
