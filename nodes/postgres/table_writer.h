// Writes the staged rows of units into a table, in the way that suits the mix of new, changed and
// known rows.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/data/spool.h"
#include "engine/spec/node.h"
#include "nodes/postgres/copy_check.h"
#include "nodes/postgres/copy_encoder.h"
#include "nodes/postgres/key_tracker.h"
#include "nodes/postgres/target.h"
#include "nodes/postgres/write_sql.h"

namespace flowrun::postgres {

struct WriterSettings {
  TableName table;
  SchemaRef schema;
  std::vector<std::string> key;  ///< of upserts; empty otherwise
  OnConflict on_conflict = OnConflict::fail;
  std::vector<bool> keep_nulls;  ///< per field; empty: none
  std::string version;           ///< "" for none
  bool stored_wins = false;      ///< upserts fill empty columns only
  bool deletes_first = false;    ///< an upsert by delete and insert
  bool replaces = false;         ///< rows of the table are deleted before
  Micros lock_timeout = 60 * kSecond;
};

/// Belongs to one table and its target's connection; whoever calls holds the target's lock.
class TableWriter {
 public:
  /// Looks the table up, which is there by now. Throws Error(plan) where it does not fit.
  TableWriter(Target& target, WriterSettings settings, Log& log);

  /// Locks the table against changes of its make-up for the rest of the transaction. Throws
  /// Error(io) where somebody else has locked it, saying who, or where it was changed since.
  void hold();
  /// Writes the rows inside the open transaction and returns how many were refused. `keys` knows
  /// their keys.
  std::int64_t write(Spool& rows, KeyTracker& keys, const Refuse& refuse);

  /// With its schema: what coverage calls it.
  [[nodiscard]] const std::string& table() const { return shown_; }
  [[nodiscard]] std::vector<std::size_t> key_fields() const;

 private:
  /// Rows of a unit on their way: numbered in order, but for those that were never sendable.
  struct Load {
    Spool* rows = nullptr;
    const Refuse* refuse = nullptr;
    bool is_checked = false;  ///< what cannot be sent was refused
    std::int64_t sendable = 0;
    std::int64_t refused = 0;
    std::map<std::int64_t, ServerMessage> bad;  ///< what the server refused, by number
  };
  using Visit = std::function<void(const BatchRef& batch, std::int64_t first)>;

  void look_up_table();
  void make_columns(const Relation& relation);
  [[nodiscard]] WriterLock lock_for(const Relation& relation);
  [[nodiscard]] bool can_tell_keys_apart() const;
  [[nodiscard]] bool none_is_there(KeyTracker& keys);
  [[nodiscard]] bool write_directly(Load& load, const std::string& why);
  void write_staged(Load& load, bool unique);
  void stage(Load& load);
  [[nodiscard]] std::vector<std::string> statements(const Load& load, bool unique);
  [[nodiscard]] bool mostly_known(std::int64_t rows);
  void search(Load& load);
  void refuse_bad(Load& load);
  void each_sendable(Load& load, const Visit& visit);
  void copy(Load& load, const std::string& sql, CopyEncoder& encoder);
  void encode(const Load& load, const BatchRef& batch, std::int64_t first, CopyEncoder& encoder);
  void say(const Load& load, const std::string& plan);
  [[noreturn]] void fail_locked(const ServerError& error);

  Target* target_;
  WriterSettings settings_;
  Log* log_;
  std::string shown_;
  Oid oid_ = 0;
  std::string make_up_;
  WriteWish wish_;
  std::optional<CopyCheck> check_;
  std::optional<CopyEncoder> direct_;
  std::optional<CopyEncoder> numbered_;
  bool can_go_directly_ = true;
  bool is_locked_alone_ = false;  ///< no writer lock is needed for a direct COPY
  bool hopes_ = true;             ///< a sample that found nothing was right so far
  std::string stage_;
  std::string said_;
  std::string buffer_;
};

}  // namespace flowrun::postgres
