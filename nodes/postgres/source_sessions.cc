#include "nodes/postgres/source_sessions.h"

#include <fmt/format.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace flowrun::postgres {
namespace {

/// The sessions of one server.
struct ServerPool {
  int on_loan = 0;
  std::multimap<std::string, std::unique_ptr<Connection>> idle;  ///< by all of their address
};

/// The sessions of this process. Any thread.
class Pool {
 public:
  static Pool& instance() {
    // Never destroyed: by then what TLS stands on may be gone. The sessions end with the process.
    static Pool& pool = *new Pool();
    return pool;
  }

  [[nodiscard]] bool enter(const std::string& server, int most, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait(lock, stop, [&] { return servers_[server].on_loan < most; })) return false;
    ++servers_[server].on_loan;
    return true;
  }
  void leave(const std::string& server) {
    const std::lock_guard lock(mutex_);
    --servers_[server].on_loan;
    changed_.notify_all();
  }

  [[nodiscard]] std::unique_ptr<Connection> take_idle(const std::string& server,
                                                      const std::string& key) {
    const std::lock_guard lock(mutex_);
    auto& idle = servers_[server].idle;
    auto found = idle.find(key);
    if (found == idle.end()) return nullptr;
    auto connection = std::move(found->second);
    idle.erase(found);
    return connection;
  }
  void put_idle(const std::string& server, const std::string& key,
                std::unique_ptr<Connection> connection) {
    std::unique_ptr<Connection> closed;  // without the lock
    const std::lock_guard lock(mutex_);
    auto& idle = servers_[server].idle;
    if (idle.size() >= kMostIdle) {
      closed = std::move(idle.begin()->second);
      idle.erase(idle.begin());
    }
    idle.emplace(key, std::move(connection));
  }

 private:
  static constexpr std::size_t kMostIdle = 8;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<std::string, ServerPool> servers_;
};

std::string key_of(const Address& address) {
  std::string key;
  for (const auto& [name, value] : keywords(address)) {
    key += name + '\0' + value + '\0';
  }
  return key + std::to_string(address.statement_timeout.value_or(0));
}

/// A session that waited may have been lost meanwhile.
bool answers(Connection& connection) {
  try {
    connection.execute_all("");
    return true;
  } catch (const ServerError&) {
    return false;
  }
}

}  // namespace

std::unique_ptr<Connection> connect_reader(const Address& address) {
  auto connection = std::make_unique<Connection>(address);
  connection->execute_all(
      fmt::format("set default_transaction_read_only = on; "
                  "select pg_advisory_lock_shared({}, {})",
                  kReaderClass, kReaderMark));
  return connection;
}

std::unique_ptr<ReaderSession> ReaderSession::take(const Address& address, int most,
                                                   const std::stop_token& stop) {
  auto& pool = Pool::instance();
  const auto server = address.url.reveal();
  if (!pool.enter(server, most, stop)) return nullptr;
  std::unique_ptr<ReaderSession> session(new ReaderSession());
  session->server_ = server;
  session->key_ = key_of(address);
  while (auto idle = pool.take_idle(server, session->key_)) {
    if (!answers(*idle)) continue;
    session->connection_ = std::move(idle);
    return session;
  }
  session->connection_ = connect_reader(address);
  return session;
}

ReaderSession::~ReaderSession() {
  auto& pool = Pool::instance();
  if (connection_ && !dropped_ && connection_->alive()) {
    pool.put_idle(server_, key_, std::move(connection_));
  }
  connection_.reset();
  pool.leave(server_);
}

}  // namespace flowrun::postgres
