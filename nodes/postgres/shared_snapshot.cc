#include "nodes/postgres/shared_snapshot.h"

#include <map>
#include <mutex>

#include "nodes/postgres/source_sessions.h"

namespace flowrun::postgres {

SharedSnapshot::SharedSnapshot(const Address& address, Micros settle, const std::stop_token& stop)
    : connection_(connect_reader(address)) {
  Settling settling(settle);
  why_ = settling.wait_for_present(*connection_, stop);
  // Whoever ends from here on may be in the snapshot or not: it counts as not.
  settled_until_ = settling.settled_until();
  connection_->execute_all(
      "set idle_in_transaction_session_timeout = 0; begin isolation level repeatable read read "
      "only");
  id_ = connection_->execute("select pg_export_snapshot()").string(0, 0);
}

bool SharedSnapshot::holds() {
  try {
    connection_->execute_all("");
    return true;
  } catch (const ServerError&) {
    return false;
  }
}

std::string SharedSnapshot::unsettled(Micros moment) const {
  if (moment <= settled_until_) return {};
  return why_.empty() ? "the run's snapshot is older than its end" : why_;
}

std::shared_ptr<SharedSnapshot> SharedSnapshot::get(const Address& address, const std::string& name,
                                                    Micros settle, const std::stop_token& stop) {
  static std::mutex mutex;
  static std::map<std::string, std::weak_ptr<SharedSnapshot>> snapshots;
  const std::lock_guard lock(mutex);
  auto& known = snapshots[name + '\0' + address.url.reveal()];
  if (auto held = known.lock(); held && held->holds()) return held;
  const std::shared_ptr<SharedSnapshot> made(new SharedSnapshot(address, settle, stop));
  known = made;
  return made;
}

}  // namespace flowrun::postgres
