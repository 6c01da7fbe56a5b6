// How a journal is opened, wherever it is.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/core/clock.h"
#include "engine/core/log.h"

namespace flowrun {

/// create: makes what is missing. existing: touches nothing that is not there.
enum class JournalAccess { create, existing };

struct JournalOptions {
  const Clock* clock = nullptr;      ///< the system's where null; must outlive the journal
  std::int64_t reject_cap = 10'000;  ///< kept rejects of one run
  /// Runs that ended longer ago are removed, with all that was noted of them, when their instance
  /// is run again; never the newest one, and never coverage or cursors.
  std::optional<Micros> retention = std::nullopt;

  // Of journals on a server:
  Micros heartbeat = 5 * kSecond;  ///< how often a holder of a lease gives a sign of life
  /// A lease whose holder gave none for longer is taken over, although its session lives.
  std::optional<Micros> ttl = std::nullopt;
  Micros patience = 30 * kSecond;  ///< how long a server that went away is waited for
  Log* log = nullptr;              ///< may be null
};

}  // namespace flowrun
