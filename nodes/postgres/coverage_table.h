// Coverage in the target itself: commit markers that are written in the transaction of their data.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/spec/unit.h"
#include "nodes/postgres/connection.h"

namespace flowrun::postgres {

/// The tables coverage, inputs and epoch of the schema flowrun of one database. A coverage names
/// the table that it is about ("public.readings"). Same thread rule as its connection.
class CoverageTable {
 public:
  explicit CoverageTable(Connection& connection) : connection_(&connection) {}

  /// Makes schema and tables where they are missing; inside the caller's transaction. Throws
  /// Error(plan) saying which right is missing where they cannot be made.
  void create();
  /// What a sink has committed of `table`, merged. Empty where these tables are missing.
  [[nodiscard]] std::vector<Coverage> load(const CoverageKey& key, const std::string& table);
  /// The greatest epoch that wrote here for a pipeline's instance; 0 where none did.
  [[nodiscard]] std::int64_t epoch(const std::string& pipeline, const std::string& instance);

  /// Writes a unit's marker; inside the transaction of its data. Waits where a rival is about to
  /// write the same. Throws Error(lease) where a newer epoch wrote before, or where another
  /// generation than marker.replaces stands there.
  void write(const Marker& marker, const std::string& table);
  /// Corrects the number of rows of a marker just written.
  void set_rows(const Marker& marker, const std::string& table, std::int64_t rows);
  /// True where exactly this marker is there: how a commit without an answer is resolved.
  [[nodiscard]] bool has(const Marker& marker, const std::string& table);

  /// Forgets the loads of a sink but `kept`: their rows were replaced as a whole.
  void drop_other_loads(const Marker& kept, const std::string& table);
  /// Forgets everything about a table that does not exist (any more).
  void drop_table(const std::string& table);
  /// Stores a sink's coverage merged; a transaction of its own, none where nothing can be merged.
  void compact(const CoverageKey& key, const std::string& table);
  /// After a rolled back transaction.
  void forget() { saved_.clear(); }

 private:
  [[nodiscard]] bool is_there();
  [[nodiscard]] std::vector<Coverage> read(const Result& rows);
  [[nodiscard]] std::vector<Coverage> stored(const CoverageKey& key, const std::string& table,
                                             bool locked);
  [[nodiscard]] std::vector<Coverage> rivals(const Marker& marker, const std::string& table);
  [[nodiscard]] std::string save_inputs(const InputSet& inputs);
  [[nodiscard]] std::shared_ptr<const InputSet> load_inputs(const std::string& id);
  void fence(const Marker& marker);
  void insert(const CoverageKey& key, const std::string& table, const Coverage& coverage);
  void remove(const CoverageKey& key, const std::string& table, const Coverage& coverage);
  [[noreturn]] void fail_lease(const Marker& marker, const std::string& table,
                               const std::vector<Coverage>& standing);

  Connection* connection_;
  std::set<std::string> saved_;  ///< inputs that are stored
  std::map<std::string, std::shared_ptr<const InputSet>> loaded_;
};

}  // namespace flowrun::postgres
