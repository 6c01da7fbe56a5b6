#include "nodes/catalog.h"
#include "tests/support/catch.h"
#include "tests/support/run_node.h"

using namespace flowrun;
using namespace flowrun::testing;

namespace {

const char* const kRoutes = "channel,output\nrpm,engine\nlat,navigation\ntemp,engine\n";

BatchRef rows() {
  return batch_of("channel string, v int64", "rpm,1\nlat,2\nfuel,3\ntemp,4\n,5\n\"\",6", 20);
}

BindFake split_with(const BindFake::Given& options) {
  BindFake context(nodes::split(), options, {rows()->schema_ref()});
  context.files["r.csv"] = kRoutes;
  return context;
}

std::string problems_of(const BindFake::Given& options) {
  auto context = split_with(options);
  (void)context.bind();
  return context.problems();
}

std::string ports_of(const Binding& binding) {
  std::string names;
  for (const auto& port : binding.outputs) names += port.name + " ";
  return names;
}

}  // namespace

TEST_CASE("each row leaves by the port of its route; without one it is a reject") {
  for (const bool as_dictionary : {false, true}) {
    auto context = split_with({{"key", value("channel")}, {"routes", value("r.csv")}});
    const auto binding = context.bind();
    CHECK(ports_of(binding) == "engine navigation ");
    CHECK(binding.content_hash.size() == 32);
    const auto out =
        transformed(context, {as_dictionary ? with_dictionary(*rows(), "channel", 1) : rows()});
    CHECK(out.csv(0) == "rpm,1\ntemp,4\n");
    CHECK(out.csv(1) == "lat,2\n");
    CHECK(ordinals_of(out.ports[0]) == "20 23");
    CHECK(out.rejected() ==
          "channel: no route: fuel\nchannel: the key is null: \nchannel: no route: \n");
    CHECK(out.rejects[0].record == R"({"channel":"fuel","v":3})");
    CHECK(out.rejects[0].ordinal == 22);
  }
}

TEST_CASE("rows without a route can be dropped, or leave by a port of their own or of others") {
  auto dropped = split_with(
      {{"key", value("channel")}, {"routes", value("r.csv")}, {"unmatched", value("drop")}});
  const auto out = transformed(dropped, {rows()});
  CHECK(out.filtered_rows() == 3);
  CHECK(out.rejects.empty());

  auto named = split_with(
      {{"key", value("channel")}, {"routes", value("r.csv")}, {"unmatched", value("other")}});
  CHECK(ports_of(named.bind()) == "engine navigation other ");
  CHECK(transformed(named, {rows()}).csv(2) == "fuel,3\n,5\n\"\",6\n");

  auto shared = split_with(
      {{"key", value("channel")}, {"routes", value("r.csv")}, {"unmatched", value("navigation")}});
  CHECK(ports_of(shared.bind()) == "engine navigation ");
  CHECK(transformed(shared, {rows()}).csv(1) == "lat,2\nfuel,3\n,5\n\"\",6\n");
}

TEST_CASE("routes may stand in the pipeline file") {
  auto context =
      split_with({{"key", value("channel")},
                  {"routes", table({{"b", list({"lat", "fuel"})}, {"a", list({"rpm"})}})},
                  {"unmatched", value("drop")}});
  CHECK(ports_of(context.bind()) == "b a ");
  const auto out = transformed(context, {rows()});
  CHECK(out.csv(0) == "lat,2\nfuel,3\n");
  CHECK(out.csv(1) == "rpm,1\n");
}

TEST_CASE("a batch that goes one way passes as it is, and an empty one leaves nothing") {
  auto context = split_with({{"key", value("channel")}, {"routes", value("r.csv")}});
  const auto batch = batch_of("channel string, v int64", "rpm,1\ntemp,2");
  const auto out = transformed(context, {batch, batch_of("channel string, v int64", "")});
  CHECK(out.ports.at(0).at(0) == batch);
  CHECK(out.emitted_rows() == 2);
}

TEST_CASE("a key that is no string is looked up by its text") {
  const auto batch = batch_of("k int64, v int64", "10,1\n2,2\n10,3");
  BindFake context(nodes::split(),
                   {{"key", value("k")}, {"routes", table({{"ten", list({"10"})}})}},
                   {batch->schema_ref()});
  const auto out = transformed(context, {batch});
  CHECK(out.csv(0) == "10,1\n10,3\n");
  CHECK(out.rejected() == "k: no route: 2\n");
}

TEST_CASE("a growing dictionary is followed") {
  auto context = split_with(
      {{"key", value("channel")}, {"routes", value("r.csv")}, {"unmatched", value("drop")}});
  const auto first = with_dictionary(*rows(), "channel", 5);
  const auto second = with_dictionary(*batch_of("channel string, v int64", "new,1\nlat,2\nrpm,3"),
                                      "channel", 5, first->column(0).dictionary());
  const auto transform = context.bind().make_transform();
  for (const auto& batch : {first, second, first}) {
    Collected out;
    transform->apply(batch, out);
    CHECK(out.accounted_rows() == batch->rows());
    CHECK(out.csv(1) == "lat,2\n");
  }
}

TEST_CASE("what is wrong with a split is said") {
  const auto with_routes = [](const OptionValue& routes) {
    return problems_of({{"key", value("channel")}, {"routes", routes}});
  };
  CHECK(with_routes(value("none.csv")) ==
        "error unreadable-file: cannot read /pipeline/none.csv\n");
  CHECK(with_routes(value(3)) == "error wrong-type: \"routes\" is neither a path nor a table\n");
  CHECK(with_routes(table({})) == "error bad-routes: there is no route\n");
  CHECK(with_routes(table({{"a", value("x")}})) ==
        "error wrong-type: routes of \"a\" are not a list of strings\n");
  CHECK(with_routes(table({{"a", list({"x"})}, {"b", list({"x"})}})) ==
        "error bad-routes: \"x\" has two routes\n");
  CHECK(with_routes(table({{"rejected", list({"x"})}})) ==
        "error bad-output: an output cannot be called \"rejected\": every node has that port\n");
  CHECK(problems_of({{"key", value("channel")},
                     {"routes", value("r.csv")},
                     {"unmatched", value("rejected")}}) ==
        "error bad-output: \"rejected\" is no name for an output; write \"reject\" to send rows to "
        "the rejected port\n");
}
