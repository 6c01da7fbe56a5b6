// The words in which every journal writes down states and names, whatever database it is in.
#pragma once

#include <string>
#include <string_view>

#include "engine/state/journal.h"

namespace flowrun {

// Read what to_string() wrote; throw Error(io) for a text that none has.
[[nodiscard]] RunState parse_run_state(std::string_view text);
[[nodiscard]] UnitState parse_unit_state(std::string_view text);
[[nodiscard]] UnitKind parse_unit_kind(std::string_view text);

/// Nothing follows this state.
[[nodiscard]] bool is_end(UnitState state);

/// What identifies a unit inside a run, together with its kind and id: windows by their start.
[[nodiscard]] Micros start_of(const Unit& unit);

/// A run id for a moment: sorts by time to the second, and 16 random bits tell runs of one second
/// apart.
[[nodiscard]] std::string make_run_id(Micros now);

/// This machine's name.
[[nodiscard]] std::string host_name();
/// True where a process is known to have ended: it was on this machine, and is not any more.
[[nodiscard]] bool is_gone(std::int64_t pid, const std::string& host);

/// For messages: pipeline "telemetry", instance ship=A.
[[nodiscard]] std::string shown_instance(const std::string& pipeline, const std::string& instance);

}  // namespace flowrun
