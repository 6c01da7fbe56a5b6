#include "engine/state/journal_words.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <random>

#include "engine/core/error.h"

namespace flowrun {
namespace {

constexpr std::array kRunStates{RunState::planned, RunState::running, RunState::ok,
                                RunState::failed,  RunState::skipped, RunState::cancelled,
                                RunState::crashed};
constexpr std::array kUnitStates{UnitState::planned,   UnitState::reading,    UnitState::flushing,
                                 UnitState::staged,    UnitState::prepared,   UnitState::committing,
                                 UnitState::committed, UnitState::journalled, UnitState::aborted,
                                 UnitState::failed};
constexpr std::array kUnitKinds{UnitKind::window, UnitKind::load, UnitKind::unplaced};

template <typename Enum, std::size_t N>
Enum parse(const std::array<Enum, N>& values, std::string_view text) {
  for (const auto value : values) {
    if (text == to_string(value)) return value;
  }
  throw Error(Errc::io, "the journal holds \"{}\", which this flowrun does not know", text);
}

}  // namespace

RunState parse_run_state(std::string_view text) { return parse(kRunStates, text); }
UnitState parse_unit_state(std::string_view text) { return parse(kUnitStates, text); }
UnitKind parse_unit_kind(std::string_view text) { return parse(kUnitKinds, text); }

bool is_end(UnitState state) {
  return state == UnitState::journalled || state == UnitState::aborted ||
         state == UnitState::failed;
}

Micros start_of(const Unit& unit) { return unit.kind == UnitKind::window ? unit.interval.from : 0; }

std::string make_run_id(Micros now) {
  auto moment = format_timestamp(now - (now % kSecond));
  std::erase_if(moment, [](char c) { return c == '-' || c == ':'; });
  std::random_device random;
  return fmt::format("{}-{:04x}", moment, random() & 0xFFFFU);
}

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

bool is_gone(std::int64_t pid, const std::string& host) {
  return host == host_name() && ::kill(static_cast<pid_t>(pid), 0) != 0 && errno == ESRCH;
}

std::string shown_instance(const std::string& pipeline, const std::string& instance) {
  return instance.empty() ? "pipeline \"" + pipeline + "\""
                          : "pipeline \"" + pipeline + "\", instance " + instance;
}

}  // namespace flowrun
