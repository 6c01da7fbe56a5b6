// Bytes in flight: sources take them before they read, the message carries them, its death gives
// them back.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <utility>
#include <vector>

namespace flowrun {

/// The one byte budget of a process (windows.md 10). Every source has a reserved share, so that
/// none can starve another; what is not reserved is for whoever comes. What a flush emits is
/// charged without waiting and may overdraw the account; sources wait while it is negative. Any
/// thread. Outlives every lease.
class Credits {
 public:
  explicit Credits(std::int64_t budget) : free_(budget), budget_(budget) {}
  Credits(const Credits&) = delete;
  Credits& operator=(const Credits&) = delete;

  /// Holds bytes until it dies. `share` is the index of the source, or -1 for what a flush emitted.
  class Lease {
   public:
    Lease(Credits* credits, int share, std::int64_t bytes)
        : credits_(credits), share_(share), bytes_(bytes) {}
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() { credits_->give(share_, bytes_); }
    [[nodiscard]] std::int64_t bytes() const { return bytes_; }

   private:
    Credits* credits_;
    int share_;
    std::int64_t bytes_;
  };
  using LeaseRef = std::shared_ptr<const Lease>;

  /// Registers a source and reserves `share` bytes for it; returns its index.
  [[nodiscard]] int add_source(std::int64_t share);

  /// Gives the share of a source back, when it has read everything.
  void remove_source(int source);

  /// Waits until `bytes` fit into the source's share or what is free, or until the source has
  /// nothing else in flight (then any size is granted). Null when asked to stop.
  [[nodiscard]] LeaseRef take(int source, std::int64_t bytes, std::stop_token stop);

  /// Waits until the source has at most `bytes` in flight; false when asked to stop.
  [[nodiscard]] bool wait_below(int source, std::int64_t bytes, std::stop_token stop);

  /// Charges what a flush emits; never waits.
  [[nodiscard]] LeaseRef charge(std::int64_t bytes);
  /// Calls `then` once what flushes emitted and nobody has taken yet is at most `bytes`: now where
  /// it is, else on the thread that brings that about, while a lock is held.
  void when_flushed(std::int64_t bytes, std::function<void()> then);

  [[nodiscard]] std::int64_t budget() const { return budget_; }
  /// Bytes held by leases now.
  [[nodiscard]] std::int64_t used() const;

 private:
  struct Source {
    std::int64_t share = 0;
    std::int64_t used = 0;
  };
  void give(int source, std::int64_t bytes);
  [[nodiscard]] bool fits(const Source& source, std::int64_t bytes) const;
  /// Part of `used` that the source's own share does not cover.
  [[nodiscard]] static std::int64_t beyond(const Source& source, std::int64_t used) {
    return used > source.share ? used - source.share : 0;
  }

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Source> sources_;
  std::int64_t free_;  ///< of the unreserved part; negative when overdrawn
  std::int64_t budget_;
  std::int64_t used_ = 0;
  std::int64_t flushed_ = 0;  ///< charged, and not given back
  std::vector<std::pair<std::int64_t, std::function<void()>>> waiting_;
};

}  // namespace flowrun
