#include "nodes/postgres/target.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "engine/core/error.h"
#include "engine/core/hash.h"

namespace flowrun::postgres {
namespace {

using namespace std::chrono_literals;

/// The first number of the advisory locks that sinks take; the second is the table's.
constexpr int kLockClass = 0x666C6F77;  // "flow"
/// How long a commit without an answer is looked for.
constexpr auto kPatience = 30s;
constexpr auto kFirstPause = 100ms;
constexpr auto kLongestPause = 3s;

std::shared_ptr<void> make_target(const std::string& /*name*/) {
  return std::make_shared<Target>();
}

std::string name_of(const Unit& unit) {
  return fmt::format("{} {} {} {} {}", unit.run, unit.attempt, to_string(unit.kind),
                     unit.interval.from, unit.id);
}

/// Advisory locks take signed numbers.
std::string lock_of(Oid table) {
  return fmt::format("({}, {})", kLockClass, static_cast<std::int32_t>(table));
}

}  // namespace

std::string Target::name_of(const Address& address) {
  std::string all;
  for (const auto& [word, value] : keywords(address)) {
    if (word != "application_name") all += word + '\0' + value + '\0';
  }
  return fmt::format("postgres:{}:{:08x}", shown_address(address),
                     static_cast<std::uint32_t>(hash64(all)));
}

std::shared_ptr<Target> Target::shared(SharedObjects& objects, const Address& address) {
  auto target = std::static_pointer_cast<Target>(objects.get(name_of(address), &make_target));
  const auto guard = target->lock();
  if (target->address_.url.empty()) target->address_ = address;
  return target;
}

void Target::connect() {
  if (connection_) return;
  connection_ = std::make_unique<Connection>(address_);
  // A user called flowrun would find its tables, and make new ones, where the coverage is kept.
  connection_->execute(
      "select set_config('search_path', coalesce((select string_agg(quote_ident(name), ', ' order "
      "by place) from "
      "unnest(current_schemas(false)) with ordinality as s(name, place) where name <> 'flowrun'), "
      "'\"\"'), false) where current_user = 'flowrun' or 'flowrun' = any(current_schemas(false))");
  coverage_ = std::make_unique<CoverageTable>(*connection_);
}

std::string Target::new_stage_name() { return fmt::format("flowrun_stage_{}", ++stages_); }

void Target::change(const std::function<void()>& body) {
  connection_->begin();
  try {
    // "create … if not exists" of two sessions at once fails for one of them.
    connection_->execute("select pg_advisory_xact_lock" + lock_of(0));
    body();
    connection_->commit();
  } catch (...) {
    connection_->roll_back();
    coverage_->forget();
    throw;
  }
}

std::unique_lock<std::mutex> Target::join(const Unit& unit, const void* who, Log& log) {
  auto guard = lock();
  const auto name = postgres::name_of(unit);
  free_.wait(guard, [&] { return owner_.empty() || owner_ == name; });
  if (!agreed_.empty()) bug("a sink of {} prepares after another one committed", unit.shown());
  if (owner_.empty()) {
    begin(log);
    owner_ = name;
  }
  joined_.insert(who);
  return guard;
}

void Target::begin(Log& log) {
  connection_->begin();
  try {
    lock_writers(log);
  } catch (...) {
    connection_->roll_back();
    throw;
  }
}

void Target::lock_writers(Log& log) {
  alone_.clear();
  // By number, as every other flowrun does: nobody waits for one who waits for him.
  for (const auto& [table, wanted] : writers_) {
    if (wanted == WriterLock::none) continue;
    if (connection_->execute("select pg_try_advisory_xact_lock" + lock_of(table)).boolean(0, 0)) {
      alone_.insert(table);
      continue;
    }
    log.debug("{}: another run writes the same table; waiting for its turn", connection_->shown());
    if (wanted == WriterLock::ordered) {
      connection_->execute("select pg_advisory_xact_lock_shared" + lock_of(table));
    } else {
      connection_->execute("select pg_advisory_xact_lock" + lock_of(table));
      alone_.insert(table);
    }
  }
}

void Target::commit(const Unit& unit, const void* who) {
  const auto guard = lock();
  if (owner_ != postgres::name_of(unit) || !joined_.contains(who)) {
    throw Error(Errc::io, "the transaction of {} was rolled back, as another sink of it failed",
                unit.shown());
  }
  agreed_.insert(who);
  if (agreed_ == joined_) commit_now();
}

void Target::commit_now() {
  bool done = false;
  try {
    const auto transaction = connection_->execute("select pg_current_xact_id()::text").string(0, 0);
    try {
      connection_->commit();
      done = true;
    } catch (const CommitInDoubt& doubt) {
      done = resolve(transaction, doubt);
      if (!done) throw;
    }
  } catch (...) {
    connection_->roll_back();
    end_transaction(false);
    throw;
  }
  end_transaction(true);
}

bool Target::resolve(const std::string& transaction, const ServerError& doubt) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  auto pause = std::chrono::milliseconds(kFirstPause);
  while (true) {
    try {
      coverage_.reset();
      connection_.reset();
      connect();
      return look_for_markers(transaction);
    } catch (const ServerError& error) {
      if (!error.is_transient() || std::chrono::steady_clock::now() > end) {
        // Without a connection nothing can be done here; a new attempt looks at the markers.
        throw Error(Errc::io,
                    "{}; whether the commit went through cannot be looked up (the next attempt "
                    "does): {}",
                    doubt.what(), error.what());
      }
    }
    std::this_thread::sleep_for(pause);
    pause = std::min<std::chrono::milliseconds>(pause * 2, kLongestPause);
  }
}

bool Target::look_for_markers(const std::string& transaction) {
  // The server may still be at it: its answer counts once it has one.
  const auto status = connection_->execute("select pg_xact_status($1::xid8)", {transaction});
  if (status.text(0, 0) == "in progress") {
    throw ServerError(connection_->shown(),
                      {.sqlstate = "57P03", .text = "the commit is still under way"}, false);
  }
  return !expected_.empty() && std::all_of(expected_.begin(), expected_.end(), [&](const auto& e) {
    return coverage_->has(e.first, e.second);
  });
}

void Target::abort(const Unit& unit, const void* who) noexcept {
  const auto guard = lock();
  if (owner_ != postgres::name_of(unit) || !joined_.contains(who)) return;
  if (connection_) connection_->roll_back();
  end_transaction(false);
}

void Target::end_transaction(bool committed) {
  if (!committed && coverage_) coverage_->forget();
  owner_.clear();
  joined_.clear();
  agreed_.clear();
  expected_.clear();
  alone_.clear();
  free_.notify_all();
}

}  // namespace flowrun::postgres
