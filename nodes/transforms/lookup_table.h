// The rows that a lookup finds by their key.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/core/time.h"
#include "engine/data/batch.h"

namespace flowrun::nodes {

/// Appends the key of row `row`: every value with its length in front, so that no two keys of
/// different values are the same bytes. False where one of them is null: such a row finds nothing.
[[nodiscard]] bool append_key(const Batch& batch, const std::vector<std::size_t>& columns,
                              std::int64_t row, std::string& out);

/// Rows by key; with times, several versions a key, of which one is valid at a time. Built by one
/// thread, then constant.
class LookupTable {
 public:
  struct Place {
    std::uint32_t batch = 0;
    std::uint32_t row = 0;
  };
  struct Version {
    Micros from = INT64_MIN;
    Micros until = INT64_MAX;  ///< exclusive
    Place place;
  };
  /// Which columns are the key, and between which a row is valid.
  struct Roles {
    std::vector<std::size_t> key;
    std::optional<std::size_t> valid_from;
    std::optional<std::size_t> valid_until;
  };

  explicit LookupTable(Roles roles) : roles_(std::move(roles)) {}

  void add(BatchRef batch);
  /// Sorts versions. Returns what two rows share that must not: "key 7 stands twice", "versions of
  /// key 7 overlap"; nothing where all is well.
  [[nodiscard]] std::optional<std::string> finish();

  /// The row of a key; with `at`, the version that is valid then.
  [[nodiscard]] std::optional<Place> find(std::string_view key, std::optional<Micros> at) const;
  [[nodiscard]] const Batch& batch(std::uint32_t i) const { return *batches_[i]; }
  [[nodiscard]] std::size_t rows() const { return rows_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  [[nodiscard]] std::string shown(const Version& version) const;

  Roles roles_;
  std::vector<BatchRef> batches_;
  std::unordered_map<std::string, std::vector<Version>, Hash, std::equal_to<>> versions_;
  std::size_t rows_ = 0;
};

}  // namespace flowrun::nodes
