// The readings that `generate` makes: each follows from its number alone.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <string>

#include "engine/core/hash.h"
#include "engine/core/time.h"
#include "engine/data/batch.h"

namespace flowrun::nodes {

/// What a number is drawn for.
enum class Purpose : std::uint8_t { value, second_value, missing, duplicate, order };

/// Which readings there are, and where they stand. Constant.
struct Readings {
  std::int64_t rows = 0;
  Micros start = 0;
  Micros step = 0;
  std::int64_t devices = 0;
  std::int64_t channels = 0;
  std::uint64_t seed = 0;
  std::int64_t disorder = 0;
  double duplicates = 0;
  double missing = 0;
  bool ranges = true;

  [[nodiscard]] std::int64_t per_moment() const { return devices * channels; }
  /// The number that belongs to a reading and a purpose.
  [[nodiscard]] std::uint64_t draw(std::int64_t reading, Purpose purpose) const {
    return mix(mix(seed, static_cast<std::uint64_t>(purpose)), static_cast<std::uint64_t>(reading));
  }
  /// True for that part of the readings.
  [[nodiscard]] bool draws(double ratio, std::int64_t reading, Purpose purpose) const {
    return ratio > 0 && static_cast<double>(draw(reading, purpose) >> 11U) * 0x1p-53 < ratio;
  }
  /// The reading that stands at a position of the input: another one where there is disorder.
  [[nodiscard]] std::int64_t reading_at(std::int64_t position) const;
  /// Everything that rows follow from.
  [[nodiscard]] std::string fingerprint_text() const {
    return fmt::format("{} {} {} {} {} {} {} {} {}", rows, start, step, devices, channels, seed,
                       disorder, duplicates, missing);
  }
};

/// A list of names as a dictionary: prefix and number.
struct ReadingNames {
  ReadingNames(std::int64_t count, const char* prefix, int digits);
  ColumnRef texts;
  std::uint64_t id = new_dictionary_id();
};

/// What all readers of a source share. Constant.
struct ReadingsInput {
  explicit ReadingsInput(const Readings& what);
  Readings readings;
  SchemaRef schema;
  ReadingNames devices;
  ReadingNames channels;
};

/// ts, device, channel, value.
[[nodiscard]] const SchemaRef& readings_schema();

/// A batch of readings being filled. Used by one thread.
class ReadingRows {
 public:
  /// For at most so many.
  explicit ReadingRows(std::int64_t most);
  void add(const Readings& readings, std::int64_t reading, Purpose purpose, std::uint64_t ordinal);
  [[nodiscard]] BatchRef finish(const ReadingsInput& input);

 private:
  std::shared_ptr<Buffer> times_, devices_, channels_, values_, ordinals_;
  std::size_t count_ = 0;
  std::int64_t reading_ = -1;  ///< what the numbers below belong to
  Micros time_ = 0;
  std::int32_t device_ = 0;
  std::int32_t channel_ = 0;
};

}  // namespace flowrun::nodes
