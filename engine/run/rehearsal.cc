#include "engine/run/rehearsal.h"

#include <algorithm>
#include <mutex>
#include <numeric>

#include "engine/core/error.h"
#include "engine/data/builder.h"
#include "engine/run/instance_run.h"
#include "engine/run/silent_sink.h"

namespace flowrun {
namespace {

/// Gives the rows of a test as if they stood in one file, a line each.
class RowsSource final : public Source {
 public:
  explicit RowsSource(std::vector<BatchRef> batches) : batches_(std::move(batches)) {}
  std::vector<Input> inputs(const SourceContext&) override { return {{.name = "test"}}; }
  std::unique_ptr<Reader> open(const Input&, std::uint64_t number, const Interval*) override {
    return std::make_unique<RowsReader>(batches_, number);
  }

 private:
  struct RowsChunk final : Chunk {
    BatchRef batch;
  };
  class RowsReader final : public Reader {
   public:
    RowsReader(const std::vector<BatchRef>& batches, std::uint64_t number)
        : batches_(&batches), number_(number) {}
    std::unique_ptr<Chunk> read(const ReadRequest& request, std::stop_token) override {
      if (next_ == batches_->size()) return nullptr;
      const auto& batch = (*batches_)[next_];
      const auto rows = std::min(request.rows, batch->rows() - row_);
      auto chunk = std::make_unique<RowsChunk>();
      chunk->batch =
          with_ordinals(*slice(*batch, row_, rows), {.first = Ordinals::pack(number_, ++line_)});
      line_ += static_cast<std::uint64_t>(std::max<std::int64_t>(rows, 1)) - 1;
      row_ += rows;
      if (row_ >= batch->rows()) {
        ++next_;
        row_ = 0;
      }
      return chunk;
    }
    void decode(Chunk& chunk, const ReadRequest&, Output& out) const override {
      out.emit(0, static_cast<RowsChunk&>(chunk).batch);
    }

   private:
    const std::vector<BatchRef>* batches_;
    std::uint64_t number_;
    std::uint64_t line_ = 0;
    std::size_t next_ = 0;
    std::int64_t row_ = 0;
  };
  std::vector<BatchRef> batches_;
};

/// What arrived at a watched port, by unit.
struct Watched {
  std::mutex mutex;
  std::map<std::pair<bool, Micros>, std::vector<BatchRef>> units;
};

/// Keeps every row.
class WatchSink final : public SilentSink {
 public:
  explicit WatchSink(std::shared_ptr<Watched> watched) : watched_(std::move(watched)) {}
  void write(const Unit& unit, std::unique_ptr<Encoded> rows) override {
    if (!watched_) return;
    const std::lock_guard lock(watched_->mutex);
    const bool is_last = unit.kind != UnitKind::window;
    watched_->units[{is_last, is_last ? 0 : unit.interval.from}].push_back(std::move(rows->batch));
  }

 private:
  std::shared_ptr<Watched> watched_;
};

std::vector<BatchRef> in_order(const Watched& watched, const SchemaRef& schema) {
  std::vector<BatchRef> sorted;
  for (const auto& [unit, batches] : watched.units) {
    std::vector<std::pair<const Batch*, std::int64_t>> rows;
    for (const auto& batch : batches) {
      for (std::int64_t row = 0; row < batch->rows(); ++row) rows.emplace_back(batch.get(), row);
    }
    std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
      return a.first->ordinal(a.second) < b.first->ordinal(b.second);
    });
    BatchBuilder builder(schema);
    for (const auto& [batch, row] : rows) {
      builder.append_from(*batch, row);
      if (builder.full()) sorted.push_back(builder.finish());
    }
    if (builder.rows() > 0) sorted.push_back(builder.finish());
  }
  return sorted;
}

const NodeType& watch_type() {
  static const NodeType type{.spec = {.name = "watch", .kind = NodeKind::sink}};
  return type;
}

/// The instance with other sources and sinks, and one more sink per watched port.
class Staging {
 public:
  Staging(const InstancePlan& instance, const Rehearsal& rehearsal) : instance_(instance) {
    for (auto& node : instance_.nodes) {
      if (node.kind == NodeKind::source) replace_source(node, rehearsal);
      if (node.kind == NodeKind::sink) replace_sink(node, nullptr);
    }
    for (const auto& name : rehearsal.watch) watch(instance, name);
  }
  [[nodiscard]] const InstancePlan& instance() const { return instance_; }
  [[nodiscard]] std::map<std::string, WatchedRows> rows() const {
    std::map<std::string, WatchedRows> rows;
    for (const auto& [name, watched] : watched_) {
      rows.emplace(name, WatchedRows{watched.first, in_order(*watched.second, watched.first)});
    }
    return rows;
  }

 private:
  static void replace_source(PlanNode& node, const Rehearsal& rehearsal) {
    const auto& itself = rehearsal.reads_itself;
    if (std::find(itself.begin(), itself.end(), node.name) != itself.end()) return;
    const auto found = rehearsal.rows.find(node.name);
    auto rows = found == rehearsal.rows.end() ? std::vector<BatchRef>() : found->second;
    node.binding.make_source = [rows] { return std::make_unique<RowsSource>(rows); };
  }

  static void replace_sink(PlanNode& node, const std::shared_ptr<Watched>& watched) {
    node.binding.sink.keeps_coverage = false;
    node.binding.make_sink = [watched] { return std::make_unique<WatchSink>(watched); };
  }

  void watch(const InstancePlan& plan, const std::string& name) {
    const auto edges = find_port(plan, name);
    if (edges.empty()) throw Error(Errc::usage, "the pipeline has no node or port \"{}\"", name);
    const auto schema = plan.nodes[edges.front().node].output_schema(edges.front().port);
    auto watched = std::make_shared<Watched>();
    watched_[name] = {schema, watched};
    for (auto& node : instance_.nodes) {
      if (node.kind == NodeKind::sink && node.name == name) return replace_sink(node, watched);
    }
    PlanNode tap;
    tap.name = "watch " + name;
    tap.kind = NodeKind::sink;
    tap.type = &watch_type();
    tap.inputs = edges;
    tap.takes_rejects = edges.front().port == plan.nodes[edges.front().node].binding.outputs.size();
    replace_sink(tap, watched);
    for (auto& side : instance_.sides) {
      if (std::find(side.begin(), side.end(), edges.front().node) != side.end()) {
        side.push_back(instance_.nodes.size());
      }
    }
    instance_.nodes.push_back(std::move(tap));
  }

  InstancePlan instance_;
  std::map<std::string, std::pair<SchemaRef, std::shared_ptr<Watched>>> watched_;
};

}  // namespace

std::vector<EdgeFrom> find_port(const InstancePlan& instance, const std::string& name) {
  for (std::size_t n = 0; n < instance.nodes.size(); ++n) {
    const auto& node = instance.nodes[n];
    if (node.kind == NodeKind::sink && node.name == name) return node.inputs;
    for (std::size_t port = 0; port <= node.binding.outputs.size(); ++port) {
      if (node.port_name(port) == name) return {{n, port}};
    }
  }
  return {};
}

Rehearsed rehearse(const Plan& plan, const InstancePlan& instance, const Rehearsal& rehearsal,
                   const RunOptions& options, const RunServices& services) {
  const Staging stage(instance, rehearsal);
  auto instance_of_test = stage.instance();
  if (auto& window = instance_of_test.window; window && window->from_watermark) {
    // Rows of a test are all there is: nothing was loaded before, and they may have any time.
    window->from_watermark = false;
    window->from = window->until = std::nullopt;
  }
  auto own = options;
  own.dry_run = true;
  own.own_sinks = true;
  Credits credits(plan.credit_budget());
  Rehearsed result;
  result.report = run_instance(plan, instance_of_test, own, services, credits);
  result.rows = stage.rows();
  return result;
}

}  // namespace flowrun
