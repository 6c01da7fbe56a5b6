// Runs a file sink as the engine does, unit by unit, with the planner's decisions boiled down to
// what files need.
#pragma once

#include <unistd.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/spec/node_type.h"
#include "tests/support/batches.h"
#include "tests/support/bind_fake.h"
#include "tests/support/coverage_fake.h"
#include "tests/support/temp_folder.h"

namespace flowrun::testing {

/// Hour `number` of 1970 as a window.
[[nodiscard]] Unit hour(int number);
[[nodiscard]] Unit load_of(const std::string& id);
[[nodiscard]] Unit unplaced();

/// A node's sink on `path`, whose journal is `store`. The memory of stages is that of `memory`.
class FileRun {
 public:
  FileRun(const NodeType& type, BindFake::Given options, const std::string& fields,
          CoverageStore& store, const std::string& scratch);

  std::int64_t memory = 1 << 20;
  std::string plan_hash = "h1";
  int stretch = 0;  ///< hours without rows before the next window, covered with it
  InputSet inputs{{"in:a.csv", "print1"}};

  /// Makes the sink, asks what is covered, opens it: the start of a run or an attempt.
  void start();
  /// True where the unit is covered with this plan hash and these inputs.
  [[nodiscard]] bool is_done(const Unit& unit) const;
  /// begin and write, each batch encoded.
  void stage(const Unit& unit, const std::vector<BatchRef>& rows);
  void prepare(const Unit& unit);
  void commit(const Unit& unit) { sink_->commit(unit); }
  void abort(const Unit& unit) { sink_->abort(unit); }
  /// All of it, unless it is done; false where it was.
  bool put(const Unit& unit, const std::vector<BatchRef>& rows);
  bool put(const Unit& unit, const std::string& rows, std::uint64_t first = 0);
  void close(bool complete = true) { sink_->close(complete); }
  /// What covered() says, in short: "window 0-2h gen 1 rows 3; load x gen 1 rows 2".
  [[nodiscard]] std::string covered() const;
  [[nodiscard]] std::string steps() const;
  [[nodiscard]] std::string fields() const { return fields_; }
  [[nodiscard]] Sink& sink() { return *sink_; }

 private:
  Binding binding_;
  std::string fields_;
  SharedFake shared_;
  Log log_;
  SinkContext context_;
  std::unique_ptr<Sink> sink_;
  std::vector<Coverage> covered_;
  std::map<std::uint32_t, std::int64_t> written_;
};

/// Puts another file in stdout's place for a scope.
class StdoutTo {
 public:
  explicit StdoutTo(int fd) : saved_(::dup(STDOUT_FILENO)) { ::dup2(fd, STDOUT_FILENO); }
  ~StdoutTo() {
    ::dup2(saved_, STDOUT_FILENO);
    ::close(saved_);
  }
  StdoutTo(const StdoutTo&) = delete;
  StdoutTo& operator=(const StdoutTo&) = delete;

 private:
  int saved_;
};

/// The whole file; "(no file)" where there is none.
[[nodiscard]] std::string content(const std::string& path);
void put_content(const std::string& path, const std::string& text);
/// The names in a folder, sorted: "a.csv b.csv".
[[nodiscard]] std::string names_in(const std::string& folder);

}  // namespace flowrun::testing
