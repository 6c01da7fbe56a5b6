// postgres: writes rows into a table of a PostgreSQL database, each unit in one transaction with
// its commit marker.
#include <map>
#include <optional>
#include <utility>

#include "engine/core/error.h"
#include "engine/data/spool.h"
#include "nodes/catalog.h"
#include "nodes/postgres/relation_source.h"
#include "nodes/postgres/target.h"
#include "nodes/sinks/postgres_options.h"

namespace flowrun::nodes {
namespace {

using postgres::Target;

class PostgresSink final : public Sink {
 public:
  explicit PostgresSink(PostgresSinkSettings settings) : settings_(std::move(settings)) {}
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
  struct Staged {
    Spool rows;
    postgres::KeyTracker keys;
  };

  Target& target(const SinkContext& context);
  void run_all(const std::vector<std::string>& statements);
  void make_room(const Unit& unit, const Marker& marker);

  PostgresSinkSettings settings_;
  SinkContext context_;
  std::shared_ptr<Target> target_;
  std::optional<postgres::TableWriter> writer_;
  std::map<UnitKey, Staged> staged_;
  bool emptied_ =
      false;  ///< replace without windows: the old rows are gone, what comes now adds up
  bool emptying_ = false;
};

Binding bind_postgres(BindContext& context) {
  auto settings = postgres_sink_settings(context);
  if (!settings) return {};
  const auto& mode = context.options().text("mode");
  const bool windows = settings->window_column.has_value();
  Binding binding;
  binding.sink = {
      .target = "postgres:" + shown_address(settings->address) + "#" + settings->wish.table.shown(),
      .mode = mode,
      .idempotent = mode != "append",
      .key = settings->wish.needs_key ? settings->wish.key : std::vector<std::string>{},
      .replaces_by_unit = settings->writer.replaces && windows,
      .whole_table = settings->writer.replaces && !windows,
      .transaction = Target::name_of(settings->address),
      .versioned = context.options().has("version")};
  binding.make_target_source = [address = settings->address, table = settings->wish.table,
                                window = context.window_column(),
                                pipeline = context.pipeline()](const SchemaRef& schema) {
    auto plan = std::make_shared<postgres::RelationPlan>();
    plan->address = address;
    plan->pipeline = pipeline;
    plan->wish.table = table;
    if (!window.empty() && schema->index_of(window)) plan->wish.window_column = window;
    plan->schema = schema;
    return make_relation_source(std::move(plan));
  };
  binding.make_sink = [settings = std::move(*settings)] {
    return std::make_unique<PostgresSink>(settings);
  };
  return binding;
}

/// The target, connected; the caller takes its lock.
Target& PostgresSink::target(const SinkContext& context) {
  if (!target_) target_ = Target::shared(*context.shared, settings_.address);
  const auto guard = target_->lock();
  target_->connect();
  return *target_;
}

/// How rows will go in, as far as that can be said without them.
std::string way_of(const PostgresSinkSettings& settings) {
  const auto table = settings.wish.table.shown();
  switch (settings.writer.on_conflict) {
    case postgres::OnConflict::fail:
      return "write " + table + " by COPY straight into the table";
    case postgres::OnConflict::ignore:
      return "write " + table +
             " by COPY straight into the table while none of the keys is there, else by a "
             "temporary table and INSERT … ON CONFLICT DO NOTHING";
    case postgres::OnConflict::update:
      break;
  }
  if (settings.writer.deletes_first) {
    return "write " + table + " by a temporary table, DELETE and INSERT, as asked for";
  }
  return "write " + table +
         " by COPY straight into the table while none of the keys is there, else by a temporary "
         "table and MERGE";
}

std::vector<PlanStep> PostgresSink::steps(const SinkContext& context) {
  auto& target = this->target(context);
  const auto guard = target.lock();
  std::vector<PlanStep> steps;
  for (const auto& sql : settings_.before) steps.push_back({.text = "before: " + sql});
  const auto found = look_up(target.connection(), settings_.wish.table).has_value();
  // What `before` makes is not there yet.
  const auto statements = found || settings_.before.empty()
                              ? plan_table(target.connection(), settings_.wish)
                              : plan_new_table(settings_.wish);
  for (const auto& statement : statements) steps.push_back({.text = statement});
  if (settings_.writer.replaces && !settings_.window_column && found) {
    steps.push_back({.text = "delete from " + settings_.wish.table.quoted(), .destructive = true});
  }
  steps.push_back({.text = way_of(settings_)});
  for (const auto& sql : settings_.after) steps.push_back({.text = "after: " + sql});
  return steps;
}

std::vector<Coverage> PostgresSink::covered(const SinkContext& context) {
  auto& target = this->target(context);
  const auto guard = target.lock();
  const auto table = look_up(target.connection(), settings_.wish.table);
  if (!table) return {};
  return target.coverage().load(context.key, table->name.shown());
}

std::int64_t PostgresSink::epoch(const SinkContext& context) {
  auto& target = this->target(context);
  const auto guard = target.lock();
  return target.coverage().epoch(context.key.pipeline, context.key.instance);
}

void PostgresSink::run_all(const std::vector<std::string>& statements) {
  if (statements.empty()) return;
  target_->change([&] {
    for (const auto& sql : statements) target_->connection().execute_all(sql);
  });
}

void PostgresSink::open(const SinkContext& context) {
  context_ = context;
  writer_.reset();
  target_.reset();  // what was asked before may have come from another run's objects
  auto& target = this->target(context);
  const auto guard = target.lock();
  auto& connection = target.connection();
  const postgres::CancelOnStop cancel(connection, context.stop);
  run_all(settings_.before);
  // Most runs find all as it was, and need no lock to see it.
  if (!look_up(connection, settings_.wish.table) ||
      !plan_table(connection, settings_.wish).empty()) {
    target.change([&] {
      const bool was_there = look_up(connection, settings_.wish.table).has_value();
      for (const auto& sql : plan_table(connection, settings_.wish)) connection.execute(sql);
      target.coverage().create();
      if (was_there) return;
      target.coverage().drop_table(look_up(connection, settings_.wish.table)->name.shown());
    });
  } else {
    target.change([&] { target.coverage().create(); });
  }
  writer_.emplace(target, settings_.writer, *context.log);
}

void PostgresSink::begin(const Unit& unit) {
  const auto [entry, fresh] = staged_.try_emplace(
      {unit.attempt, unit.index}, Staged{.rows = Spool(context_.memory, context_.spool_directory),
                                         .keys = postgres::KeyTracker(writer_->key_fields())});
  if (!fresh) bug("{} was begun twice", unit.shown());
}

void PostgresSink::write(const Unit& unit, std::unique_ptr<Encoded> rows) {
  auto& staged = staged_.at({unit.attempt, unit.index});
  if (settings_.wish.needs_key) staged.keys.add(*rows->batch);
  staged.rows.add(std::move(rows->batch));
}

void PostgresSink::prepare(const Unit& unit, const Marker& marker, const Refuse& refuse) {
  const auto staged = staged_.find({unit.attempt, unit.index});
  if (staged == staged_.end()) bug("{} was never begun", unit.shown());
  const auto guard = target_->join(unit, this, *context_.log);
  const postgres::CancelOnStop cancel(target_->connection(), context_.stop);
  auto& coverage = target_->coverage();
  const auto& table = writer_->table();
  coverage.write(marker, table);
  target_->expect(marker, table);
  writer_->hold();
  if (settings_.writer.replaces) make_room(unit, marker);
  const auto refused = writer_->write(staged->second.rows, staged->second.keys, refuse);
  if (refused != 0) coverage.set_rows(marker, table, staged->second.rows.rows() - refused);
  staged_.erase(staged);
}

void PostgresSink::make_room(const Unit& unit, const Marker& marker) {
  auto& connection = target_->connection();
  const auto& table = settings_.wish.table;
  if (settings_.window_column) {
    const auto& column = *settings_.window_column;
    connection.execute(unit.kind == UnitKind::window
                           ? delete_window(table, column, marker.coverage.interval)
                           : delete_unplaced(table, column));
    return;
  }
  target_->coverage().drop_other_loads(marker, writer_->table());
  if (emptied_) return;
  connection.execute("delete from " + table.quoted());
  emptying_ = true;
}

void PostgresSink::commit(const Unit& unit) {
  target_->commit(unit, this);
  emptied_ = emptied_ || emptying_;
  emptying_ = false;
}

void PostgresSink::abort(const Unit& unit) noexcept {
  staged_.erase({unit.attempt, unit.index});
  if (target_) target_->abort(unit, this);
  emptying_ = false;
}

void PostgresSink::close(bool complete) {
  staged_.clear();
  const auto guard = target_->lock();
  // After a lost connection there is nothing to tidy up; the next run does.
  if (!complete && !target_->connection().alive()) return;
  target_->coverage().compact(context_.key, writer_->table());
  if (complete) run_all(settings_.after);
}

}  // namespace

NodeType postgres_sink() { return {postgres_sink_spec(), bind_postgres}; }

}  // namespace flowrun::nodes
