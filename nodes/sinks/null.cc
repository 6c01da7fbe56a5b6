// null: takes rows and keeps nothing.
#include <memory>

#include "nodes/catalog.h"

namespace flowrun::nodes {
namespace {

NodeSpec null_spec() {
  return {.name = "null",
          .kind = NodeKind::sink,
          .summary = "Counts rows and throws them away.",
          .notes =
              "For measuring what comes before it, and for rows that are to be counted only. It "
              "keeps no coverage, so every "
              "run reads everything again.",
          .many_inputs = true,
          .example = "[sinks.nowhere]\ntype  = \"null\"\ninput = \"readings\"\n"};
}

/// The engine counts the rows; there is nothing to do with them.
class NullSink final : public Sink {
 public:
  std::vector<PlanStep> steps(const SinkContext&) override { return {}; }
  std::vector<Coverage> covered(const SinkContext&) override { return {}; }
  void open(const SinkContext&) override {}
  std::unique_ptr<Encoded> encode(BatchRef) const override {
    return std::make_unique<Encoded>(nullptr);
  }
  void begin(const Unit&) override {}
  void write(const Unit&, std::unique_ptr<Encoded>) override {}
  void prepare(const Unit&, const Marker&, const Refuse&) override {}
  void commit(const Unit&) override {}
  void abort(const Unit&) noexcept override {}
  void close(bool) override {}
};

Binding bind_null(BindContext&) {
  Binding binding;
  binding.sink = {.idempotent = true, .keeps_coverage = false};
  binding.make_sink = [] { return std::make_unique<NullSink>(); };
  return binding;
}

}  // namespace

NodeType null_sink() { return {null_spec(), bind_null}; }

}  // namespace flowrun::nodes
