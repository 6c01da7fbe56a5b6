#include "engine/run/source_driver.h"

#include <algorithm>
#include <chrono>

#include "engine/core/error.h"
#include "engine/run/cursor_bounds.h"

namespace flowrun {
namespace {

/// What a piece costs until its rows are gone: the bytes as read, and the columns made of them.
constexpr std::int64_t kBytesPerInputByte = 2;
constexpr std::int64_t kPeekBytes = 16 * 1024;
/// Of the smallest accumulator's memory: what may be in flight in front of it, and a piece of
/// input.
constexpr std::int64_t kAheadShare = 4;
constexpr std::int64_t kPieceShare = 32;
constexpr std::int64_t kLeastPiece = 16 * 1024;

}  // namespace

bool WindowGate::enter(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait(lock, stop, [this] { return open_ < limit_; })) return false;
  ++open_;
  return true;
}

void WindowGate::leave() {
  const std::lock_guard lock(mutex_);
  --open_;
  changed_.notify_all();
}

SourceDriver::SourceDriver(AttemptContext& context, NodeBase& node, std::size_t number,
                           tbb::flow::graph& graph, std::unique_ptr<Source> source, SourceWork work,
                           Micros now, RunStats& stats, WindowGate& gate)
    : context_(&context),
      node_(&node),
      number_(number),
      source_(std::move(source)),
      work_(std::move(work)),
      now_(now),
      stats_(&stats),
      gate_(&gate),
      graph_(&graph),
      decoder_(graph, tbb::flow::unlimited, [this](const SourcePiece& piece) {
        context_->failure.guard(node_->where(), [&] { decode(piece); });
        return tbb::flow::continue_msg();
      }) {
  for (const auto& each : context.instance->nodes) {
    if (each.binding.make_accumulator) least_memory_ = std::min(least_memory_, each.memory);
  }
  if (context.instance->window) {
    window_ = &*context.instance->window;
    time_column_ = node.plan().binding.outputs.front().schema->index_of(window_->column).value();
  }
  if (work_.cursor) {
    source_->narrow(bounds_of(*node.plan().cursor, *node.plan().binding.outputs.front().schema,
                              work_.cursor->from));
    cursor_ = std::make_unique<CursorFilter>(*node.plan().cursor,
                                             node.plan().binding.outputs.front().schema,
                                             std::move(*work_.cursor), now_);
  }
  for (std::size_t i = 0; i < work_.inputs.size(); ++i) {
    inputs_.push_back(std::make_unique<InputState>());
    inputs_.back()->input = work_.inputs[i];
    inputs_.back()->number = work_.numbers[i];
  }
}

SourceDriver::~SourceDriver() { join(); }

void SourceDriver::peek() {
  if (window_ == nullptr || work_.ranges) return;
  for (const auto& input : inputs_) {
    if (input->input.path.empty() || input->input.path == "-") continue;  // cannot be read twice
    const auto reader = source_->open(input->input, input->number, nullptr);
    const ReadRequest small{.bytes = kPeekBytes, .rows = kMaxBatchRows};
    const auto chunk = reader->read(small, context_->failure.token());
    if (!chunk) continue;
    CollectedOutput out;
    reader->decode(*chunk, small, out);
    for (const auto& [port, batch] : out.emitted) {
      const auto& times = batch->column(time_column_);
      for (std::int64_t row = 0; row < batch->rows() && input->position == INT64_MIN; ++row) {
        if (times.is_valid(row)) input->position = event_time(times, row);
      }
    }
  }
}

Micros SourceDriver::first_possible(const std::string& name) const {
  if (window_ == nullptr || !window_->lateness) return INT64_MIN;
  for (const auto& input : inputs_) {
    if (input->input.name == name && input->position != INT64_MIN) {
      return input->position - *window_->lateness;
    }
  }
  return INT64_MIN;
}

ReadRequest SourceDriver::request() const {
  const auto most = std::max(least_memory_ / kPieceShare, kLeastPiece);
  return {.bytes = std::min(context_->options->batch_bytes, most),
          .rows = context_->options->batch_rows};
}

void SourceDriver::wait_for_memory() {
  if (least_memory_ == INT64_MAX) return;
  const Stopwatch watch(node_->stats().blocked_ns);
  const auto stop = context_->failure.token();
  if (!context_->credits->wait_below(credit_, least_memory_ / kAheadShare, stop)) return;
  if (window_ == nullptr) return;  // nothing is emptied before the end
  // More than half full: what was read arrives first, and what it ends is emptied.
  constexpr auto kStep = std::chrono::microseconds(200);
  while (context_->short_of_memory > 0 && context_->credits->wait_below(credit_, 0, stop) &&
         context_->board->is_closing() && !context_->failure.stopped()) {
    std::this_thread::sleep_for(kStep);
  }
}

bool SourceDriver::enough() const { return enough_ || context_->failure.stopped(); }

void SourceDriver::start() {
  const auto sources =
      std::count_if(context_->instance->nodes.begin(), context_->instance->nodes.end(),
                    [](const PlanNode& n) { return n.kind == NodeKind::source; });
  // Half of the budget is reserved in equal shares, the other half is for whoever comes.
  credit_ = context_->credits->add_source(context_->credits->budget() / 2 / sources);
  graph_->reserve_wait();
  thread_ = std::thread([this] {
    context_->failure.guard(node_->where(), [this] { work_.ranges ? read_ranges() : read_once(); });
    context_->credits->remove_source(credit_);
    graph_->release_wait();
  });
}

void SourceDriver::join() {
  if (thread_.joinable()) thread_.join();
}

InputState* SourceDriver::furthest_behind() {
  const std::lock_guard lock(order_mutex_);
  InputState* chosen = nullptr;
  for (const auto& input : inputs_) {
    if (input->read_all) continue;
    if (chosen == nullptr || input->position < chosen->position) chosen = input.get();
    if (window_ == nullptr) break;  // without event time: one after the other
  }
  return chosen;
}

void SourceDriver::read_once() {
  while (!enough()) {
    auto* input = furthest_behind();
    if (input == nullptr) break;
    if (!input->reader) input->reader = source_->open(input->input, input->number, nullptr);
    if (read_piece(*input, *input->reader, nullptr)) continue;
    if (context_->failure.stopped()) return;
    {
      const std::lock_guard lock(order_mutex_);
      input->read_all = true;
    }
    put({.input = input});
  }
  if (!context_->failure.stopped()) put({});
}

void SourceDriver::read_ranges() {
  auto& input = *inputs_.front();
  for (const auto& range : work_.windows) {
    if (enough() || !gate_->enter(context_->failure.token())) break;
    {
      const auto lock = context_->board->lock();
      context_->board->window(range.from);
    }
    const std::shared_ptr<Reader> reader = source_->open(input.input, input.number, &range);
    while (!enough() && read_piece(input, *reader, reader)) {
    }
    if (context_->failure.stopped()) return;
    if (const auto why = reader->unsettled(); !why.empty() && !enough()) load_again(range, why);
    put({.input = &input, .window = range.from});
  }
  if (!context_->failure.stopped()) put({});
}

/// Rows of the window may become visible yet (windows.md 8).
void SourceDriver::load_again(const Interval& range, const std::string& why) {
  const auto window = format_timestamptz(range.from) + ".." + format_timestamptz(range.until);
  for (const auto& node : context_->instance->nodes) {
    if (node.kind != NodeKind::sink || !node.binding.sink.keeps_coverage) continue;
    if (node.binding.sink.idempotent) continue;
    throw Error(Errc::io,
                "window {} was read while {}; sink \"{}\" appends, so that it cannot be loaded "
                "again, and has to wait",
                window, why, node.name);
  }
  {
    const auto lock = context_->board->lock();
    context_->board->window(range.from).unsettled = true;
  }
  context_->log->warning("{}: window {} was read while {}; the next run loads it once more",
                         node_->where(), window, why);
}

bool SourceDriver::read_piece(InputState& input, Reader& reader,
                              const std::shared_ptr<Reader>& keep) {
  wait_for_memory();
  Credits::LeaseRef lease;
  {
    const Stopwatch watch(node_->stats().blocked_ns);
    lease = context_->credits->take(credit_, request().bytes * kBytesPerInputByte,
                                    context_->failure.token());
  }
  if (!lease) return false;
  std::shared_ptr<Chunk> chunk;
  {
    const Stopwatch watch(node_->stats().read_ns);
    chunk = reader.read(request(), context_->failure.token());
  }
  if (!chunk) return false;
  stats_->read_bytes += chunk->input_bytes;
  node_->stats().bytes += chunk->input_bytes;
  put({.input = &input,
       .reader = &reader,
       .keep = keep,
       .chunk = std::move(chunk),
       .lease = std::move(lease)});
  return true;
}

void SourceDriver::put(SourcePiece piece) {
  piece.seq = next_read_++;
  decoder_.try_put(piece);
}

void SourceDriver::decode(const SourcePiece& piece) {
  Decoded decoded{.piece = piece};
  if (piece.chunk && node_->begin_body()) {
    const Stopwatch watch(node_->stats().busy_ns);
    CollectedOutput out;
    piece.reader->decode(*piece.chunk, request(), out);
    decoded.rejects = std::move(out.rejects);
    for (auto& [port, batch] : out.emitted) {
      if (batch->rows() == 0) continue;
      if (window_ != nullptr) {
        decoded.batches.push_back(place(batch, time_column_, *window_, now_));
      } else {
        decoded.batches.push_back({.whole = std::move(batch)});
      }
    }
  }
  decoded.piece.chunk.reset();
  in_order(std::move(decoded));
}

void SourceDriver::in_order(Decoded decoded) {
  std::unique_lock lock(order_mutex_);
  waiting_.emplace(decoded.piece.seq, std::move(decoded));
  if (processing_) return;  // whoever is at it goes on with this one
  processing_ = true;
  for (auto next = waiting_.find(next_processed_); next != waiting_.end();
       next = waiting_.find(next_processed_)) {
    auto current = std::move(next->second);
    waiting_.erase(next);
    ++next_processed_;
    lock.unlock();
    if (!context_->failure.stopped()) process(current);
    lock.lock();
  }
  processing_ = false;
}

Micros SourceDriver::disorder() const {
  const std::lock_guard lock(order_mutex_);
  return disorder_;
}

}  // namespace flowrun
