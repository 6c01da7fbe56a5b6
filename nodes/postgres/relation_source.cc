#include "nodes/postgres/relation_source.h"

#include <fmt/format.h>

#include <utility>

#include "nodes/postgres/relation_reader.h"
#include "nodes/postgres/source_select.h"

namespace flowrun::postgres {
namespace {

class RelationSource final : public Source {
 public:
  explicit RelationSource(std::shared_ptr<const RelationPlan> plan)
      : state_(std::make_shared<RelationState>(std::move(plan))) {}

  /// Whatever tells that a table is the same costs a reading of all of it, and a server's table is
  /// hardly ever the same: a load is known by its run, windows by themselves.
  std::vector<Input> inputs(const SourceContext& /*context*/) override {
    return {{.name = state_->plan().name()}};
  }
  bool reads_ranges() const override { return state_->plan().reads_ranges(); }
  void narrow(const CursorBounds& bounds) override { bounds_ = bounds; }
  std::unique_ptr<Reader> open(const Input& /*input*/, std::uint64_t number,
                               const Interval* range) override {
    return open_relation(state_, {.number = number,
                                  .range = range == nullptr ? std::nullopt : std::optional(*range),
                                  .bounds = bounds_});
  }

 private:
  std::shared_ptr<RelationState> state_;
  std::optional<CursorBounds> bounds_;
};

}  // namespace

std::string RelationPlan::name() const {
  const auto server = shown_address(address);
  return wish.table ? fmt::format("{}#{}", server, wish.table->shown()) : server;
}

bool RelationPlan::reads_ranges() const {
  return !wish.window_column.empty() && (!planned || can_read_ranges(wish, *planned));
}

std::unique_ptr<Source> make_relation_source(std::shared_ptr<const RelationPlan> plan) {
  return std::make_unique<RelationSource>(std::move(plan));
}

}  // namespace flowrun::postgres
