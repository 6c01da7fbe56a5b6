// Time zones by name.
#pragma once

#include <memory>
#include <string_view>

#include "engine/core/time.h"

namespace flowrun::expr {

/// A zone of the system's database, "UTC", or a fixed offset in POSIX's manner, as PostgreSQL reads
/// it: "+02" lies west.
/// Immutable; zones live as long as the process.
class Zone {
 public:
  virtual ~Zone() = default;
  // False where the result is out of range.
  /// The wall-clock reading at an instant.
  [[nodiscard]] virtual bool to_wall(Micros utc, Micros& wall) const = 0;
  /// The instant of a reading. Of two that read the same (clocks set back) the later one with
  /// standard time, and a reading that never was moves on by the gap: as PostgreSQL does.
  [[nodiscard]] virtual bool to_utc(Micros wall, Micros& utc) const = 0;
};

/// Null where there is no such zone. Any thread.
[[nodiscard]] const Zone* zone_named(std::string_view name);

}  // namespace flowrun::expr
