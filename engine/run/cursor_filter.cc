#include "engine/run/cursor_filter.h"

#include <fmt/format.h>

#include <numeric>

#include "engine/core/error.h"
#include "engine/core/hash.h"
#include "engine/data/text.h"
#include "engine/plan/matrix.h"
#include "engine/run/placement.h"

namespace flowrun {
namespace {

constexpr std::uint64_t kSecondSeed = 0x5BD1E995;

ColumnRef parse_value(Type type, const std::string& text) {
  ColumnBuilder builder(type);
  if (!parse_append(builder, text)) {
    throw Error(Errc::plan,
                "the cursor's mark \"{}\" is no {}, the type of its column now; set it anew with "
                "flowrun state set",
                text, to_string(type));
  }
  return builder.finish();
}

ColumnRef value_at(const Batch& batch, std::size_t column, std::int64_t row) {
  ColumnBuilder builder(batch.schema().field(column).type);
  builder.append_from(batch.column(column), row);
  return builder.finish();
}

bool take_one(std::map<RowDigest, std::int64_t>& ties, const RowDigest& digest) {
  const auto found = ties.find(digest);
  if (found == ties.end() || found->second == 0) return false;
  --found->second;
  return true;
}

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

}  // namespace

void append_cursor_key(std::string& out, const Batch& batch, const std::vector<std::size_t>& per,
                       std::int64_t row) {
  std::string value;
  for (const auto column : per) {
    if (!out.empty()) out += ',';
    out += batch.schema().field(column).name;
    if (!batch.column(column).is_valid(row)) continue;
    value.clear();
    append_text(value, batch.column(column), row);
    out += '=';
    append_escaped(out, value);
  }
}

CursorFilter::CursorFilter(const CursorSpec& spec, SchemaRef schema, CursorRange range, Micros now)
    : spec_(spec),
      schema_(std::move(schema)),
      range_(std::move(range)),
      now_(now),
      all_columns_(schema_->size()) {
  std::iota(all_columns_.begin(), all_columns_.end(), std::size_t{0});
  for (const auto& field : schema_->fields()) column_names_ += field.name + '\n';
}

CursorFilter::Bound CursorFilter::make_bound(const CursorMark& mark) const {
  Bound bound{.value = parse_value(schema_->field(spec_.column).type, mark.value),
              .ties = mark.ties,
              .columns = {}};
  for (const auto& name : split_lines(mark.columns)) {
    if (const auto index = schema_->index_of(name)) {
      bound.columns.push_back(*index);
      continue;
    }
    // Without the column the rows at the mark cannot be told from new ones.
    if (!range_.may_repeat_ties) {
      throw Error(Errc::plan,
                  "column \"{}\" is gone, and without it the rows at the cursor's mark ({}) cannot "
                  "be told from new ones; set the mark anew with flowrun state set",
                  name, mark.value);
    }
    bound.ties.clear();
  }
  return bound;
}

CursorFilter::Key CursorFilter::make_key(const std::string& name) const {
  Key key;
  if (const auto found = range_.from.find(name); found != range_.from.end()) {
    key.from = make_bound(found->second);
    key.known = key.from->ties;
    key.start = found->second.value;
  } else if (spec_.initial) {
    key.from = Bound{.value = parse_value(schema_->field(spec_.column).type, *spec_.initial),
                     .ties = {},
                     .columns = {}};
  }
  if (!range_.to) return key;
  const auto found = range_.to->find(name);
  if (found == range_.to->end()) return key;
  key.to = make_bound(found->second);
  if (key.start != found->second.value) return key;
  // The rows at the old mark are among the ties of the new one.
  for (const auto& [digest, count] : key.known) {
    if (const auto tie = key.to->ties.find(digest); tie != key.to->ties.end()) tie->second -= count;
  }
  return key;
}

CursorFilter::Key& CursorFilter::key_of(const Batch& batch, std::int64_t row) {
  key_text_.clear();
  append_cursor_key(key_text_, batch, spec_.per, row);
  const auto found = keys_.find(key_text_);
  if (found != keys_.end()) return found->second;
  return keys_.emplace(key_text_, make_key(key_text_)).first->second;
}

RowDigest CursorFilter::digest_of(const Batch& batch, std::int64_t row,
                                  const std::vector<std::size_t>& columns) {
  std::string bytes;
  for (const auto index : columns) {
    const auto& column = batch.column(index);
    if (!column.is_valid(row)) {
      bytes += '-';
      continue;
    }
    const auto start = bytes.size();
    append_text(bytes, column, row);
    bytes += ':';
    bytes += std::to_string(bytes.size() - start);
  }
  return {hash64(bytes), hash64(bytes, kSecondSeed)};
}

bool CursorFilter::is_known(const Batch& batch, std::int64_t row, Key& key) const {
  auto& from = *key.from;
  if (from.ties.empty() || !take_one(from.ties, digest_of(batch, row, from.columns))) return false;
  // Columns came since: what is kept next time is over all of them.
  if (from.columns != all_columns_) ++key.met_again[digest_of(batch, row, all_columns_)];
  return true;
}

CursorFilter::Place CursorFilter::place(const Batch& batch, std::int64_t row, Key& key) {
  const auto& column = batch.column(spec_.column);
  const auto type = column.type();
  if (type.is_time() || type.id == TypeId::date) {
    const auto time = event_time(column, row);
    if (time > now_ + spec_.max_ahead) return Place::ahead;
    if (spec_.lag > 0 && time > now_ - spec_.lag) return Place::later;
  }
  if (key.from) {
    const auto order = compare_at(column, row, *key.from->value, 0);
    if (order < 0) return Place::old;
    if (order == 0 && is_known(batch, row, key)) return Place::old;
  }
  if (!range_.to) return Place::take;
  if (!key.to) return Place::later;
  const auto order = compare_at(column, row, *key.to->value, 0);
  if (order > 0) return Place::later;
  if (order < 0 || take_one(key.to->ties, digest_of(batch, row, key.to->columns))) {
    return Place::take;
  }
  return Place::later;
}

void CursorFilter::note(const Batch& batch, std::int64_t row, Key& key) {
  const auto digest = digest_of(batch, row, all_columns_);
  ++rows_;
  sum_[0] += digest[0];
  sum_[1] += digest[1];
  const auto& column = batch.column(spec_.column);
  const auto order = key.greatest ? compare_at(column, row, *key.greatest, 0) : 1;
  if (order < 0) return;
  if (order > 0) {
    key.greatest = value_at(batch, spec_.column, row);
    key.at_greatest.clear();
  }
  ++key.at_greatest[digest];
}

Reject CursorFilter::reject(const Batch& batch, std::int64_t row, Place place) const {
  return {
      .reason = place == Place::ahead ? "the cursor lies in the future" : "no value for the cursor",
      .column = schema_->field(spec_.column).name,
      .value = text_of(batch.column(spec_.column), row),
      .origin = {},
      .record = record_of(batch, row),
      .ordinal = batch.ordinal(row)};
}

CursorFilter::Taken CursorFilter::take(const BatchRef& batch) {
  Taken taken;
  std::vector<std::uint32_t> rows;
  for (std::int64_t row = 0; row < batch->rows(); ++row) {
    auto where = Place::missing;
    if (batch->column(spec_.column).is_valid(row)) {
      auto& key = key_of(*batch, row);
      where = place(*batch, row, key);
      if (where == Place::take) note(*batch, row, key);
    } else if (spec_.on_missing != OnMissing::reject) {
      where = spec_.on_missing == OnMissing::load ? Place::take : Place::old;
      taken.skipped += where == Place::old ? 1 : 0;
      taken.old -= where == Place::old ? 1 : 0;
    }
    switch (where) {
      case Place::take:
        rows.push_back(static_cast<std::uint32_t>(row));
        break;
      case Place::old:
        ++taken.old;
        break;
      case Place::later:
        ++taken.held_back;
        break;
      case Place::missing:
      case Place::ahead:
        taken.rejects.push_back(reject(*batch, row, where));
        held_back_ = held_back_ || where == Place::ahead;
        break;
    }
  }
  held_back_ = held_back_ || taken.held_back > 0;
  if (static_cast<std::int64_t>(rows.size()) == batch->rows()) {
    taken.rows = batch;
  } else if (!rows.empty()) {
    taken.rows = flowrun::take(*batch, rows);
  }
  return taken;
}

CursorMarks CursorFilter::reached() const {
  CursorMarks marks;
  for (const auto& [name, key] : keys_) {
    if (!key.greatest) continue;
    CursorMark mark{
        .value = text_of(*key.greatest, 0), .columns = column_names_, .ties = key.at_greatest};
    // Rows that were at the mark before are still there, told apart as they were then.
    if (mark.value == key.start) {
      const bool same_columns = key.from->columns == all_columns_;
      for (const auto& [digest, count] : same_columns ? key.known : key.met_again) {
        mark.ties[digest] += count;
      }
    }
    marks.emplace(name, std::move(mark));
  }
  return marks;
}

std::string CursorFilter::digest() const { return fmt::format("{:016x}{:016x}", sum_[0], sum_[1]); }

}  // namespace flowrun
