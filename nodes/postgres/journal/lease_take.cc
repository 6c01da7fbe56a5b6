#include "nodes/postgres/journal/lease_take.h"

#include <unistd.h>

#include <thread>

#include "engine/core/hash.h"
#include "engine/state/journal_words.h"
#include "nodes/postgres/journal/values.h"

namespace flowrun::postgres {
namespace {

/// The server notices within this that a client of its is gone.
constexpr std::chrono::seconds kGoneClient{2};
constexpr std::chrono::milliseconds kLook{20};

/// What the lease's row says of its holder.
struct Holder {
  std::int64_t lock_number = 0;
  std::int64_t pid = 0;  ///< 0: nobody
  std::string host;
  std::string run;
  Micros since = 0;
  bool is_silent = false;  ///< gave no sign of life for longer than the time to live
};

Holder look(Connection& session, const JournalServer::Owner& owner, std::optional<Micros> ttl) {
  const auto row = session.execute(
      "select lock_number, pid, host, since, heartbeat < clock_timestamp() - $3::bigint * interval "
      "'1 microsecond', (select id from flowrun_journal.runs r where r.pipeline = l.pipeline and "
      "r.instance = l.instance and state = 'running') from flowrun_journal.leases l where pipeline "
      "= $1 and instance = $2 for update of l",
      {text(owner.first), text(owner.second), ttl ? number(*ttl) : std::nullopt});
  if (row.rows() == 0) return {};
  return {.lock_number = row.int64(0, 0),
          .pid = row.is_null(0, 1) ? 0 : row.int64(0, 1),
          .host = row.string(0, 2),
          .run = row.string(0, 5),
          .since = read_moment(row, 0, 3),
          .is_silent = row.boolean(0, 4)};
}

[[noreturn]] void throw_held(const JournalServer::Owner& owner, const Holder& holder) {
  const auto what = shown_instance(owner.first, owner.second);
  // A holder that has not written its row yet leaves none.
  if (holder.pid == 0) throw Error(Errc::lease, "{} is run by another process", what);
  throw Error(Errc::lease, "{} is run by pid {} on {} since {}{}", what, holder.pid, holder.host,
              format_timestamptz(holder.since), holder.run.empty() ? "" : ", run " + holder.run);
}

std::int64_t take_epoch(const JournalServer& server, Connection& session,
                        const JournalServer::Owner& owner, std::int64_t lock_number) {
  const auto row = session.execute(
      "insert into flowrun_journal.leases as l (pipeline, instance, epoch, lock_number, pid, host, "
      "backend, since, heartbeat) values ($1, $2, 1, $3::bigint, $4::bigint, $5, pg_backend_pid(), "
      "$6::timestamptz, clock_timestamp()) on conflict (pipeline, instance) do update set epoch = "
      "l.epoch + 1, lock_number = excluded.lock_number, pid = excluded.pid, host = excluded.host, "
      "backend = excluded.backend, since = excluded.since, heartbeat = excluded.heartbeat "
      "returning "
      "epoch",
      {text(owner.first), text(owner.second), number(lock_number), number(::getpid()),
       text(host_name()), moment(server.now())});
  return row.int64(0, 0);
}

std::vector<std::string> end_runs(const JournalServer& server, Connection& session,
                                  const JournalServer::Owner& owner, bool was_silent) {
  const auto rows = session.execute(
      "with ended as (update flowrun_journal.runs set state = case state when 'planned' then "
      "'skipped' else 'crashed' end, reason = case state when 'planned' then 'its process ended "
      "before it began' else $4 || ' (pid ' || pid || ' on ' || host || ')' end, ended = "
      "$3::timestamptz where pipeline = $1 and instance = $2 and state in ('planned', 'running') "
      "returning id, state, started, number) select id from ended where state = 'crashed' order by "
      "started, number",
      {text(owner.first), text(owner.second), moment(server.now()),
       was_silent ? "it gave no sign of life for longer than its time to live, and was taken over"
                  : "the process ended without a word"});
  std::vector<std::string> crashed;
  for (int i = 0; i < rows.rows(); ++i) crashed.push_back(rows.string(i, 0));
  return crashed;
}

/// One go; nothing where another may help.
std::optional<TakenLease> attempt(const JournalServer& server, Connection& session,
                                  const JournalServer::Owner& owner, bool is_last) {
  session.begin();
  const auto holder = look(session, owner, server.options().ttl);
  TakenLease taken{.lock_number = holder.lock_number};
  const bool is_free = try_lock(session, owner, taken.lock_number);
  if (!is_free && (!holder.is_silent || !try_lock(session, owner, ++taken.lock_number))) {
    session.roll_back();
    if (!is_last && holder.pid != 0 && is_gone(holder.pid, holder.host)) return std::nullopt;
    throw_held(owner, holder);
  }
  taken.epoch = take_epoch(server, session, owner, taken.lock_number);
  taken.crashed = end_runs(server, session, owner, !is_free);
  session.commit();
  return taken;
}

}  // namespace

bool try_lock(Connection& session, const JournalServer::Owner& owner, std::int64_t lock_number) {
  std::string name = "flowrun";
  for (const auto& part : {owner.first, owner.second, std::to_string(lock_number)}) {
    name += '\0';
    name += part;
  }
  const auto key = static_cast<std::int64_t>(hash64(name));
  return session.execute("select pg_try_advisory_lock($1::bigint)", {number(key)}).boolean(0, 0);
}

TakenLease take_lease(const JournalServer& server, Connection& session,
                      const JournalServer::Owner& owner) {
  const auto end = std::chrono::steady_clock::now() + kGoneClient;
  while (true) {
    const bool is_last = std::chrono::steady_clock::now() >= end;
    if (auto taken = attempt(server, session, owner, is_last)) return std::move(*taken);
    std::this_thread::sleep_for(kLook);
  }
}

}  // namespace flowrun::postgres
