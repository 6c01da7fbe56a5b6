// The lease of an instance: a file lock that dies with the process, and a row for people to read.
#pragma once

#include <memory>
#include <string>

#include "engine/state/file_lock.h"
#include "engine/state/journal.h"
#include "engine/state/journal_database.h"

namespace flowrun {

/// See Lease. Gives its row back when it ends; locks the database's mutex for that.
class InstanceLease final : public Lease {
 public:
  /// Takes the lease; `database.mutex` is held. Throws Error(lease) naming the holder.
  [[nodiscard]] static std::unique_ptr<InstanceLease> acquire(JournalDatabase& database,
                                                              const std::string& pipeline,
                                                              const std::string& instance);
  ~InstanceLease() override;
  void check() const override;

  /// Moves on to `epoch` inside the caller's transaction; `database.mutex` is held.
  void raise_epoch(std::int64_t epoch);

 private:
  InstanceLease(JournalDatabase& database, FileLock lock, const std::string& pipeline,
                const std::string& instance)
      : Lease(pipeline, instance), database_(&database), lock_(std::move(lock)) {}
  void take_epoch();
  void mark_crashed();
  void release();

  JournalDatabase* database_;
  FileLock lock_;
  bool taken_ = false;  ///< the row is this holder's
};

}  // namespace flowrun
