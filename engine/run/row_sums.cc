#include "engine/run/row_sums.h"

#include <bit>
#include <cmath>
#include <vector>

#include "engine/core/hash.h"
#include "engine/run/silent_sink.h"

namespace flowrun {
namespace {

constexpr std::uint64_t kNull = 0x9AE16A3B2F90404FULL;

std::uint64_t bits_of(double value) {
  if (std::isnan(value)) return 0x7FF8000000000000ULL;
  return std::bit_cast<std::uint64_t>(value == 0 ? 0.0 : value);
}

std::uint64_t value_hash(const Column& column, std::int64_t row) {
  const auto at = static_cast<std::size_t>(row);
  switch (column.type().id) {
    case TypeId::boolean:
      return column.boolean(row) ? 1 : 2;
    case TypeId::float64:
      return bits_of(column.values<double>()[at]);
    case TypeId::decimal: {
      const auto value = static_cast<UInt128>(column.values<Int128>()[at]);
      return mix(static_cast<std::uint64_t>(value), static_cast<std::uint64_t>(value >> 64U));
    }
    case TypeId::date:
      return static_cast<std::uint64_t>(column.values<std::int32_t>()[at]);
    case TypeId::int64:
    case TypeId::timestamp:
    case TypeId::timestamptz:
      return static_cast<std::uint64_t>(column.values<std::int64_t>()[at]);
    case TypeId::string:
    case TypeId::bytes:
      break;
  }
  return hash64(column.text(row));
}

class SummingSink final : public SilentSink {
 public:
  explicit SummingSink(std::shared_ptr<UnitSums> sums) : sums_(std::move(sums)) {}
  void write(const Unit& unit, std::unique_ptr<Encoded> rows) override {
    sums_->add(unit, *rows->batch);
  }

 private:
  std::shared_ptr<UnitSums> sums_;
};

}  // namespace

void RowSum::add(const Batch& batch) {
  std::vector<std::uint64_t> row_hashes(static_cast<std::size_t>(batch.rows()), 0);
  for (std::size_t i = 0; i < batch.schema().size(); ++i) {
    const auto& column = batch.column(i);
    for (std::int64_t row = 0; row < batch.rows(); ++row) {
      auto& hash = row_hashes[static_cast<std::size_t>(row)];
      hash = mix(hash + i, column.is_valid(row) ? value_hash(column, row) : kNull);
    }
  }
  rows += batch.rows();
  for (const auto hash : row_hashes) hashes += mix(hash, 1);
}

void UnitSums::add(const Unit& unit, const Batch& batch) {
  RowSum sum;
  sum.add(batch);
  const bool is_window = unit.kind == UnitKind::window;
  const std::lock_guard lock(mutex_);
  sums_[{!is_window, is_window ? unit.interval.from : 0}] += sum;
}

std::map<UnitSums::Key, RowSum> UnitSums::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(sums_, {});
}

std::unique_ptr<Sink> make_summing_sink(std::shared_ptr<UnitSums> sums) {
  return std::make_unique<SummingSink>(std::move(sums));
}

}  // namespace flowrun
