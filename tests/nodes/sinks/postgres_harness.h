// One postgres sink as the engine drives it, and a look at the database from outside.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "nodes/catalog.h"
#include "nodes/postgres/connection.h"
#include "tests/support/batches.h"
#include "tests/support/bind_fake.h"
#include "tests/support/temp_folder.h"

namespace flowrun::testing {

/// The objects of one run.
class PostgresObjects final : public SharedObjects {
 public:
  std::shared_ptr<void> get(const std::string& name,
                            std::shared_ptr<void> (*make)(const std::string&)) override {
    auto& object = objects_[name];
    if (!object) object = make(name);
    return object;
  }

 private:
  std::map<std::string, std::shared_ptr<void>> objects_;
};

/// What a test says of a sink; table "t", made where it is missing, unless `options` say otherwise.
struct PostgresSinkSetup {
  std::string fields;  ///< of the input, as batch_of() takes them
  BindFake::Given options;
  std::string window = {};        ///< the window column
  std::vector<bool> sparse = {};  ///< columns made by a pivot
  std::string sink = "sink";      ///< its name in the pipeline
  std::int64_t epoch = 1;
  std::string instance = {};
  std::string url = {};  ///< the test's server's unless given
  std::shared_ptr<PostgresObjects> objects = std::make_shared<PostgresObjects>();
};

/// Binds; problems as BindFake shows them, "" where there are none.
[[nodiscard]] std::string bind_problems(const PostgresSinkSetup& setup);

/// Drives one sink through units of a run.
class PostgresSinkRun {
 public:
  /// Throws std::runtime_error where binding has problems.
  explicit PostgresSinkRun(const PostgresSinkSetup& setup);

  [[nodiscard]] Sink& sink() { return *sink_; }
  [[nodiscard]] SinkContext& context() { return context_; }
  [[nodiscard]] const SinkFacts& facts() const { return facts_; }
  void open() { sink_->open(context_); }
  /// What the sink logged, one line each.
  [[nodiscard]] const std::string& logged() const { return *logged_; }

  [[nodiscard]] Unit window(Micros from, Micros until) const;
  [[nodiscard]] Unit load(const std::string& id) const;
  [[nodiscard]] Marker marker(const Unit& unit, std::int64_t rows = 0) const;

  /// begin, write, prepare with CSV rows; the rejects.
  std::vector<Reject> prepare(const Unit& unit, const std::string& rows, std::int64_t replaces = 0);
  /// The same with batches.
  std::vector<Reject> prepare_batches(const Unit& unit, const std::vector<BatchRef>& batches,
                                      std::int64_t replaces = 0);
  /// prepare and commit; the rejects as "column: reason" lines.
  std::string write(const Unit& unit, const std::string& rows, std::int64_t replaces = 0);

 private:
  std::string fields_;
  SinkFacts facts_;
  std::shared_ptr<PostgresObjects> objects_;
  std::shared_ptr<std::string> logged_ = std::make_shared<std::string>();
  std::shared_ptr<TempFolder> folder_ = std::make_shared<TempFolder>();
  Log log_;
  std::unique_ptr<Sink> sink_;
  SinkContext context_;
};

/// An empty database: no tables but the catalogue's, no coverage.
void wipe();
/// Rows of a query as "a|b|c" lines, null as "-".
[[nodiscard]] std::string ask(const std::string& sql);
/// Runs statements.
void tell(const std::string& sql);

}  // namespace flowrun::testing
