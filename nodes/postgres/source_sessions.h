// Sessions that read: at most so many per server at once, used again, known to each other.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>

#include "nodes/postgres/connection.h"

namespace flowrun::postgres {

/// A session that reads and does nothing else: its transactions are read only, and it holds a
/// shared advisory lock by which others know that (kReaderClass, kReaderMark): nobody has to wait
/// for what it might still write.
inline constexpr std::int32_t kReaderClass = 0x666C6F77;  // "flow"
inline constexpr std::int32_t kReaderMark = 0x72656164;   // "read"

/// Connects for reading. Throws ServerError.
[[nodiscard]] std::unique_ptr<Connection> connect_reader(const Address& address);

/// A session on loan from the pool of this process. Comes back to it when it dies, unless it was
/// dropped or is lost. One thread.
class ReaderSession {
 public:
  /// Waits until fewer than `most` sessions of the same server are on loan; nothing when asked to
  /// stop. Throws ServerError.
  [[nodiscard]] static std::unique_ptr<ReaderSession> take(const Address& address, int most,
                                                           const std::stop_token& stop);
  ~ReaderSession();
  ReaderSession(const ReaderSession&) = delete;
  ReaderSession& operator=(const ReaderSession&) = delete;

  [[nodiscard]] Connection& connection() { return *connection_; }
  /// Its state is not known: it does not come back, but is closed.
  void drop() { dropped_ = true; }

 private:
  ReaderSession() = default;
  std::string server_;
  std::string key_;
  std::unique_ptr<Connection> connection_;
  bool dropped_ = false;
};

}  // namespace flowrun::postgres
