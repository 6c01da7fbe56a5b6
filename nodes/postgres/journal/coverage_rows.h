// Coverage of targets that have no transactions of their own (files), in the PostgreSQL journal.
#pragma once

#include <string>
#include <vector>

#include "engine/state/coverage_room.h"
#include "nodes/postgres/journal/input_sets.h"
#include "nodes/postgres/journal/journal_server.h"

namespace flowrun::postgres {

/// See CoverageStore. Markers are fenced by the epoch of the lease that this process holds; where
/// it holds none, by the marker's own.
class CoverageRows final : public CoverageStore {
 public:
  explicit CoverageRows(JournalServer& server) : server_(&server) {}

  [[nodiscard]] std::vector<Coverage> load(const CoverageKey& key) override;
  void prepare(const Marker& marker, const std::string& note) override;
  void commit(const Marker& marker, const std::string& note) override;
  [[nodiscard]] std::vector<Prepared> prepared(const CoverageKey& key) override;
  [[nodiscard]] std::vector<Prepared> committed(const CoverageKey& key) override;
  void forget(const Marker& marker) override;

 private:
  /// Entries of a key that fulfil `condition`, whose parameters come after the key's five.
  [[nodiscard]] std::vector<CoverageEntry> read(Connection& connection, const CoverageKey& key,
                                                bool prepared, const std::string& condition,
                                                const Parameters& more);
  [[nodiscard]] std::vector<CoverageEntry> rivals(Connection& connection, const Marker& marker,
                                                  bool prepared);
  [[nodiscard]] std::vector<Prepared> list(const CoverageKey& key, bool prepared);
  void refuse_stale(Connection& connection, const Marker& marker);
  void remove_prepared(Connection& connection, const Marker& marker);
  /// Returns the id of the marker's inputs.
  std::string insert(Connection& connection, const Marker& marker, const std::string& note,
                     bool prepared);

  JournalServer* server_;
  InputSets inputs_;
};

}  // namespace flowrun::postgres
