#include "nodes/postgres/journal/run_rows.h"

#include <unistd.h>

#include <random>

#include "engine/state/journal_words.h"
#include "engine/state/target_coverage.h"
#include "nodes/postgres/journal/unit_rows.h"
#include "nodes/postgres/journal/values.h"

namespace flowrun::postgres {
namespace {

constexpr int kIdAttempts = 1000;

constexpr const char* kRunColumns =
    "select id, pipeline, instance, path, file_hash, plan_hash, params, now, state, reason, "
    "started, ended, pid, host, epoch, totals, watermark, heartbeat from flowrun_journal.runs ";

RunRecord read_run(const Result& rows, int row) {
  RunRecord run{.id = rows.string(row, 0)};
  run.start = {.pipeline = rows.string(row, 1),
               .instance = rows.string(row, 2),
               .path = rows.string(row, 3),
               .file_hash = rows.string(row, 4),
               .plan_hash = rows.string(row, 5),
               .params = rows.string(row, 6),
               .now = read_moment(rows, row, 7)};
  run.state = parse_run_state(rows.text(row, 8));
  run.reason = rows.string(row, 9);
  run.started = read_moment(rows, row, 10);
  run.ended = read_moment(rows, row, 11);
  run.pid = rows.int64(row, 12);
  run.host = rows.string(row, 13);
  run.epoch = rows.int64(row, 14);
  run.totals = rows.string(row, 15);
  if (!rows.is_null(row, 16)) run.watermark = read_moment(rows, row, 16);
  run.heartbeat = read_moment(rows, row, 17);
  return run;
}

std::int64_t any_number() {
  std::random_device random;
  return static_cast<std::int64_t>((std::uint64_t{random()} << 32U | random()) >> 1U);
}

void replace_nodes(Connection& connection, const std::string& run,
                   const std::vector<NodeCounts>& nodes) {
  connection.execute("delete from flowrun_journal.nodes where run = $1", {run});
  Rows rows({"int", "text", "text", "bigint", "bigint", "bigint", "bigint", "bigint", "bigint",
             "bigint", "bigint", "bigint", "bigint", "bigint"});
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const auto& [node, type, counts, busy, blocked, idle] = nodes[i];
    Parameters values{number(static_cast<std::int64_t>(i)), text(node), text(type)};
    append_counts(values, counts);
    for (const auto time : {busy, blocked, idle}) values.push_back(number(time));
    rows.add(values);
  }
  connection.execute(
      "insert into flowrun_journal.nodes (run, position, node, type, rows_in, "
      "passed, absorbed, filtered, rejected, skipped, made, rows_out, busy_ns, "
      "blocked_ns, idle_ns) select $1, * from " +
          rows.sql(2),
      rows.parameters({run}));
}

}  // namespace

std::string RunRows::start(const RunStart& start, std::int64_t epoch) {
  const auto nonce = any_number();  // tells a repeated insert from a stranger's
  std::string id;
  server_->transact([&](Connection& connection) {
    const JournalServer::Owner owner{start.pipeline, start.instance};
    if (const auto newest = newest_epoch(connection, owner); newest > epoch) {
      throw Error(Errc::lease, "{}: a newer run has taken over (epoch {} after {})",
                  shown_instance(owner.first, owner.second), newest, epoch);
    }
    const auto before = connection.execute(
        "select id from flowrun_journal.runs where pipeline = $1 and instance = $2 and nonce = "
        "$3::bigint",
        {text(owner.first), text(owner.second), number(nonce)});
    if (before.rows() == 1) {
      id = before.string(0, 0);
      return;
    }
    for (int attempt = 0; attempt < kIdAttempts; ++attempt) {
      id = make_run_id(server_->now());
      const auto done = connection.execute(
          "insert into flowrun_journal.runs (id, pipeline, instance, path, file_hash, plan_hash, "
          "params, now, state, started, heartbeat, pid, host, epoch, nonce) values ($1, $2, $3, "
          "$4, "
          "$5, $6, $7::jsonb, $8::timestamptz, 'running', $9::timestamptz, clock_timestamp(), "
          "$10::bigint, $11, $12::bigint, $13::bigint) on conflict (id) do nothing",
          {id, text(owner.first), text(owner.second), text(start.path), text(start.file_hash),
           text(start.plan_hash), json(start.params), moment(start.now), moment(server_->now()),
           number(::getpid()), text(host_name()), number(epoch), number(nonce)});
      if (done.touched() == 1) return;
    }
    bug("no free run id at {}", format_timestamptz(server_->now()));
  });
  return id;
}

void RunRows::end(const std::string& run, RunState state, const std::string& reason,
                  const std::string& totals, const std::vector<NodeCounts>& nodes) {
  flush();
  const auto now = server_->now();
  server_->transact([&](Connection& connection) {
    connection.execute(
        "update flowrun_journal.units set state = 'aborted', ended = $2::timestamptz where run = "
        "$1 "
        "and state not in ('journalled', 'aborted', 'failed')",
        {run, moment(now)});
    replace_nodes(connection, run, nodes);
    const auto watermark = watermark_of(read_units(connection, run), state);
    // A run that was taken over stays as its successor marked it.
    const auto done = connection.execute(
        "update flowrun_journal.runs set state = case when ended is null then $2 else state end, "
        "reason = case when ended is null then $3 else reason end, ended = coalesce(ended, "
        "$5::timestamptz), totals = $4::jsonb, watermark = $6::timestamptz where id = $1",
        {run, to_string(state), text(reason), json(totals), moment(now),
         watermark ? Parameter(format_timestamptz(*watermark)) : std::nullopt});
    if (done.touched() != 1) bug("run {} ended and was never started", run);
  });
}

void RunRows::put_unit(const std::string& run, const UnitRecord& unit) {
  const std::lock_guard guard(mutex_);
  pending_.put(run, unit, server_->now());
  if (pending_.is_due()) flush_locked();
}

void RunRows::flush() {
  const std::lock_guard guard(mutex_);
  flush_locked();
}

void RunRows::flush_locked() {
  if (pending_.empty()) return;
  Rows rows(unit_types());
  for (const auto& [key, record] : pending_.all()) {
    rows.add(unit_values(std::get<0>(key), record));
  }
  server_->perform([&](Connection& connection) { put_units(connection, rows); });
  pending_.clear();
}

std::vector<RunRecord> RunRows::list(const RunFilter& filter) {
  std::vector<RunRecord> runs;
  server_->perform([&](Connection& connection) {
    const auto rows = connection.execute(
        std::string(kRunColumns) +
            "where ($1 = '' or pipeline = $1) and ($2::text is null or instance = $2) order by "
            "started desc, number desc limit $3::bigint",
        {text(filter.pipeline), filter.instance ? text(*filter.instance) : std::nullopt,
         number(filter.limit)});
    runs.clear();
    for (int i = 0; i < rows.rows(); ++i) runs.push_back(read_run(rows, i));
  });
  return runs;
}

std::optional<RunRecord> RunRows::find(const std::string& id) {
  std::optional<RunRecord> found;
  if (id.empty()) return found;
  server_->perform([&](Connection& connection) {
    const auto rows = connection.execute(
        std::string(kRunColumns) +
            "where id = $1 or starts_with(id, $1) or right(id, length($1)) = $1 order by id = $1 "
            "desc limit 2",
        {text(id)});
    found.reset();
    if (rows.rows() == 0) return;
    auto run = read_run(rows, 0);
    if (run.id == id || rows.rows() == 1) found = std::move(run);
  });
  return found;
}

std::vector<UnitRecord> RunRows::units(const std::string& run) {
  flush();
  std::vector<UnitRecord> units;
  server_->perform([&](Connection& connection) { units = read_units(connection, run); });
  return units;
}

std::vector<NodeCounts> RunRows::nodes(const std::string& run) {
  std::vector<NodeCounts> nodes;
  server_->perform([&](Connection& connection) {
    const auto rows = connection.execute(
        "select node, type, busy_ns, blocked_ns, idle_ns, rows_in, passed, absorbed, filtered, "
        "rejected, skipped, made, rows_out from flowrun_journal.nodes where run = $1 order by "
        "position",
        {text(run)});
    nodes.clear();
    for (int i = 0; i < rows.rows(); ++i) {
      nodes.push_back({.node = rows.string(i, 0),
                       .type = rows.string(i, 1),
                       .rows = read_counts(rows, i, 5),
                       .busy = rows.int64(i, 2),
                       .blocked = rows.int64(i, 3),
                       .idle = rows.int64(i, 4)});
    }
  });
  return nodes;
}

JournalServer::Owner RunRows::owner(const std::string& run) {
  const std::lock_guard guard(owners_mutex_);
  auto& owner = owners_[run];
  if (!owner.first.empty()) return owner;
  server_->perform([&](Connection& connection) {
    const auto row = connection.execute(
        "select pipeline, instance from flowrun_journal.runs where id = $1", {text(run)});
    if (row.rows() == 0) bug("run {} is not in the journal", run);
    owner = {row.string(0, 0), row.string(0, 1)};
  });
  return owner;
}

}  // namespace flowrun::postgres
