// The scan with AVX2: two registers of 32 bytes make a block.
#if defined(__x86_64__)
#include <immintrin.h>

#include "nodes/formats/csv_kernels.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,bmi,bmi2,popcnt,pclmul"))), \
                             apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,bmi,bmi2,popcnt,pclmul")
#endif
#include "nodes/formats/csv_scan_blocks.h"

namespace flowrun::nodes {
namespace {

class Avx2 {
 public:
  explicit Avx2(const CsvMarks& marks)
      : delimiter_(_mm256_set1_epi8(marks.delimiter)),
        quote_(_mm256_set1_epi8(marks.quote)),
        quoted_(marks.quoted ? ~std::uint64_t{0} : 0) {}

  [[nodiscard]] static std::uint64_t newlines(const char* text) {
    return equal(text, _mm256_set1_epi8('\n'));
  }
  [[nodiscard]] std::uint64_t delimiters(const char* text) const { return equal(text, delimiter_); }
  [[nodiscard]] std::uint64_t quotes(const char* text) const {
    return equal(text, quote_) & quoted_;
  }
  void note(const char* text) {
    const __m256i low = load(text);
    const __m256i high = load(text + 32);
    const __m256i mark = _mm256_set1_epi8('\r');
    high_ = _mm256_or_si256(high_, _mm256_or_si256(low, high));
    least_ = _mm256_min_epu8(least_, _mm256_min_epu8(low, high));
    carriage_returns_ = _mm256_or_si256(
        carriage_returns_,
        _mm256_or_si256(_mm256_cmpeq_epi8(low, mark), _mm256_cmpeq_epi8(high, mark)));
  }
  void flags(CsvIndex& index) const {
    index.non_ascii = _mm256_movemask_epi8(high_) != 0;
    index.carriage_returns = _mm256_movemask_epi8(carriage_returns_) != 0;
    index.nul_bytes = _mm256_movemask_epi8(_mm256_cmpeq_epi8(least_, _mm256_setzero_si256())) != 0;
  }

  static std::uint64_t inside(std::uint64_t mask) {
    const __m128i word = _mm_set_epi64x(0, static_cast<long long>(mask));
    const __m128i product = _mm_clmulepi64_si128(word, _mm_set1_epi8('\xFF'), 0);
    return static_cast<std::uint64_t>(_mm_cvtsi128_si64(product));
  }
  static std::size_t count(std::uint64_t mask) {
    return static_cast<std::size_t>(_mm_popcnt_u64(mask));
  }
  /// Writes eight offsets at a time, whether there are that many or not: cheaper than a branch for
  /// each.
  static std::size_t write(std::uint64_t mask, std::uint32_t base, std::uint32_t* out) {
    const auto bits = count(mask);
    for (std::size_t done = 0; done < bits; done += 8) {
      for (std::size_t i = 0; i < 8; ++i) {
        out[done + i] = base + static_cast<std::uint32_t>(_tzcnt_u64(mask));
        mask = _blsr_u64(mask);
      }
    }
    return bits;
  }

 private:
  static __m256i load(const char* text) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text));
  }
  static std::uint64_t equal(const char* text, __m256i mark) {
    const auto low =
        static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(load(text), mark)));
    const auto high =
        static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(load(text + 32), mark)));
    return low | (static_cast<std::uint64_t>(high) << 32U);
  }

  __m256i delimiter_;
  __m256i quote_;
  std::uint64_t quoted_;
  __m256i high_ = _mm256_setzero_si256();
  __m256i least_ = _mm256_set1_epi8('\xFF');
  __m256i carriage_returns_ = _mm256_setzero_si256();
};

}  // namespace

const CsvKernels& avx2_csv_kernels() {
  static constexpr CsvKernels kKernels{
      .survey = survey_blocks<Avx2>, .index = index_blocks<Avx2>, .float64 = avx2_float64};
  return kKernels;
}

}  // namespace flowrun::nodes
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
