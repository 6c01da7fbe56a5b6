#include "engine/expr/zone.h"

#include <cctz/civil_time.h>
#include <cctz/time_zone.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <string>

namespace flowrun::expr {
namespace {

class FixedZone final : public Zone {
 public:
  explicit FixedZone(Micros east) : east_(east) {}
  [[nodiscard]] bool to_wall(Micros utc, Micros& wall) const override {
    return !__builtin_add_overflow(utc, east_, &wall);
  }
  [[nodiscard]] bool to_utc(Micros wall, Micros& utc) const override {
    return !__builtin_sub_overflow(wall, east_, &utc);
  }

 private:
  Micros east_;
};

Micros floor_seconds(Micros micros) { return micros / kSecond - (micros % kSecond < 0 ? 1 : 0); }

class NamedZone final : public Zone {
 public:
  explicit NamedZone(const cctz::time_zone& zone) : zone_(zone) {}

  [[nodiscard]] bool to_wall(Micros utc, Micros& wall) const override {
    const auto offset = zone_.lookup(time_point(floor_seconds(utc))).offset;
    return !__builtin_add_overflow(utc, offset * kSecond, &wall);
  }

  [[nodiscard]] bool to_utc(Micros wall, Micros& utc) const override {
    const auto seconds = floor_seconds(wall);
    const auto civil = cctz::civil_second(1970, 1, 1, 0, 0, 0) + seconds;
    const auto found = zone_.lookup(civil);
    // REPEATED: `post` is standard time. SKIPPED: the offset in force before counts.
    const auto instant =
        found.kind == cctz::time_zone::civil_lookup::REPEATED ? found.post : found.pre;
    const Micros rest = wall % kSecond + (wall % kSecond < 0 ? kSecond : 0);
    return !__builtin_mul_overflow(std::int64_t{instant.time_since_epoch().count()}, kSecond,
                                   &utc) &&
           !__builtin_add_overflow(utc, rest, &utc);
  }

 private:
  static cctz::time_point<cctz::seconds> time_point(Micros seconds) {
    return cctz::time_point<cctz::seconds>(cctz::seconds(seconds));
  }
  cctz::time_zone zone_;
};

/// Whether a name could be one of the zone database's, "America/Port-au-Prince": those are files,
/// and names come from rows, too, so none may lead to another file.
bool is_zone_name(std::string_view name) {
  constexpr std::size_t kLongest = 64;
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return !name.empty() && name.size() <= kLongest && is_letter(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) {
           return is_letter(c) || (c >= '0' && c <= '9') ||
                  std::string_view("_+-/").find(c) != std::string_view::npos;
         });
}

/// "+02", "-03:30": west of Greenwich is positive, as in POSIX and in PostgreSQL's "at time zone".
std::unique_ptr<Zone> fixed_zone(std::string_view name) {
  if (name.empty() || (name.front() != '+' && name.front() != '-')) return nullptr;
  const auto parsed = parse_timestamp("2000-01-01T00:00:00" + std::string(name));
  if (!parsed || !parsed->offset) return nullptr;
  return std::make_unique<FixedZone>(-*parsed->offset);
}

}  // namespace

const Zone* zone_named(std::string_view name) {
  static std::mutex mutex;
  static std::map<std::string, std::unique_ptr<Zone>, std::less<>> zones;
  const std::lock_guard lock(mutex);
  const auto known = zones.find(name);
  if (known != zones.end()) return known->second.get();
  std::unique_ptr<Zone> zone = fixed_zone(name);
  cctz::time_zone found;
  if (!zone && (name == "UTC" || name == "utc" || name == "Z"))
    zone = std::make_unique<FixedZone>(0);
  if (!zone && is_zone_name(name) && cctz::load_time_zone(std::string(name), &found)) {
    zone = std::make_unique<NamedZone>(found);
  }
  if (!zone) return nullptr;  // not remembered: names come from rows, too
  return zones.emplace(std::string(name), std::move(zone)).first->second.get();
}

}  // namespace flowrun::expr
