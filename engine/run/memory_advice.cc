#include "engine/run/memory_advice.h"

#include <algorithm>
#include <array>

namespace flowrun {
namespace {

constexpr std::array<Micros, 28> kSteps{
    kSecond,      2 * kSecond, 5 * kSecond, 10 * kSecond, 15 * kSecond, 20 * kSecond, 30 * kSecond,
    kMinute,      2 * kMinute, 3 * kMinute, 5 * kMinute,  10 * kMinute, 15 * kMinute, 20 * kMinute,
    30 * kMinute, kHour,       2 * kHour,   3 * kHour,    4 * kHour,    6 * kHour,    8 * kHour,
    12 * kHour,   kDay,        2 * kDay,    7 * kDay,     30 * kDay,    90 * kDay,    365 * kDay};
/// Room for what is still to come of the units that are open.
constexpr double kHeadroom = 0.5;

}  // namespace

Micros round_up(Micros span) {
  const auto* step = std::lower_bound(kSteps.begin(), kSteps.end(), span);
  return step == kSteps.end() ? (span / kDay + 1) * kDay : *step;
}

Micros round_down(Micros span) {
  const auto* step = std::upper_bound(kSteps.begin(), kSteps.end(), span);
  return step == kSteps.begin() ? std::max<Micros>(span / 1000 * 1000, 1000) : *std::prev(step);
}

std::string memory_advice(const AttemptContext& context, const HeldMemory& memory) {
  const auto [held, own, limit, units] = memory;
  const bool shared = own < held;
  const auto held_text = shared ? fmt::format("{} ({} with the other nodes that keep rows)",
                                              format_size(own), format_size(held))
                                : format_size(held);
  const auto limit_text = format_size(limit);
  const auto* raise = shared ? "`memory` in [limits]" : "`memory` of this node";
  if (!context.instance->window) {
    return fmt::format(
        "holds {}, over its limit of {}: give the pipeline a [window] so that it is emptied as it "
        "goes, or raise {}",
        held_text, limit_text, raise);
  }
  const auto& window = *context.instance->window;
  const auto message = fmt::format("holds {} in {} open windows of {}, over its limit of {}",
                                   held_text, units, format_duration(window.every), limit_text);
  const double per_window =
      static_cast<double>(held) / static_cast<double>(std::max<std::size_t>(units, 1));
  const double fitting = kHeadroom * static_cast<double>(limit) / per_window;
  const auto lateness = context.disorder ? round_up(context.disorder()) : 0;
  const auto needed = static_cast<double>(lateness) / static_cast<double>(window.every) + 2;
  if (needed <= fitting && (!window.lateness || *window.lateness > lateness)) {
    return fmt::format(
        "{}; rows came at most {} out of order so far: set lateness = \"{}\" in [window]", message,
        format_duration(context.disorder ? context.disorder() : 0), format_duration(lateness));
  }
  // Cells of length e hold e / every of a window each, and (lateness / e + 2) of them are open at
  // once.
  const double budget = fitting * static_cast<double>(window.every) - static_cast<double>(lateness);
  const auto every =
      std::min(round_down(static_cast<Micros>(std::max(budget, 0.0) / 2)), window.every);
  const bool is_new = every < window.every || !window.lateness || *window.lateness > lateness;
  if (budget > 2000 && is_new) {
    return fmt::format("{}; set every = \"{}\" and lateness = \"{}\" in [window], or raise {}",
                       message, format_duration(every), format_duration(lateness), raise);
  }
  if (budget > 2000) {
    return fmt::format(
        "{}, and rows came at most {} out of order: windows are as small as they need to be; raise "
        "{} to {}",
        message, format_duration(lateness), raise, format_size(2 * held));
  }
  return fmt::format(
      "{}; rows came {} out of order, so that no window fits: raise {} to {}, or "
      "sort the input",
      message, format_duration(lateness), raise,
      format_size(static_cast<std::int64_t>(per_window * (needed + 1) / kHeadroom)));
}

}  // namespace flowrun
