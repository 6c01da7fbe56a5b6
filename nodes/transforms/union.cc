// union: the rows of several inputs as one stream.
#include "nodes/catalog.h"

namespace flowrun::nodes {
namespace {

NodeSpec union_spec() {
  return {
      .name = "union",
      .summary = "Passes on the rows of several inputs as one stream.",
      .notes =
          "All inputs must have the same columns, in the same order; a `select` in front of one "
          "brings them into line. Rows keep their place: those of a source that stands earlier "
          "in the pipeline come first where order matters, then those of its first file, and so "
          "on, whatever the order of `inputs`. Nothing is removed: a row that arrives by two "
          "inputs leaves twice (`dedup` keeps one). A window ends when it has ended in every "
          "input.",
      .many_inputs = true,
      .example = "[transforms.all_readings]\ntype   = \"union\"\ninputs = [\"harbour\", \"sea\"]\n",
  };
}

class Union final : public Transform {
 public:
  void apply(const BatchRef& batch, Output& out) const override;
};

Binding bind_union(BindContext& context) {
  Binding binding;
  // All inputs have the same columns, so the first one's places are those of every input.
  binding.outputs.push_back(unchanged_port(context.input_ref()));
  binding.make_transform = [] { return std::make_unique<Union>(); };
  return binding;
}

void Union::apply(const BatchRef& batch, Output& out) const {
  if (batch->rows() > 0) out.emit(0, batch);
}

}  // namespace

NodeType union_rows() { return {union_spec(), bind_union}; }

}  // namespace flowrun::nodes
