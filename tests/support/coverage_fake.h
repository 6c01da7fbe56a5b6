// The journal's coverage of files, for tests of file sinks: in memory, or in a file that outlives a
// killed process.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/spec/node.h"

namespace flowrun::testing {

/// Keeps one sink's entries as the journal does: a commit takes the place of what it overlaps, and
/// fails where that is not the generation it expected. With a path every change is a line appended
/// to that file, which is read at the start.
class CoverageFake final : public CoverageStore {
 public:
  explicit CoverageFake(std::string path = "");

  [[nodiscard]] std::vector<Coverage> load(const CoverageKey& key) override;
  void prepare(const Marker& marker, const std::string& note) override;
  void commit(const Marker& marker, const std::string& note) override;
  [[nodiscard]] std::vector<Prepared> prepared(const CoverageKey&) override { return prepared_; }
  [[nodiscard]] std::vector<Prepared> committed(const CoverageKey&) override { return committed_; }
  void forget(const Marker& marker) override;

 private:
  void apply(const std::string& what, const Prepared& entry);
  void record(const std::string& what, const Prepared& entry);

  std::string path_;
  std::vector<Prepared> prepared_;
  std::vector<Prepared> committed_;
};

/// Objects shared by name, as a run keeps them.
class SharedFake final : public SharedObjects {
 public:
  [[nodiscard]] std::shared_ptr<void> get(
      const std::string& name, std::shared_ptr<void> (*make)(const std::string&)) override;

 private:
  std::map<std::string, std::shared_ptr<void>> objects_;
};

}  // namespace flowrun::testing
