// The inputs of units, each set stored once under the fingerprint of its content.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "engine/spec/unit.h"
#include "nodes/postgres/connection.h"

namespace flowrun::postgres {

/// Any thread; calls with a connection come one at a time.
class InputSets {
 public:
  /// Stores a set unless it is there, inside the caller's transaction; returns its id. It counts as
  /// stored from committed() on.
  [[nodiscard]] std::string save(Connection& connection, const InputSet& inputs);
  void committed(const std::string& id);
  /// The set of an id, the same object for the same id.
  [[nodiscard]] std::shared_ptr<const InputSet> load(Connection& connection, const std::string& id);

 private:
  std::mutex mutex_;
  std::set<std::string> stored_;
  std::map<std::string, std::shared_ptr<const InputSet>> loaded_;
};

}  // namespace flowrun::postgres
