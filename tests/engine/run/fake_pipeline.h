// A pipeline of fake nodes: rows in memory, a target in memory that commits as a database does, and
// a real journal.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/run/runner.h"
#include "engine/state/sqlite_journal.h"
#include "tests/support/batches.h"

namespace flowrun::testing {

/// One input of a fake source.
struct FakeInput {
  std::string name;
  std::string fingerprint;
  std::string rows;  ///< CSV, see batch_of()
};

/// What a fake sink writes to; survives runs.
struct FakeTarget {
  std::mutex mutex;
  std::map<std::string, std::vector<std::string>> rows;  ///< by unit id: committed lines
  std::vector<std::string> commits;                      ///< unit ids in commit order
  std::vector<Coverage> coverage;
  bool append = false;
  std::string refuse;  ///< rows that contain this text are rejected
  std::function<void(const std::string& step, const Unit&)> at;  ///< may throw

  /// All committed lines, sorted.
  [[nodiscard]] std::vector<std::string> sorted() const;
};

class FakePipeline {
 public:
  FakePipeline();
  ~FakePipeline();

  /// Adds a source of `fields` rows; inputs are read anew at every run.
  std::size_t source(const std::string& name, const std::string& fields,
                     std::shared_ptr<std::vector<FakeInput>> inputs, bool ranges = false);
  std::size_t transform(const std::string& name, EdgeFrom from, std::vector<Port> ports,
                        std::function<void(const BatchRef&, Output&)> apply);
  /// Keeps every row until the flush, counting 64 bytes of memory a row.
  std::size_t keep_all(const std::string& name, EdgeFrom from, std::int64_t memory = 1 << 20);
  std::size_t sink(const std::string& name, std::vector<EdgeFrom> from,
                   std::shared_ptr<FakeTarget> target);
  /// Windows of `every` on column `column`.
  WindowSpec& window(const std::string& column, Micros every);

  /// Runs once; the journal lives in the pipeline's own folder.
  RunReport run();

  RunOptions options;
  Plan plan;
  InstancePlan& instance;
  FixedClock clock{4'000'000'000'000'000};
  Log log;
  std::unique_ptr<Journal> journal;
  std::filesystem::path folder;

 private:
  NodeType& type(NodeKind kind, const std::string& name);
  std::vector<std::unique_ptr<NodeType>> types_;
};

}  // namespace flowrun::testing
