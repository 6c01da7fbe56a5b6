#include "engine/run/sink_thread.h"

namespace flowrun {

SinkThread::SinkThread(AttemptContext& context, NodeBase& node, std::size_t number,
                       std::unique_ptr<Sink> sink, std::function<void(OpenUnit&)> on_staged)
    : context_(&context),
      node_(&node),
      number_(number),
      sink_(std::move(sink)),
      on_staged_(std::move(on_staged)),
      thread_([this] { loop(); }) {}

SinkThread::~SinkThread() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  ready_.notify_one();
  thread_.join();
}

void SinkThread::post(std::function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  ready_.notify_one();
}

void SinkThread::loop() {
  while (true) {
    std::function<void()> job;
    {
      std::unique_lock lock(mutex_);
      ready_.wait(lock, [this] { return ended_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    context_->failure.guard(node_->where(), job);
  }
}

void SinkThread::ensure_begun(OpenUnit& unit) {
  if (begun_.insert(&unit).second) sink_->begin(unit.unit);
}

void SinkThread::add_written(OpenUnit& unit, std::int64_t rows) const {
  const std::lock_guard lock(unit.mutex);
  unit.written[number_] += rows;
}

void SinkThread::write(OpenUnit& unit, std::unique_ptr<Encoded> rows, std::int64_t count,
                       Credits::LeaseRef lease) {
  // std::function wants copies: the batch travels in a shared box.
  auto box = std::make_shared<std::unique_ptr<Encoded>>(std::move(rows));
  post([this, &unit, box, count, lease = std::move(lease)] {
    if (context_->failure.stopped()) return;
    const Stopwatch watch(node_->stats().busy_ns);
    ensure_begun(unit);
    sink_->write(unit.unit, std::move(*box));
    add_written(unit, count);
  });
}

void SinkThread::staged(OpenUnit& unit) {
  post([this, &unit] {
    if (context_->failure.stopped()) return;
    if (!unit.sinks[number_].skip) ensure_begun(unit);
    on_staged_(unit);
  });
}

void SinkThread::run(const std::function<void()>& call) {
  std::promise<void> promise;
  auto done = promise.get_future();
  post([&] {
    try {
      call();
      promise.set_value();
    } catch (const Error& error) {
      promise.set_exception(std::make_exception_ptr(error.at(node_->where())));
    } catch (...) {
      promise.set_exception(std::current_exception());
    }
  });
  done.get();
}

void SinkThread::write_now(OpenUnit& unit, BatchRef batch) {
  run([&] {
    ensure_begun(unit);
    const auto rows = batch->rows();
    sink_->write(unit.unit, sink_->encode(std::move(batch)));
    add_written(unit, rows);
  });
}

void SinkThread::prepare(OpenUnit& unit, const Marker& marker, const Refuse& refuse) {
  run([&] {
    const Stopwatch watch(node_->stats().busy_ns);
    sink_->prepare(unit.unit, marker, refuse);
  });
}

void SinkThread::commit(OpenUnit& unit) {
  run([&] {
    const Stopwatch watch(node_->stats().busy_ns);
    sink_->commit(unit.unit);
    begun_.erase(&unit);
  });
}

void SinkThread::abort(OpenUnit& unit) {
  run([&] {
    if (begun_.erase(&unit) != 0) sink_->abort(unit.unit);
  });
}

void SinkThread::abort_all() {
  run([&] {
    for (auto* unit : begun_) sink_->abort(unit->unit);
    begun_.clear();
  });
}

}  // namespace flowrun
