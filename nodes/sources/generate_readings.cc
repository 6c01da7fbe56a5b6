#include "nodes/sources/generate_readings.h"

#include <algorithm>
#include <bit>

#include "engine/data/builder.h"

namespace flowrun::nodes {
namespace {

/// The place of `i` in a permutation of [0, size) that `key` names: a Feistel network over the next
/// power of four, walked until it comes back into the range.
std::uint64_t permuted(std::uint64_t i, std::uint64_t size, std::uint64_t key) {
  const auto half = static_cast<unsigned>(std::bit_width(size - 1) + 1) / 2;
  const std::uint64_t low = (std::uint64_t{1} << half) - 1;
  do {
    std::uint64_t left = i >> half;
    std::uint64_t right = i & low;
    for (std::uint64_t round = 0; round < 4; ++round) {
      left ^= mix(key + round, right) & low;
      std::swap(left, right);
    }
    i = left << half | right;
  } while (i >= size);
  return i;
}

}  // namespace

std::int64_t Readings::reading_at(std::int64_t position) const {
  if (disorder < 2) return position;
  const auto first = position / disorder * disorder;
  const auto size = std::min(disorder, rows - first);
  if (size < 2) return position;
  const auto place = permuted(static_cast<std::uint64_t>(position - first),
                              static_cast<std::uint64_t>(size), draw(first, Purpose::order));
  return first + static_cast<std::int64_t>(place);
}

ReadingNames::ReadingNames(std::int64_t count, const char* prefix, int digits) {
  ColumnBuilder builder(kString);
  for (std::int64_t i = 0; i < count; ++i)
    builder.append_text(fmt::format("{}{:0{}}", prefix, i, digits));
  texts = builder.finish();
}

ReadingsInput::ReadingsInput(const Readings& what)
    : readings(what),
      schema(readings_schema()),
      devices(what.devices, "dev-", 6),
      channels(what.channels, "ch_", 2) {}

const SchemaRef& readings_schema() {
  static const SchemaRef schema = make_schema(
      {{"ts", kTimestamptz}, {"device", kString}, {"channel", kString}, {"value", kFloat64}});
  return schema;
}

ReadingRows::ReadingRows(std::int64_t most) {
  const auto rows = static_cast<std::size_t>(most);
  for (auto* buffer : {&times_, &values_, &ordinals_})
    *buffer = Buffer::allocate(rows * sizeof(std::int64_t));
  for (auto* buffer : {&devices_, &channels_})
    *buffer = Buffer::allocate(rows * sizeof(std::int32_t));
}

void ReadingRows::add(const Readings& readings, std::int64_t reading, Purpose purpose,
                      std::uint64_t ordinal) {
  if (reading != reading_) {
    const auto in_moment = reading % readings.per_moment();
    time_ = readings.start + reading / readings.per_moment() * readings.step;
    device_ = static_cast<std::int32_t>(in_moment / readings.channels);
    channel_ = static_cast<std::int32_t>(in_moment % readings.channels);
    reading_ = reading;
  }
  times_->mutable_as<std::int64_t>()[count_] = time_;
  devices_->mutable_as<std::int32_t>()[count_] = device_;
  channels_->mutable_as<std::int32_t>()[count_] = channel_;
  values_->mutable_as<double>()[count_] =
      static_cast<double>(readings.draw(reading, purpose) % 1'000'000) / 10'000.0;
  ordinals_->mutable_as<std::uint64_t>()[count_] = ordinal;
  ++count_;
}

BatchRef ReadingRows::finish(const ReadingsInput& input) {
  const auto rows = static_cast<std::int64_t>(count_);
  for (auto* buffer : {&times_, &values_, &ordinals_})
    (*buffer)->set_size(count_ * sizeof(std::int64_t));
  for (auto* buffer : {&devices_, &channels_}) (*buffer)->set_size(count_ * sizeof(std::int32_t));
  const auto fixed = [&](Type type, std::shared_ptr<Buffer>& values) {
    return std::make_shared<const Column>(
        ColumnParts{.type = type, .length = rows, .values = std::move(values)});
  };
  const auto named = [&](const ReadingNames& names, std::shared_ptr<Buffer>& codes) {
    return std::make_shared<const Column>(ColumnParts{.type = kString,
                                                      .length = rows,
                                                      .values = std::move(codes),
                                                      .dictionary = names.texts,
                                                      .dictionary_id = names.id});
  };
  std::vector<ColumnRef> columns{fixed(kTimestamptz, times_), named(input.devices, devices_),
                                 named(input.channels, channels_), fixed(kFloat64, values_)};
  return std::make_shared<const Batch>(input.schema, std::move(columns), rows,
                                       Ordinals{.values = std::move(ordinals_)});
}

}  // namespace flowrun::nodes
