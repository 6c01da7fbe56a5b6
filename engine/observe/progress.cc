#include "engine/observe/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "engine/core/text_table.h"
#include "engine/core/time.h"
#include "engine/observe/numbers.h"

namespace flowrun {
namespace {

constexpr std::chrono::seconds kRateSpan{3};
constexpr std::size_t kBarCells = 20;
/// Before a bit of the input is read, what is left can only be guessed wildly.
constexpr double kLeastShareForEta = 0.02;

/// A bar in eighths of a cell, so that it moves visibly even where it moves slowly.
std::string bar(double share) {
  constexpr std::array<std::string_view, 8> kPart{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const auto eighths = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * kBarCells * 8);
  std::string out;
  for (std::size_t i = 0; i < eighths / 8; ++i) out += "█";
  std::size_t cells = eighths / 8;
  if (eighths % 8 != 0) {
    out += kPart[eighths % 8];
    ++cells;
  }
  for (; cells < kBarCells; ++cells) out += "░";
  return out;
}

std::string units_of(const Progress& progress) {
  if (progress.units_total < 0) return counted(progress.units, progress.unit);
  return with_commas(progress.units) + " of " + counted(progress.units_total, progress.unit);
}

std::string limit_of(const Progress& progress) {
  if (progress.limited_by.side == LimitedBy::unknown) return {};
  return fmt::format("limited by {} ({})", to_string(progress.limited_by.side),
                     progress.limited_by.node);
}

/// The share of the work that is done: of the windows where their number is known, else of the
/// input.
std::optional<double> share_of(const RunStats& stats) {
  const auto total = stats.units_total.load();
  if (total > 0) {
    return std::min(1.0,
                    static_cast<double>(stats.units_committed.load()) / static_cast<double>(total));
  }
  const auto bytes = stats.input_bytes.load();
  if (bytes > 0) {
    return std::min(1.0, static_cast<double>(stats.read_bytes.load()) / static_cast<double>(bytes));
  }
  return std::nullopt;
}

}  // namespace

void RateMeter::sample(TimePoint now, std::int64_t rows, std::int64_t bytes) {
  samples_.push_back({now, rows, bytes});
  while (samples_.size() > 2 && now - samples_[1].at >= kRateSpan) samples_.pop_front();
}

double RateMeter::seconds() const {
  if (samples_.size() < 2) return 0;
  return std::chrono::duration<double>(samples_.back().at - samples_.front().at).count();
}

double RateMeter::rows_per_second() const {
  const auto span = seconds();
  return span > 0 ? static_cast<double>(samples_.back().rows - samples_.front().rows) / span : 0;
}

double RateMeter::bytes_per_second() const {
  const auto span = seconds();
  return span > 0 ? static_cast<double>(samples_.back().bytes - samples_.front().bytes) / span : 0;
}

Progress measure(const RunStats& stats, int threads, RateMeter::TimePoint now, RateMeter& meter) {
  Progress progress;
  progress.seconds = std::chrono::duration<double>(now - stats.started).count();
  progress.share = share_of(stats);
  progress.units = stats.units_committed.load();
  progress.units_total = stats.units_total.load();
  progress.rows = stats.rows_read.load();
  progress.bytes = stats.read_bytes.load();
  if (meter.empty()) meter.sample(stats.started, 0, 0);
  meter.sample(now, progress.rows, progress.bytes);
  progress.rows_per_second = meter.rows_per_second();
  progress.bytes_per_second = meter.bytes_per_second();
  progress.limited_by = find_bottleneck(stats, progress.seconds, threads);
  if (progress.share && *progress.share >= kLeastShareForEta && *progress.share < 1) {
    progress.eta = progress.seconds * (1 - *progress.share) / *progress.share;
  }
  return progress;
}

std::string live_line(const Progress& progress, std::size_t width, bool color) {
  const std::string_view tint = color ? "\x1b[36m" : "";
  const std::string_view reset = color ? "\x1b[0m" : "";
  std::string line = progress.instance.empty() ? "" : progress.instance + " ";
  std::size_t used = shown_width(line);
  if (progress.share) {
    line +=
        fmt::format("{}{}{} {:>5}", tint, bar(*progress.share), reset, percent(*progress.share));
    used += kBarCells + 6;
  } else {
    line += counted(progress.rows, "row");
    used = shown_width(line);
  }
  std::vector<std::string> facts{units_of(progress),
                                 short_count(progress.rows_per_second) + " rows/s",
                                 short_bytes(progress.bytes_per_second) + "/s"};
  if (progress.eta) facts.push_back(format_elapsed(*progress.eta) + " left");
  const auto add = [&](const std::string& fact) {
    const auto needed = shown_width(fact) + 3;
    if (used + needed > width) return false;
    line += " · " + fact;
    used += needed;
    return true;
  };
  for (const auto& fact : facts) add(fact);
  const auto limit = limit_of(progress);
  if (!limit.empty() && !add(limit)) add(limit.substr(0, limit.find(" (")));
  return line;
}

std::string plain_line(const Progress& progress) {
  std::string line = progress.instance.empty() ? "" : progress.instance + ": ";
  if (progress.share) line += percent(*progress.share) + ", ";
  line +=
      fmt::format("{}, {} read, {} rows/s, {}/s", units_of(progress), counted(progress.rows, "row"),
                  short_count(progress.rows_per_second), short_bytes(progress.bytes_per_second));
  if (progress.eta) line += ", " + format_elapsed(*progress.eta) + " left";
  if (const auto limit = limit_of(progress); !limit.empty()) line += ", " + limit;
  return line;
}

}  // namespace flowrun
