// One snapshot that several sessions read by.
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "nodes/postgres/connection.h"
#include "nodes/postgres/settle.h"

namespace flowrun::postgres {

/// A snapshot exported by a session of its own, which holds it open. Any thread.
class SharedSnapshot {
 public:
  /// The snapshot under `name` that somebody in this process still holds, else a new one, for which
  /// it first waits, at most `settle`, until the transactions of now have ended. Throws
  /// ServerError.
  [[nodiscard]] static std::shared_ptr<SharedSnapshot> get(const Address& address,
                                                           const std::string& name, Micros settle,
                                                           const std::stop_token& stop);

  /// For `set transaction snapshot`.
  [[nodiscard]] const std::string& id() const { return id_; }
  /// Why what happened before `moment` may not be in it; "" where all is.
  [[nodiscard]] std::string unsettled(Micros moment) const;

 private:
  SharedSnapshot(const Address& address, Micros settle, const std::stop_token& stop);
  [[nodiscard]] bool holds();

  std::unique_ptr<Connection> connection_;
  std::string id_;
  std::string why_;  ///< which transaction had not ended
  Micros settled_until_ = INT64_MIN;
};

}  // namespace flowrun::postgres
