#include "engine/state/journal.h"

namespace flowrun {

const char* to_string(RunState state) {
  switch (state) {
    case RunState::planned:
      return "planned";
    case RunState::running:
      return "running";
    case RunState::ok:
      return "ok";
    case RunState::failed:
      return "failed";
    case RunState::skipped:
      return "skipped";
    case RunState::cancelled:
      return "cancelled";
    case RunState::crashed:
      return "crashed";
  }
  return "run";
}

const char* to_string(UnitState state) {
  switch (state) {
    case UnitState::planned:
      return "planned";
    case UnitState::reading:
      return "reading";
    case UnitState::flushing:
      return "flushing";
    case UnitState::staged:
      return "staged";
    case UnitState::prepared:
      return "prepared";
    case UnitState::committing:
      return "committing";
    case UnitState::committed:
      return "committed";
    case UnitState::journalled:
      return "journalled";
    case UnitState::aborted:
      return "aborted";
    case UnitState::failed:
      return "failed";
  }
  return "unit";
}

}  // namespace flowrun
