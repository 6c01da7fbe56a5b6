#include "engine/spec/node_type.h"

#include "engine/core/error.h"
#include "tests/support/bind_fake.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;

static NodeType type(const std::string& name, NodeKind kind) {
  return {.spec = {.name = name, .kind = kind, .options = {{.name = "x", .fallback = "1"}}},
          .bind = [](BindContext& context) {
            context.error("x", "bad-x", "x is bad", "try y");
            context.warning("x", "odd-x", "x is odd");
            return Binding{};
          }};
}

TEST_CASE("node types are found by kind and name") {
  const Registry registry(
      {type("csv", NodeKind::source), type("csv", NodeKind::sink), type("a", NodeKind::sink)});
  CHECK(registry.find(NodeKind::source, "csv") == &registry.all()[0]);
  CHECK(registry.find(NodeKind::sink, "csv") == &registry.all()[1]);
  CHECK(registry.find(NodeKind::transform, "csv") == nullptr);
  CHECK(registry.names(NodeKind::sink) == std::vector<std::string>{"a", "csv"});
  CHECK(std::string(to_string(NodeKind::transform)) == "transform");
}

TEST_CASE("two node types of one name are a bug") {
  CHECK_THROWS_AS(Registry({type("csv", NodeKind::sink), type("csv", NodeKind::sink)}), Error);
}

TEST_CASE("binding reports problems at options") {
  BindFake bind(type("a", NodeKind::sink), {});
  (void)bind.bind();
  CHECK(bind.problems() == "error bad-x: x is bad; try y\nwarning odd-x: x is odd\n");
}
