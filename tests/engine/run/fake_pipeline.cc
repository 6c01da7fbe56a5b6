#include "tests/engine/run/fake_pipeline.h"

#include <unistd.h>

#include <algorithm>
#include <sstream>

namespace flowrun::testing {
namespace {

/// A row as text behind its ordinal: rows of a unit arrive in any order.
using Line = std::pair<std::uint64_t, std::string>;

std::vector<Line> lines_of(const Batch& batch) {
  std::vector<Line> lines;
  std::istringstream text(csv_of(batch));
  for (std::string line; std::getline(text, line);) {
    lines.emplace_back(batch.ordinal(static_cast<std::int64_t>(lines.size())), line);
  }
  return lines;
}

class FakeChunk final : public Chunk {
 public:
  explicit FakeChunk(BatchRef rows) : batch(std::move(rows)) {}
  BatchRef batch;
};

class FakeReader final : public Reader {
 public:
  explicit FakeReader(BatchRef rows) : rows_(std::move(rows)) {}
  std::unique_ptr<Chunk> read(const ReadRequest& request, std::stop_token) override {
    if (at_ >= rows_->rows()) return nullptr;
    const auto count = std::min(request.rows, rows_->rows() - at_);
    auto chunk = std::make_unique<FakeChunk>(slice(*rows_, at_, count));
    chunk->input_bytes = count;
    at_ += count;
    return chunk;
  }
  void decode(Chunk& chunk, const ReadRequest&, Output& out) const override {
    out.emit(0, dynamic_cast<FakeChunk&>(chunk).batch);
  }

 private:
  BatchRef rows_;
  std::int64_t at_ = 0;
};

class FakeSource final : public Source {
 public:
  FakeSource(SchemaRef schema, std::shared_ptr<std::vector<FakeInput>> inputs, bool ranges)
      : schema_(std::move(schema)), inputs_(std::move(inputs)), ranges_(ranges) {}
  std::vector<Input> inputs(const SourceContext&) override {
    std::vector<Input> list;
    for (const auto& input : *inputs_) {
      list.push_back(
          {.name = input.name, .fingerprint = input.fingerprint, .bytes = 1, .path = input.name});
    }
    return list;
  }
  bool reads_ranges() const override { return ranges_; }
  std::unique_ptr<Reader> open(const Input& input, std::uint64_t number,
                               const Interval* range) override {
    for (const auto& known : *inputs_) {
      if (known.name != input.name) continue;
      auto rows = batch_of(schema_, known.rows, Ordinals::pack(number, 1));
      if (range == nullptr) return std::make_unique<FakeReader>(rows);
      std::vector<std::uint32_t> inside;
      for (std::int64_t i = 0; i < rows->rows(); ++i) {
        const auto time = rows->column(0).values<std::int64_t>()[static_cast<std::size_t>(i)];
        if (time >= range->from && time < range->until)
          inside.push_back(static_cast<std::uint32_t>(i));
      }
      return std::make_unique<FakeReader>(take(*rows, inside));
    }
    throw Error(Errc::io, "no input {}", input.name);
  }

 private:
  SchemaRef schema_;
  std::shared_ptr<std::vector<FakeInput>> inputs_;
  bool ranges_;
};

class FakeTransform final : public Transform {
 public:
  explicit FakeTransform(std::function<void(const BatchRef&, Output&)> apply)
      : apply_(std::move(apply)) {}
  void apply(const BatchRef& batch, Output& out) const override { apply_(batch, out); }

 private:
  std::function<void(const BatchRef&, Output&)> apply_;
};

class KeptRows final : public AccumulatorState {
 public:
  void add(const BatchRef& batch, Output& out) override {
    const std::lock_guard lock(mutex_);
    batches_.push_back(batch);
    rows_ += batch->rows();
    out.absorbed(batch->rows());
  }
  void finish(Output& out) override {
    std::sort(batches_.begin(), batches_.end(),
              [](const BatchRef& a, const BatchRef& b) { return a->ordinal(0) < b->ordinal(0); });
    for (auto& batch : batches_) {
      out.made(batch->rows());
      out.emit(0, batch);
    }
  }
  std::int64_t memory() const override { return rows_ * 64; }

 private:
  std::mutex mutex_;
  std::vector<BatchRef> batches_;
  std::atomic<std::int64_t> rows_{0};
};

class KeepAll final : public Accumulator {
 public:
  std::unique_ptr<AccumulatorState> begin(const Unit&) const override {
    return std::make_unique<KeptRows>();
  }
};

/// Commits lines and coverage together, and refuses a marker that does not fit what stands there.
class FakeSink final : public Sink {
 public:
  explicit FakeSink(std::shared_ptr<FakeTarget> target) : target_(std::move(target)) {}
  std::vector<PlanStep> steps(const SinkContext&) override { return {}; }
  std::vector<Coverage> covered(const SinkContext&) override {
    const std::lock_guard lock(target_->mutex);
    return target_->coverage;
  }
  void open(const SinkContext&) override {}
  void begin(const Unit& unit) override {
    step("begin", unit);
    staged_[unit.index];
  }
  void write(const Unit& unit, std::unique_ptr<Encoded> rows) override {
    step("write", unit);
    for (auto& line : lines_of(*rows->batch)) staged_.at(unit.index).push_back(line);
  }
  void prepare(const Unit& unit, const Marker& marker, const Refuse& refuse) override {
    step("prepare", unit);
    markers_[unit.index] = marker;
    std::vector<Reject> refused;
    auto& lines = staged_.at(unit.index);
    std::sort(lines.begin(), lines.end());
    std::erase_if(lines, [&](const Line& line) {
      const bool bad =
          !target_->refuse.empty() && line.second.find(target_->refuse) != std::string::npos;
      if (bad) refused.push_back({.reason = "refused by the target", .value = line.second});
      return bad;
    });
    if (!refused.empty()) refuse(std::move(refused));
  }
  void commit(const Unit& unit) override {
    step("commit", unit);
    const std::lock_guard lock(target_->mutex);
    const auto& marker = markers_.at(unit.index);
    if (marker.replaces == 0) {
      for (const auto& entry : target_->coverage) {
        if (entry.kind == marker.coverage.kind && entry.interval == marker.coverage.interval &&
            entry.id == marker.coverage.id) {
          throw Error(Errc::internal, "bug: unit {} is committed twice", unit.id);
        }
      }
    } else {
      std::erase_if(target_->coverage, [&](const Coverage& entry) {
        return entry.kind == marker.coverage.kind && entry.id == marker.coverage.id &&
               entry.interval.until == marker.coverage.interval.until;
      });
    }
    target_->coverage.push_back(marker.coverage);
    target_->commits.push_back(unit.id);
    auto& rows = target_->rows[unit.id];
    if (!target_->append) rows.clear();
    for (const auto& [ordinal, line] : staged_.at(unit.index)) rows.push_back(line);
    staged_.erase(unit.index);
  }
  void abort(const Unit& unit) noexcept override { staged_.erase(unit.index); }
  void close(bool) override {}

 private:
  void step(const char* name, const Unit& unit) const {
    if (target_->at) target_->at(name, unit);
  }
  std::shared_ptr<FakeTarget> target_;
  std::map<std::uint32_t, std::vector<Line>> staged_;
  std::map<std::uint32_t, Marker> markers_;
};

}  // namespace

std::vector<std::string> FakeTarget::sorted() const {
  std::vector<std::string> all;
  for (const auto& [unit, lines] : rows) all.insert(all.end(), lines.begin(), lines.end());
  std::sort(all.begin(), all.end());
  return all;
}

FakePipeline::FakePipeline() : instance(plan.instances.emplace_back()) {
  std::string name = (std::filesystem::temp_directory_path() / "flowrun_run_XXXXXX").string();
  folder = mkdtemp(name.data());
  plan.name = "fake";
  plan.state_url = "sqlite:" + (folder / "state.db").string();
  plan.retry = {.attempts = 3, .first_backoff = 1000, .last_backoff = 2000};
  plan.now = clock.now();
  options.threads = 2;
  journal = open_sqlite_journal(plan.state_url, JournalAccess::create);
}

FakePipeline::~FakePipeline() {
  journal.reset();
  std::filesystem::remove_all(folder);
}

NodeType& FakePipeline::type(NodeKind kind, const std::string& name) {
  types_.push_back(std::make_unique<NodeType>(NodeType{.spec = {.name = name, .kind = kind}}));
  return *types_.back();
}

std::size_t FakePipeline::source(const std::string& name, const std::string& fields,
                                 std::shared_ptr<std::vector<FakeInput>> inputs, bool ranges) {
  const auto schema = schema_of(fields);
  PlanNode node{.name = name, .kind = NodeKind::source, .type = &type(NodeKind::source, "rows")};
  node.binding.outputs = {{.name = "", .schema = schema}};
  node.binding.make_source = [=] { return std::make_unique<FakeSource>(schema, inputs, ranges); };
  instance.nodes.push_back(std::move(node));
  return instance.nodes.size() - 1;
}

std::size_t FakePipeline::transform(const std::string& name, EdgeFrom from, std::vector<Port> ports,
                                    std::function<void(const BatchRef&, Output&)> apply) {
  PlanNode node{.name = name, .type = &type(NodeKind::transform, "apply"), .inputs = {from}};
  node.binding.outputs = std::move(ports);
  node.binding.make_transform = [apply] { return std::make_unique<FakeTransform>(apply); };
  instance.nodes.push_back(std::move(node));
  return instance.nodes.size() - 1;
}

std::size_t FakePipeline::keep_all(const std::string& name, EdgeFrom from, std::int64_t memory) {
  PlanNode node{.name = name, .type = &type(NodeKind::transform, "keep"), .inputs = {from}};
  node.binding.outputs = {
      {.name = "", .schema = instance.nodes[from.node].output_schema(from.port)}};
  node.binding.make_accumulator = [](std::int64_t) { return std::make_unique<KeepAll>(); };
  node.memory = memory;
  instance.nodes.push_back(std::move(node));
  return instance.nodes.size() - 1;
}

std::size_t FakePipeline::sink(const std::string& name, std::vector<EdgeFrom> from,
                               std::shared_ptr<FakeTarget> target) {
  PlanNode node{.name = name, .kind = NodeKind::sink, .type = &type(NodeKind::sink, "memory")};
  node.inputs = std::move(from);
  node.binding.sink = {
      .target = name, .mode = target->append ? "append" : "upsert", .idempotent = !target->append};
  node.binding.make_sink = [target] { return std::make_unique<FakeSink>(target); };
  node.plan_hash = "h1";
  node.window_keyed = true;
  node.takes_rejects =
      std::all_of(node.inputs.begin(), node.inputs.end(), [&](const EdgeFrom& edge) {
        return edge.port == instance.nodes[edge.node].binding.outputs.size();
      });
  instance.nodes.push_back(std::move(node));
  return instance.nodes.size() - 1;
}

WindowSpec& FakePipeline::window(const std::string& column, Micros every) {
  instance.window = WindowSpec{.column = column, .every = every, .lateness = 0};
  return *instance.window;
}

RunReport FakePipeline::run() {
  return run_plan(plan, options, {.journal = journal.get(), .clock = &clock, .log = &log}).front();
}

}  // namespace flowrun::testing
