// sqlite: writes rows into a table of an SQLite file, each unit in one transaction with its commit
// marker.
#include <map>
#include <optional>
#include <utility>

#include "engine/core/error.h"
#include "engine/data/spool.h"
#include "nodes/catalog.h"
#include "nodes/sinks/sqlite_options.h"
#include "nodes/sqlite/relation_source.h"
#include "nodes/sqlite/row_inserter.h"
#include "nodes/sqlite/target.h"

namespace flowrun::nodes {
namespace {

class SqliteSink final : public Sink {
 public:
  explicit SqliteSink(SqliteSinkSettings settings) : settings_(std::move(settings)) {}
  ~SqliteSink() override { let_go(); }
  SqliteSink(const SqliteSink&) = delete;
  SqliteSink& operator=(const SqliteSink&) = delete;
  std::vector<PlanStep> steps(const SinkContext& context) override;
  std::vector<Coverage> covered(const SinkContext& context) override;
  std::int64_t epoch(const SinkContext& context) override;
  void open(const SinkContext& context) override;
  void begin(const Unit& unit) override;
  void write(const Unit& unit, std::unique_ptr<Encoded> rows) override;
  void prepare(const Unit& unit, const Marker& marker, const Refuse& refuse) override;
  void commit(const Unit& unit) override;
  void abort(const Unit& unit) noexcept override;
  void close(bool complete) override;

 private:
  using UnitKey = std::pair<std::int32_t, std::uint32_t>;  // attempt, index

  SqliteTarget& target(const SinkContext& context);
  void let_go();
  void make_room(const Unit& unit, const Marker& marker);

  SqliteSinkSettings settings_;
  SinkContext context_;
  std::shared_ptr<SqliteTarget> target_;
  std::map<UnitKey, Spool> staged_;
  std::optional<RowInserter> inserter_;
  bool emptied_ =
      false;  ///< replace without windows: the old rows are gone, what comes now adds up
  bool emptying_ = false;
};

Binding bind_sqlite(BindContext& context) {
  auto settings = sqlite_sink_settings(context);
  if (!settings) return {};
  const auto& options = context.options();
  const auto& mode = options.text("mode");
  const bool windows = settings->window_column.has_value();
  Binding binding;
  binding.sink = {.target = settings->path + "#" + settings->wish.table,
                  .mode = mode,
                  .idempotent = mode != "append",
                  .key = settings->wish.needs_key ? settings->wish.key : std::vector<std::string>{},
                  .replaces_by_unit = settings->replace && windows,
                  .whole_table = settings->replace && !windows,
                  .transaction = "sqlite:" + settings->path,
                  .versioned = options.has("version")};
  binding.make_target_source = [path = settings->path,
                                table = settings->wish.table](const SchemaRef& schema) {
    return make_relation_source(
        {.path = path, .shown = path, .table = table, .any_order = true, .empty_if_missing = true},
        schema);
  };
  binding.make_sink = [settings = std::move(*settings)] {
    return std::make_unique<SqliteSink>(settings);
  };
  return binding;
}

SqliteTarget& SqliteSink::target(const SinkContext& context) {
  if (!target_) {
    target_ = SqliteTarget::shared(*context.shared, settings_.path);
    const auto guard = target_->lock();
    target_->raise_busy_timeout(settings_.busy_timeout);
  }
  return *target_;
}

std::vector<PlanStep> SqliteSink::steps(const SinkContext& context) {
  auto& target = this->target(context);
  const auto guard = target.lock();
  auto* connection = target.open_existing() ? &target.connection() : nullptr;
  std::vector<PlanStep> steps;
  for (auto& statement : plan_table(connection, settings_.wish, settings_.path)) {
    steps.push_back({.text = std::move(statement)});
  }
  if (settings_.replace && !settings_.window_column && steps.empty()) {
    steps.push_back({.text = "delete from " + sqlite::quote_identifier(settings_.wish.table),
                     .destructive = true});
  }
  return steps;
}

std::vector<Coverage> SqliteSink::covered(const SinkContext& context) {
  auto& target = this->target(context);
  const auto guard = target.lock();
  if (!target.open_existing()) return {};
  return target.coverage().load(context.key, settings_.wish.table);
}

std::int64_t SqliteSink::epoch(const SinkContext& context) {
  auto& target = this->target(context);
  const auto guard = target.lock();
  if (!target.open_existing()) return 0;
  return target.coverage().epoch(context.key.pipeline, context.key.instance);
}

void SqliteSink::open(const SinkContext& context) {
  context_ = context;
  let_go();
  target_.reset();  // what was asked before may have come from another run's objects
  auto& target = this->target(context);
  const auto guard = target.lock();
  if (settings_.wish.create) target.open_or_create();
  auto* found = target.open_existing() ? &target.connection() : nullptr;
  const auto statements = plan_table(found, settings_.wish, settings_.path);
  auto& connection = target.connection();
  {
    sqlite::Transaction transaction(connection);
    target.coverage().create();
    if (!statements.empty() && statements.front().starts_with("create")) {
      target.coverage().drop_table(settings_.wish.table);
    }
    for (const auto& statement : statements) connection.execute(statement);
    transaction.commit();
  }
  inserter_.emplace(connection, settings_.insert, settings_.key);
}

void SqliteSink::begin(const Unit& unit) {
  const auto [entry, fresh] =
      staged_.try_emplace({unit.attempt, unit.index}, context_.memory, context_.spool_directory);
  if (!fresh) bug("{} was begun twice", unit.shown());
}

void SqliteSink::write(const Unit& unit, std::unique_ptr<Encoded> rows) {
  staged_.at({unit.attempt, unit.index}).add(std::move(rows->batch));
}

void SqliteSink::prepare(const Unit& unit, const Marker& marker, const Refuse& refuse) {
  const auto staged = staged_.find({unit.attempt, unit.index});
  if (staged == staged_.end()) bug("{} was never begun", unit.shown());
  const auto guard = target_->join(unit, this);
  auto& coverage = target_->coverage();
  coverage.write(marker, settings_.wish.table);
  target_->expect(marker, settings_.wish.table);
  if (settings_.replace) make_room(unit, marker);
  std::int64_t refused = 0;
  staged->second.for_each([&](const BatchRef& batch) {
    std::vector<Reject> rejects;
    inserter_->insert(*batch, rejects);
    refused += static_cast<std::int64_t>(rejects.size());
    if (!rejects.empty()) refuse(std::move(rejects));
  });
  coverage.set_rows(marker, settings_.wish.table, staged->second.rows() - refused);
  staged_.erase(staged);
}

void SqliteSink::make_room(const Unit& unit, const Marker& marker) {
  auto& connection = target_->connection();
  if (settings_.window_column) {
    const auto& column = *settings_.window_column;
    connection.execute(unit.kind == UnitKind::window
                           ? delete_window(settings_.wish.table, column, marker.coverage.interval)
                           : delete_unplaced(settings_.wish.table, column));
    return;
  }
  target_->coverage().drop_other_loads(marker, settings_.wish.table);
  if (emptied_) return;
  connection.execute("delete from " + sqlite::quote_identifier(settings_.wish.table));
  emptying_ = true;
}

void SqliteSink::commit(const Unit& unit) {
  target_->commit(unit, this);
  emptied_ = emptied_ || emptying_;
  emptying_ = false;
}

void SqliteSink::abort(const Unit& unit) noexcept {
  staged_.erase({unit.attempt, unit.index});
  if (target_) target_->abort(unit, this);
  emptying_ = false;
}

void SqliteSink::close(bool /*complete*/) {
  staged_.clear();
  {
    const auto guard = target_->lock();
    target_->coverage().compact(context_.key, settings_.wish.table);
  }
  let_go();
}

/// Ends the statements while nobody else uses the connection that they belong to.
void SqliteSink::let_go() {
  if (!target_ || !inserter_) return;
  const auto guard = target_->lock();
  inserter_.reset();
}

}  // namespace

NodeType sqlite_sink() { return {sqlite_sink_spec(), bind_sqlite}; }

}  // namespace flowrun::nodes
