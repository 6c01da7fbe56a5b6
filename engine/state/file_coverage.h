// Coverage of targets that have no transactions of their own: files.
#pragma once

#include <string>
#include <vector>

#include "engine/spec/node.h"
#include "engine/sqlite/map_table.h"
#include "engine/state/coverage_room.h"
#include "engine/state/journal_database.h"

namespace flowrun {

/// See CoverageStore. Takes the database's mutex itself. Markers are fenced by the epoch of the
/// lease that this process holds; where it holds none, by the marker's own.
class FileCoverage final : public CoverageStore {
 public:
  explicit FileCoverage(JournalDatabase& database)
      : database_(&database), inputs_(database.connection, "inputs") {}

  [[nodiscard]] std::vector<Coverage> load(const CoverageKey& key) override;
  void prepare(const Marker& marker, const std::string& note) override;
  void commit(const Marker& marker, const std::string& note) override;
  [[nodiscard]] std::vector<Prepared> prepared(const CoverageKey& key) override;
  [[nodiscard]] std::vector<Prepared> committed(const CoverageKey& key) override;
  void forget(const Marker& marker) override;

 private:
  [[nodiscard]] std::vector<CoverageEntry> entries(const CoverageKey& key, bool prepared);
  /// Those that overlap the marker's unit: found through the index, however many there are.
  [[nodiscard]] std::vector<CoverageEntry> rivals(const Marker& marker, bool prepared);
  [[nodiscard]] std::vector<CoverageEntry> read(sqlite::Statement rows, const CoverageKey& key);
  [[nodiscard]] std::vector<Prepared> list(const CoverageKey& key, bool prepared);
  void check_epoch(const Marker& marker);
  /// Makes room for a committed unit; false where it is there already, the same to the last letter.
  [[nodiscard]] bool make_room(const Marker& marker, const std::string& note);
  /// Called before a transaction that stores inputs: after a failed one, none counts as stored.
  void begin();
  void remove(std::int64_t number);
  void remove_prepared(const Marker& marker);
  void insert(const Marker& marker, const std::string& note, bool prepared);

  JournalDatabase* database_;
  sqlite::MapTable inputs_;
  bool unsure_ = false;  ///< the last such transaction did not end
};

}  // namespace flowrun
