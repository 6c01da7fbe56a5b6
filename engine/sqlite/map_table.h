// Small text-to-text maps, each stored once under the fingerprint of its content.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "engine/sqlite/connection.h"

namespace flowrun::sqlite {

/// A table of maps: one row per entry, (id, name, value). Belongs to its connection; same thread
/// rule.
class MapTable {
 public:
  using Map = std::map<std::string, std::string>;

  MapTable(Connection& connection, std::string table)
      : connection_(&connection), table_(std::move(table)) {}

  /// The statement that makes the table where it is missing.
  [[nodiscard]] static std::string ddl(const std::string& table);

  /// Stores a map unless it is there; returns its id. Inside the caller's transaction; call
  /// forget() if that is rolled back.
  [[nodiscard]] std::string save(const Map& map);
  /// The map of an id, the same object for the same id; empty where the id is unknown (an empty map
  /// has no rows).
  [[nodiscard]] std::shared_ptr<const Map> load(const std::string& id);
  /// Drops what save() remembers to be stored.
  void forget() { saved_.clear(); }

 private:
  Connection* connection_;
  std::string table_;
  std::unordered_set<std::string> saved_;
  std::unordered_map<std::string, std::shared_ptr<const Map>> loaded_;
};

}  // namespace flowrun::sqlite
