// The ordered half of a source driver: what happens to pieces one by one, in the order in which
// they were read.
#include <algorithm>

#include "engine/core/error.h"
#include "engine/run/source_driver.h"

namespace flowrun {

void SourceDriver::process(Decoded& decoded) {
  auto& piece = decoded.piece;
  if (context_->options->limit >= 0) limit_rows(decoded);
  for (auto& placed : decoded.batches) send_batch(*piece.input, std::move(placed), piece.lease);
  send_rejects(std::move(decoded.rejects), piece.lease);
  if (piece.reader != nullptr) {
    advance();
  } else if (piece.window) {
    const auto lock = context_->board->lock();
    context_->board->close_window(number_, *piece.window);
  } else if (piece.input != nullptr) {
    piece.input->done = true;
    advance();
  } else {
    end();
  }
}

void SourceDriver::limit_rows(Decoded& decoded) {
  for (auto& placed : decoded.batches) {
    const auto left = context_->options->limit - rows_sent_;
    if (placed.whole->rows() > left) {
      auto cut = slice(*placed.whole, 0, std::max<std::int64_t>(left, 0));
      placed = window_ != nullptr ? place(cut, time_column_, *window_, now_)
                                  : PlacedBatch{.whole = std::move(cut)};
    }
    rows_sent_ += placed.whole->rows();
  }
  if (rows_sent_ >= context_->options->limit) enough_ = true;
}

OpenUnit& SourceDriver::unplaced_unit() {
  return window_ != nullptr ? context_->board->other(UnitKind::unplaced, "unplaced")
                            : context_->board->other(UnitKind::load, work_.load);
}

void SourceDriver::send_batch(InputState& input, PlacedBatch placed,
                              const Credits::LeaseRef& lease) {
  auto& stats = node_->stats();
  const auto rows = placed.whole->rows();
  stats.in += rows;
  stats_->rows_read += rows;
  ++stats.batches;
  if (window_ == nullptr) {
    if (cursor_) placed.whole = beyond_cursor(placed.whole, lease);
    if (!placed.whole) return;
    const auto lock = context_->board->lock();
    return send(unplaced_unit(), placed.whole, lease);
  }
  if (!work_.ranges && window_->lateness) {
    const auto late =
        late_rows(placed, time_column_, *window_, now_, input.reached, *window_->lateness);
    if (!late.empty()) {
      reject_late(placed, late, lease);
      placed = place(placed.whole, time_column_, *window_, now_, late);
    }
  }
  stats.filtered += placed.outside;
  const auto lock = context_->board->lock();
  for (const auto& part : placed.parts)
    send(context_->board->window(part.start), part.batch, lease);
  if (placed.untimed) send(unplaced_unit(), placed.untimed, lease);
  if (!placed.ahead.empty()) {
    std::vector<Reject> rejects;
    for (const auto row : placed.ahead) {
      rejects.push_back(
          {.reason = "event time lies in the future",
           .column = window_->column,
           .value = format_timestamp(event_time(placed.whole->column(time_column_), row)),
           .record = record_of(*placed.whole, row),
           .ordinal = placed.whole->ordinal(row)});
    }
    stats.rejected += static_cast<std::int64_t>(rejects.size());
    node_->route_rejects(unplaced_unit(), std::move(rejects), lease);
  }
  const std::lock_guard order(order_mutex_);
  if (placed.least != INT64_MAX) {
    disorder_ = std::max(disorder_, placed.step_back);
    if (input.reached != INT64_MIN) disorder_ = std::max(disorder_, input.reached - placed.least);
    input.reached = std::max(input.reached, placed.greatest);
    input.position = std::max(input.position, input.reached);
  }
}

BatchRef SourceDriver::beyond_cursor(const BatchRef& batch, const Credits::LeaseRef& lease) {
  auto taken = cursor_->take(batch);
  node_->stats().filtered += taken.old + taken.held_back;
  node_->stats().skipped += taken.skipped;
  if (knows_rejects()) {
    node_->stats().skipped += static_cast<std::int64_t>(taken.rejects.size());
  } else if (!taken.rejects.empty()) {
    const auto lock = context_->board->lock();
    auto& unit = unplaced_unit();
    {
      const std::lock_guard unit_lock(unit.mutex);
      unit.rows_in[node_->number()] += static_cast<std::int64_t>(taken.rejects.size());
    }
    send_counted(unit, std::move(taken.rejects), lease);
  }
  return std::move(taken.rows);
}

void SourceDriver::send(OpenUnit& unit, const BatchRef& batch, const Credits::LeaseRef& lease) {
  if (unit.ended[number_]) {
    bug("rows of {} came after its end", unit.unit.shown());
  }
  auto& stats = node_->stats();
  {
    const std::lock_guard lock(unit.mutex);
    unit.rows_in[node_->number()] += batch->rows();
  }
  if (unit.skip_all) {
    stats.skipped += batch->rows();
    return;
  }
  stats.passed += batch->rows();
  stats.out += batch->rows();
  node_->port(0).send(unit, batch, lease);
}

void SourceDriver::reject_late(const PlacedBatch& placed, const std::vector<std::uint32_t>& late,
                               const Credits::LeaseRef& lease) {
  const auto& times = placed.whole->column(time_column_);
  auto& stats = node_->stats();
  const auto ordinal = placed.whole->ordinal(late.front());
  if (window_->late == LatePolicy::fail) {
    throw Error(
        Errc::data,
        "{}: row of {} came after its window had ended; raise lateness in [window] (now {}), "
        "or set late = \"reject\" or \"skip\"",
        context_->origin(ordinal), format_timestamp(event_time(times, late.front())),
        format_duration(*window_->lateness));
  }
  if (window_->late == LatePolicy::skip) {
    stats.skipped += static_cast<std::int64_t>(late.size());
    return;
  }
  std::vector<Reject> rejects;
  for (const auto row : late) {
    rejects.push_back({.reason = "late: its window had ended (lateness " +
                                 format_duration(*window_->lateness) + ")",
                       .column = window_->column,
                       .value = format_timestamp(event_time(times, row)),
                       .record = record_of(*placed.whole, row),
                       .ordinal = placed.whole->ordinal(row)});
  }
  const auto lock = context_->board->lock();
  send_counted(unplaced_unit(), std::move(rejects), lease);
}

void SourceDriver::send_counted(OpenUnit& unit, std::vector<Reject> rejects,
                                const Credits::LeaseRef& lease) {
  const auto count = static_cast<std::int64_t>(rejects.size());
  if (unit.skip_all) {
    node_->stats().skipped += count;
    return;
  }
  node_->stats().rejected += count;
  node_->route_rejects(unit, std::move(rejects), lease);
}

void SourceDriver::send_rejects(std::vector<Reject> rejects, const Credits::LeaseRef& lease) {
  if (rejects.empty()) return;
  auto& stats = node_->stats();
  const auto count = static_cast<std::int64_t>(rejects.size());
  stats.in += count;
  stats_->rows_read += count;
  if (knows_rejects()) {
    stats.skipped += count;
    return;
  }
  const auto lock = context_->board->lock();
  auto& unit = unplaced_unit();
  {
    const std::lock_guard unit_lock(unit.mutex);
    unit.rows_in[node_->number()] += count;
  }
  send_counted(unit, std::move(rejects), lease);
}

void SourceDriver::advance() {
  if (window_ == nullptr || work_.ranges) return;
  Micros frontier = INT64_MAX;
  {
    const std::lock_guard lock(order_mutex_);
    for (const auto& input : inputs_) {
      if (input->done) continue;
      const bool open_ended = !window_->lateness || input->position == INT64_MIN;
      frontier = std::min(frontier, open_ended ? INT64_MIN : input->position - *window_->lateness);
    }
  }
  const auto lock = context_->board->lock();
  context_->board->advance(number_, frontier, false);
}

void SourceDriver::end() {
  const auto lock = context_->board->lock();
  // Opened also where no row goes there: committed, it says that all was read.
  if (window_ == nullptr || !work_.ranges) static_cast<void>(unplaced_unit());
  // What was asked for and has no rows is covered as well.
  const auto last = context_->board->last_end();
  if (window_ != nullptr && !work_.ranges && window_->until && (!last || *last < *window_->until)) {
    context_->board->window(snap_down(*window_->until - 1, window_->every, window_->align));
  }
  context_->board->advance(number_, INT64_MAX, true);
}

}  // namespace flowrun
