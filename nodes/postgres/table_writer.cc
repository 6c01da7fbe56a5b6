#include "nodes/postgres/table_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/core/error.h"
#include "nodes/postgres/refused_rows.h"
#include "nodes/postgres/table_plan.h"

namespace flowrun::postgres {
namespace {

/// Bytes that are sent at once; the server reads 8 kB at a time.
constexpr std::size_t kPiece = 256 << 10;
/// Rows that are looked at to know the mix, and the share of unchanged ones from which it pays to
/// leave them out beforehand (measured: below about 0.8 the additional join costs more).
constexpr std::int64_t kSampleRows = 200;
constexpr double kMostlyKnown = 0.85;
/// MERGE came with this version.
constexpr int kMergeVersion = 15;
constexpr int kInfiniteNumerics = 14;

/// Unique indexes and exclusions, those with conditions and expressions included, and triggers:
/// what may make rows of two writers wait for each other in an order that is not the key's.
constexpr const char* kHindrances =
    "select (select count(*) from pg_index where indrelid = $1::oid and (indisunique or "
    "indisexclusion)), exists (select from pg_trigger where tgrelid = $1::oid and not "
    "tgisinternal)";
constexpr const char* kCollations =
    "select a.attname, quote_ident(n.nspname) || '.' || quote_ident(c.collname) from pg_attribute "
    "a "
    "join pg_collation c on c.oid = a.attcollation join pg_namespace n on n.oid = c.collnamespace "
    "where a.attrelid = $1::oid and a.attnum > 0 and c.collname <> 'default'";

}  // namespace

TableWriter::TableWriter(Target& target, WriterSettings settings, Log& log)
    : target_(&target), settings_(std::move(settings)), log_(&log) {
  look_up_table();
  stage_ = target.new_stage_name();
}

void TableWriter::look_up_table() {
  auto& connection = target_->connection();
  const auto relation = look_up(connection, settings_.table);
  if (!relation) {
    throw Error(Errc::io, "table {} is gone", settings_.table.shown());
  }
  oid_ = relation->oid;
  shown_ = relation->name.shown();
  make_up_ = make_up_of(connection, relation->name);
  wish_ = {.table = relation->name,
           .columns = {},
           .on_conflict = settings_.on_conflict,
           .version = settings_.version,
           .stored_wins = settings_.stored_wins};
  make_columns(*relation);
  const auto lock = lock_for(*relation);
  is_locked_alone_ = lock == WriterLock::none;
  target_->announce(oid_, lock);
}

void TableWriter::make_columns(const Relation& relation) {
  std::map<std::string, std::string> collations;
  const auto rows = target_->connection().execute(kCollations, {std::to_string(oid_)});
  for (int i = 0; i < rows.rows(); ++i) collations.emplace(rows.string(i, 0), rows.string(i, 1));
  std::vector<CopyForm> forms;
  std::vector<CheckedColumn> checks;
  for (std::size_t i = 0; i < settings_.schema->size(); ++i) {
    const auto& field = settings_.schema->field(i);
    const auto* column = relation.find(field.name);
    const auto form = column == nullptr ? std::nullopt : form_of(field.type, *column);
    if (!form) throw Error(Errc::io, "column \"{}\" of table {} was changed", field.name, shown_);
    WrittenColumn written{.column = *column, .form = *form};
    written.is_key =
        std::find(settings_.key.begin(), settings_.key.end(), field.name) != settings_.key.end();
    written.keeps_nulls = i < settings_.keep_nulls.size() && settings_.keep_nulls[i];
    const auto collation = collations.find(field.name);
    if (collation != collations.end() && form->staged_type == "text") {
      written.form.staged_type += " collate " + collation->second;
    }
    can_go_directly_ = can_go_directly_ && form->direct;
    forms.push_back(written.form);
    checks.push_back({.form = written.form,
                      .is_key = written.is_key,
                      .needs_value = column->not_null && !relation.has_triggers});
    wish_.columns.push_back(std::move(written));
  }
  check_.emplace(std::move(checks), target_->connection().version() >= kInfiniteNumerics);
  direct_.emplace(forms, false);
  auto staged = forms;
  // A staging column of text takes the text as it is.
  for (auto& form : staged) {
    if (form.wire == CellForm::jsonb) form.wire = CellForm::text;
  }
  numbered_.emplace(std::move(staged), true);
}

WriterLock TableWriter::lock_for(const Relation& relation) {
  if (settings_.replaces) return WriterLock::exclusive;
  const auto found = target_->connection().execute(kHindrances, {std::to_string(oid_)});
  const auto indexes = found.int64(0, 0);
  const bool triggers = found.boolean(0, 1);
  if (settings_.on_conflict == OnConflict::fail) {
    const auto arrives = [&](const std::vector<std::string>& names) {
      return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
        return settings_.schema->index_of(name).has_value();
      });
    };
    const bool hidden = indexes > static_cast<std::int64_t>(relation.unique_keys.size());
    const bool may_meet =
        hidden || triggers ||
        std::any_of(relation.unique_keys.begin(), relation.unique_keys.end(), arrives);
    return may_meet ? WriterLock::exclusive : WriterLock::none;
  }
  return indexes > 1 || triggers || settings_.deletes_first ? WriterLock::exclusive
                                                            : WriterLock::ordered;
}

std::vector<std::size_t> TableWriter::key_fields() const {
  std::vector<std::size_t> fields;
  for (std::size_t i = 0; i < wish_.columns.size(); ++i) {
    if (wish_.columns[i].is_key) fields.push_back(i);
  }
  return fields;
}

/// True where two values that differ here differ on the server, too.
bool TableWriter::can_tell_keys_apart() const {
  static constexpr std::array kPlain{kBoolOid,      kInt2Oid,        kInt4Oid,    kInt8Oid,
                                     kNumericOid,   kTextOid,        kVarcharOid, kDateOid,
                                     kTimestampOid, kTimestamptzOid, kByteaOid};
  return std::all_of(wish_.columns.begin(), wish_.columns.end(), [&](const WrittenColumn& each) {
    const bool plain = std::find(kPlain.begin(), kPlain.end(), each.column.type) != kPlain.end();
    const bool rounded = each.form.wire == CellForm::numeric && each.form.precision > 0;
    return !each.is_key ||
           (plain && !rounded && each.form.staged_type.find(" collate ") == std::string::npos);
  });
}

void TableWriter::hold() {
  auto& connection = target_->connection();
  connection.execute(fmt::format("set local lock_timeout = {}", settings_.lock_timeout / 1000));
  try {
    connection.execute("lock table " + wish_.table.quoted() + " in row exclusive mode");
  } catch (const ServerError& error) {
    if (error.sqlstate() == "55P03") fail_locked(error);
    if (error.sqlstate() != "42P01") throw;
    throw Error(Errc::io, "table {} was dropped while the run was on", shown_);
  }
  if (make_up_of(connection, wish_.table) == make_up_) return;
  throw Error(Errc::io, "table {} was changed, or made anew, while the run was on", shown_);
}

void TableWriter::fail_locked(const ServerError& error) {
  auto& connection = target_->connection();
  connection.roll_back();
  const auto holders = connection.execute(
      "select string_agg(format('process %s of %s (%s, %s since %s)', a.pid, a.usename, "
      "coalesce(nullif(a.application_name, ''), 'no name'), a.state, date_trunc('second', "
      "a.state_change)), '; ') from (select distinct pid from pg_locks where relation = $1::oid "
      "and "
      "granted and pid <> pg_backend_pid()) l join pg_stat_activity a using (pid)",
      {std::to_string(oid_)});
  throw Error(Errc::io, "table {} stayed locked for longer than lock_timeout{}: {}", shown_,
              holders.is_null(0, 0) ? "" : " by " + holders.string(0, 0), error.what());
}

std::int64_t TableWriter::write(Spool& rows, KeyTracker& keys, const Refuse& refuse) {
  Load load{.rows = &rows, .refuse = &refuse};
  if (rows.rows() == 0) return 0;
  const bool is_alone = is_locked_alone_ || target_->is_alone(oid_);
  if (settings_.on_conflict == OnConflict::fail) {
    if (!can_go_directly_ || !write_directly(load, "rows are added")) write_staged(load, true);
  } else {
    const bool unique = can_tell_keys_apart() && keys.all_differ();
    const bool goes = can_go_directly_ && unique && is_alone && hopes_ && none_is_there(keys);
    const auto why = fmt::format("none of {} keys looked up is there", keys.sample().size());
    if (!goes || !write_directly(load, why)) write_staged(load, unique);
  }
  return load.refused;
}

bool TableWriter::none_is_there(KeyTracker& keys) {
  Parameters parameters;
  for (const auto& key : keys.sample()) parameters.insert(parameters.end(), key.begin(), key.end());
  if (parameters.empty()) return true;
  return target_->connection()
             .execute(count_keys(wish_, keys.sample().size()), parameters)
             .int64(0, 0) == 0;
}

/// False, and nothing written, where the server refused a row: which one shows in the stage.
bool TableWriter::write_directly(Load& load, const std::string& why) {
  auto& connection = target_->connection();
  connection.execute("savepoint flowrun_rows");
  try {
    copy(load, copy_into_table(wish_), *direct_);
  } catch (const ServerError& error) {
    if (!error.is_refused_row()) throw;
    connection.execute_all("rollback to savepoint flowrun_rows; release savepoint flowrun_rows");
    hopes_ = false;
    log_->debug("{}: a COPY straight in was refused: {}", shown_, error.what());
    return false;
  }
  connection.execute("release savepoint flowrun_rows");
  say(load, "COPY straight into the table, as " + why);
  return true;
}

void TableWriter::write_staged(Load& load, bool unique) {
  auto& connection = target_->connection();
  stage(load);
  connection.execute("savepoint flowrun_rows");
  try {
    for (const auto& statement : statements(load, unique)) connection.execute(statement);
  } catch (const ServerError& error) {
    // 21000: two rows of one key that only the server takes for one.
    if (!error.is_refused_row() && error.sqlstate() != "21000") throw;
    connection.execute("rollback to savepoint flowrun_rows");
    log_->debug("{}: the server refused a row, which is looked for: {}", shown_, error.what());
    search(load);
    refuse_bad(load);
  }
  connection.execute("release savepoint flowrun_rows");
}

void TableWriter::stage(Load& load) {
  auto& connection = target_->connection();
  connection.execute(create_stage(wish_, stage_));
  while (true) {
    connection.execute("savepoint flowrun_stage");
    try {
      copy(load, copy_into_stage(wish_, stage_), *numbered_);
      connection.execute("release savepoint flowrun_stage");
      return;
    } catch (const ServerError& error) {
      if (!error.is_refused_row() || !note_refused_line(error, load.bad)) throw;
      connection.execute_all(
          "rollback to savepoint flowrun_stage; release savepoint flowrun_stage");
    }
  }
}

std::vector<std::string> TableWriter::statements(const Load& load, bool unique) {
  StagedRows rows{.table = stage_, .unique = unique};
  const bool is_alone = is_locked_alone_ || target_->is_alone(oid_);
  const auto staging = "staging" + std::string(unique ? "" : ", the last of each key");
  const bool updates = std::any_of(wish_.columns.begin(), wish_.columns.end(),
                                   [](const auto& column) { return !column.is_key; });
  if (settings_.on_conflict != OnConflict::update || !updates) {
    const bool keyed = settings_.on_conflict != OnConflict::fail;
    say(load, keyed ? staging + ", insert on conflict do nothing" : "staging, insert");
    return {insert_staged(wish_, rows, keyed && !is_alone)};
  }
  if (settings_.deletes_first) {
    say(load, staging + ", delete and insert, as asked for");
    return {delete_staged(wish_, rows), insert_staged(wish_, rows, false)};
  }
  rows.only_new = mostly_known(load.sendable);
  const auto less = std::string(rows.only_new ? " of what is not there as it is" : "");
  if (is_alone && target_->connection().version() >= kMergeVersion && can_tell_keys_apart()) {
    say(load, staging + ", merge" + less);
    return {merge_staged(wish_, rows)};
  }
  say(load, staging + ", insert on conflict do update" + less +
                (is_alone ? "" : ", in the order of keys, as others write the table, too"));
  return {insert_staged(wish_, rows, !is_alone)};
}

bool TableWriter::mostly_known(std::int64_t rows) {
  const auto found = target_->connection().execute(sample_staged(wish_, stage_, rows, kSampleRows));
  const auto looked = static_cast<double>(found.int64(0, 0));
  return looked > 0 && static_cast<double>(found.int64(0, 1)) >= kMostlyKnown * looked;
}

/// The bad rows, by halves: what goes in stays in.
void TableWriter::search(Load& load) {
  auto& connection = target_->connection();
  const bool by_key =
      settings_.on_conflict != OnConflict::fail && !is_locked_alone_ && !target_->is_alone(oid_);
  connection.execute("create index if not exists " + stage_ + "_r on " + stage_ + " (r)");
  if (by_key) {
    for (const auto& statement : order_stage(wish_, stage_)) connection.execute(statement);
  }
  const auto insert = [&](std::int64_t first, std::int64_t end) {
    return insert_staged(wish_, {.table = stage_, .first = first, .end = end, .by_key = by_key},
                         by_key);
  };
  for (auto& [place, message] : find_refused(connection, load.sendable, insert)) {
    auto number = place;
    if (by_key) {
      number = connection
                   .execute("select r from " + stage_ + "_order where place = $1::bigint",
                            {std::to_string(place)})
                   .int64(0, 0);
    }
    load.bad.insert_or_assign(number, std::move(message));
  }
  say(load, "staging, insert by halves, as the server refuses rows");
}

void TableWriter::refuse_bad(Load& load) {
  auto bad = load.bad.begin();
  each_sendable(load, [&](const BatchRef& batch, std::int64_t first) {
    std::vector<Reject> rejects;
    for (; bad != load.bad.end() && bad->first < first + batch->rows(); ++bad) {
      rejects.push_back(reject_of(bad->second, *batch, bad->first - first));
    }
    load.refused += static_cast<std::int64_t>(rejects.size());
    if (!rejects.empty()) (*load.refuse)(std::move(rejects));
  });
}

void TableWriter::each_sendable(Load& load, const Visit& visit) {
  std::int64_t number = 0;
  load.rows->for_each([&](const BatchRef& batch) {
    std::vector<Reject> rejects;
    const auto good = check_->check(batch, rejects);
    if (!load.is_checked && !rejects.empty()) {
      load.refused += static_cast<std::int64_t>(rejects.size());
      (*load.refuse)(std::move(rejects));
    }
    if (good->rows() > 0) visit(good, number);
    number += good->rows();
  });
  load.is_checked = true;
  load.sendable = number;
}

void TableWriter::copy(Load& load, const std::string& sql, CopyEncoder& encoder) {
  auto& connection = target_->connection();
  connection.begin_copy_in(sql);
  buffer_ = copy_header();
  try {
    each_sendable(load, [&](const BatchRef& batch, std::int64_t first) {
      encode(load, batch, first, encoder);
      if (buffer_.size() < kPiece) return;
      connection.send(buffer_);
      buffer_.clear();
    });
    buffer_ += copy_trailer();
    connection.send(buffer_);
  } catch (const ServerError&) {
    throw;  // the copy has ended
  } catch (...) {
    connection.abort_copy_in("flowrun gave up");
    throw;
  }
  connection.end_copy_in();
}

void TableWriter::encode(const Load& load, const BatchRef& batch, std::int64_t first,
                         CopyEncoder& encoder) {
  // Rows that were refused before are left out; the others keep their numbers.
  std::int64_t from = 0;
  for (auto bad = load.bad.lower_bound(first);
       bad != load.bad.end() && bad->first < first + batch->rows(); ++bad) {
    const auto until = bad->first - first;
    if (until > from) encoder.encode(*slice(*batch, from, until - from), first + from, buffer_);
    from = until + 1;
  }
  if (from == 0) {
    encoder.encode(*batch, first, buffer_);
  } else if (from < batch->rows()) {
    encoder.encode(*slice(*batch, from, batch->rows() - from), first + from, buffer_);
  }
}

void TableWriter::say(const Load& load, const std::string& plan) {
  if (plan == said_) {
    log_->debug("{}: {} rows by {}", shown_, load.sendable, plan);
  } else {
    log_->info("{}: {} rows by {}", shown_, load.sendable, plan);
  }
  said_ = plan;
}

}  // namespace flowrun::postgres
