#include "engine/spec/unit.h"

#include <algorithm>

namespace flowrun {

const char* to_string(UnitKind kind) {
  switch (kind) {
    case UnitKind::window:
      return "window";
    case UnitKind::load:
      return "load";
    case UnitKind::unplaced:
      return "unplaced";
  }
  return "unit";
}

std::string Unit::shown() const {
  switch (kind) {
    case UnitKind::window:
      return "window " + format_timestamp(interval.from) + ".." + format_timestamp(interval.until);
    case UnitKind::load:
      // A fingerprint is known by its beginning; a cursor's load is named after its run.
      return "load " + (id.find('-') == std::string::npos ? id.substr(0, 12) : id);
    case UnitKind::unplaced:
      return "rows without a time";
  }
  return id;
}

std::string Unit::file_name() const {
  if (kind != UnitKind::window) return to_string(kind);
  auto name = format_timestamptz(interval.from);
  std::erase_if(name, [](char c) { return c == '-' || c == ':'; });
  return name;
}

}  // namespace flowrun
