#include "engine/run/credits.h"

namespace flowrun {

int Credits::add_source(std::int64_t share) {
  const std::lock_guard lock(mutex_);
  sources_.push_back({.share = share, .used = 0});
  free_ -= share;
  return static_cast<int>(sources_.size()) - 1;
}

void Credits::remove_source(int source) {
  const std::lock_guard lock(mutex_);
  auto& entry = sources_[static_cast<std::size_t>(source)];
  // What it still has in flight now counts against the unreserved part.
  free_ += entry.share - (beyond({}, entry.used) - beyond(entry, entry.used));
  entry.share = 0;
  changed_.notify_all();
}

bool Credits::fits(const Source& source, std::int64_t bytes) const {
  if (source.used == 0) return true;
  const auto extra = beyond(source, source.used + bytes) - beyond(source, source.used);
  return free_ >= extra && free_ >= 0;
}

Credits::LeaseRef Credits::take(int source, std::int64_t bytes, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  auto& entry = sources_[static_cast<std::size_t>(source)];
  if (!changed_.wait(lock, stop, [&] { return fits(entry, bytes); })) return nullptr;
  free_ -= beyond(entry, entry.used + bytes) - beyond(entry, entry.used);
  entry.used += bytes;
  used_ += bytes;
  return std::make_shared<const Lease>(this, source, bytes);
}

bool Credits::wait_below(int source, std::int64_t bytes, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  return changed_.wait(lock, stop,
                       [&] { return sources_[static_cast<std::size_t>(source)].used <= bytes; });
}

Credits::LeaseRef Credits::charge(std::int64_t bytes) {
  const std::lock_guard lock(mutex_);
  free_ -= bytes;
  used_ += bytes;
  flushed_ += bytes;
  return std::make_shared<const Lease>(this, -1, bytes);
}

void Credits::when_flushed(std::int64_t bytes, std::function<void()> then) {
  const std::lock_guard lock(mutex_);
  if (flushed_ <= bytes) return then();
  waiting_.emplace_back(bytes, std::move(then));
}

void Credits::give(int source, std::int64_t bytes) {
  // Notifies under the lock: the last message may outlive whoever waits.
  const std::lock_guard lock(mutex_);
  used_ -= bytes;
  if (source < 0) {
    free_ += bytes;
    flushed_ -= bytes;
    std::erase_if(waiting_, [&](const auto& waiting) {
      if (flushed_ > waiting.first) return false;
      waiting.second();
      return true;
    });
  } else {
    auto& entry = sources_[static_cast<std::size_t>(source)];
    free_ += beyond(entry, entry.used) - beyond(entry, entry.used - bytes);
    entry.used -= bytes;
  }
  changed_.notify_all();
}

std::int64_t Credits::used() const {
  const std::lock_guard lock(mutex_);
  return used_;
}

}  // namespace flowrun
