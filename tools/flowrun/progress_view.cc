#include "tools/flowrun/progress_view.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "engine/core/json.h"
#include "engine/core/time.h"
#include "engine/observe/numbers.h"
#include "tools/flowrun/output.h"

namespace flowrun::command {
namespace {

constexpr std::chrono::milliseconds kRedrawEvery{200};
constexpr std::chrono::seconds kReportEvery{30};
constexpr std::size_t kMaxLiveLines = 8;

std::string window_line(const UnitDone& done) {
  auto line = done.instance.empty() ? "" : done.instance + ": ";
  line += fmt::format("{}: {} written", done.unit.shown(), counted(done.rows, "row"));
  if (done.rejected > 0) line += fmt::format(", {} rejected", with_commas(done.rejected));
  return line + ", " + format_elapsed(done.seconds) + "\n";
}

std::string window_json(const UnitDone& done) {
  JsonWriter json;
  json.begin_object()
      .field("event", "unit")
      .field("instance", done.instance)
      .field("unit", done.unit.shown())
      .field("rows", done.rows)
      .field("rejected", done.rejected)
      .field("seconds", done.seconds)
      .end_object();
  return json.str() + "\n";
}

std::string progress_json(const Progress& progress) {
  JsonWriter json;
  json.begin_object()
      .field("event", "progress")
      .field("instance", progress.instance)
      .field("seconds", progress.seconds);
  const auto maybe = [&](const char* name, const std::optional<double>& value) {
    json.key(name);
    static_cast<void>(value ? json.number(*value) : json.null());
  };
  maybe("share", progress.share);
  maybe("eta", progress.eta);
  json.field("units", progress.units);
  json.key("units_total");
  static_cast<void>(progress.units_total < 0 ? json.null() : json.integer(progress.units_total));
  json.field("rows", progress.rows)
      .field("bytes", progress.bytes)
      .field("rows_per_second", progress.rows_per_second)
      .field("bytes_per_second", progress.bytes_per_second)
      .field("limited_by", to_string(progress.limited_by.side))
      .end_object();
  return json.str() + "\n";
}

}  // namespace

ProgressStyle progress_style(const std::string& word, bool quiet) {
  if (word == "never" || quiet) return ProgressStyle::none;
  if (word == "json") return ProgressStyle::json;
  if (word == "plain" || !is_terminal(STDERR_FILENO)) return ProgressStyle::plain;
  return ProgressStyle::live;
}

ProgressView::ProgressView(ProgressStyle style, int threads, std::string unit, bool color)
    : style_(style), threads_(threads), unit_(std::move(unit)), color_(color) {
  if (style_ != ProgressStyle::none) {
    thread_ = std::jthread([this](std::stop_token stop) { tick(std::move(stop)); });
  }
}

void ProgressView::on_start(const std::string& instance, std::shared_ptr<const RunStats> stats) {
  const std::lock_guard lock(mutex_);
  const auto same = std::find_if(running_.begin(), running_.end(),
                                 [&](const Running& each) { return each.instance == instance; });
  // A further attempt of an instance takes the place of the one before.
  if (same != running_.end()) {
    *same = {instance, std::move(stats), {}};
  } else {
    running_.push_back({instance, std::move(stats), {}});
  }
}

void ProgressView::on_unit(const UnitDone& done) {
  // Every run of windows ends with the rows that have no time; mostly there are none.
  if (done.unit.kind == UnitKind::unplaced && done.rows == 0 && done.rejected == 0) return;
  const std::lock_guard lock(mutex_);
  if (style_ == ProgressStyle::plain) write_err(window_line(done));
  if (style_ == ProgressStyle::json) write_err(window_json(done));
}

void ProgressView::print(const std::string& text) {
  const std::lock_guard lock(mutex_);
  erase();
  write_err(text);
}

void ProgressView::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  const std::lock_guard lock(mutex_);
  erase();
  running_.clear();
}

void ProgressView::tick(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  const auto every = style_ == ProgressStyle::live ? std::chrono::milliseconds(kRedrawEvery)
                                                   : std::chrono::milliseconds(kReportEvery);
  while (!stop.stop_requested()) {
    wake_.wait_for(lock, stop, every, [] { return false; });
    if (stop.stop_requested()) return;
    if (style_ == ProgressStyle::live) {
      redraw();
    } else {
      report();
    }
  }
}

void ProgressView::redraw() {
  const auto width = terminal_width(STDERR_FILENO) - 1;
  const auto now = std::chrono::steady_clock::now();
  std::string text;
  // Back to the first of the lines that stand there; each is rewritten and its old rest erased.
  if (drawn_ > 0) text += fmt::format("\x1b[{}F", drawn_);
  const auto shown = std::min(running_.size(), kMaxLiveLines);
  for (std::size_t i = 0; i < shown; ++i) {
    auto& each = running_[i];
    auto progress = measure(*each.stats, threads_, now, each.meter);
    progress.instance = each.instance;
    progress.unit = unit_;
    text += live_line(progress, width, color_) + "\x1b[K\n";
  }
  auto lines = shown;
  if (running_.size() > shown) {
    text += fmt::format("… and {} more\x1b[K\n", running_.size() - shown);
    ++lines;
  }
  drawn_ = lines;
  write_err(text);
}

void ProgressView::report() {
  const auto now = std::chrono::steady_clock::now();
  for (auto& each : running_) {
    auto progress = measure(*each.stats, threads_, now, each.meter);
    progress.instance = each.instance;
    progress.unit = unit_;
    write_err(style_ == ProgressStyle::json ? progress_json(progress)
                                            : plain_line(progress) + "\n");
  }
}

void ProgressView::erase() {
  if (drawn_ == 0) return;
  write_err(fmt::format("\x1b[{}F\x1b[J", drawn_));
  drawn_ = 0;
}

}  // namespace flowrun::command
