// The scan with AVX-512: one register is a block, and a mask becomes offsets by one compression of
// a row of numbers.
#if defined(__x86_64__)
#include <immintrin.h>

#include "nodes/formats/csv_kernels.h"

#if defined(__clang__)
#pragma clang attribute push(                                                             \
    __attribute__((target("avx2,bmi,bmi2,popcnt,pclmul,"                                  \
                          "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vbmi2"))), \
    apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target( \
    "avx2,bmi,bmi2,popcnt,pclmul,avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vbmi2")
#endif
#include "nodes/formats/csv_scan_blocks.h"

namespace flowrun::nodes {
namespace {

alignas(64) constexpr unsigned char kNumbers[64] = {
    0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
    22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
    44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};

class Avx512 {
 public:
  explicit Avx512(const CsvMarks& marks)
      : delimiter_(_mm512_set1_epi8(marks.delimiter)),
        quote_(_mm512_set1_epi8(marks.quote)),
        numbers_(_mm512_load_si512(kNumbers)),
        quoted_(marks.quoted ? ~std::uint64_t{0} : 0) {}

  [[nodiscard]] static std::uint64_t newlines(const char* text) {
    return _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(text), _mm512_set1_epi8('\n'));
  }
  [[nodiscard]] std::uint64_t delimiters(const char* text) const {
    return _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(text), delimiter_);
  }
  [[nodiscard]] std::uint64_t quotes(const char* text) const {
    return _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(text), quote_) & quoted_;
  }
  void note(const char* text) {
    const __m512i bytes = _mm512_loadu_si512(text);
    high_ = _mm512_or_si512(high_, bytes);
    least_ = _mm512_min_epu8(least_, bytes);
    carriage_returns_ |= _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('\r'));
  }
  void flags(CsvIndex& index) const {
    index.non_ascii = _mm512_movepi8_mask(high_) != 0;
    index.carriage_returns = carriage_returns_ != 0;
    index.nul_bytes = _mm512_testn_epi8_mask(least_, least_) != 0;
  }

  static std::uint64_t inside(std::uint64_t mask) {
    const __m128i word = _mm_set_epi64x(0, static_cast<long long>(mask));
    const __m128i product = _mm_clmulepi64_si128(word, _mm_set1_epi8('\xFF'), 0);
    return static_cast<std::uint64_t>(_mm_cvtsi128_si64(product));
  }

  static std::size_t count(std::uint64_t mask) {
    return static_cast<std::size_t>(_mm_popcnt_u64(mask));
  }
  [[nodiscard]] std::size_t write(std::uint64_t mask, std::uint32_t base,
                                  std::uint32_t* out) const {
    const auto bits = count(mask);
    __m512i packed = _mm512_maskz_compress_epi8(mask, numbers_);
    const __m512i start = _mm512_set1_epi32(static_cast<int>(base));
    for (std::size_t done = 0;;) {
      const __m512i offsets = _mm512_cvtepu8_epi32(_mm512_castsi512_si128(packed));
      _mm512_storeu_si512(out + done, _mm512_add_epi32(offsets, start));
      done += 16;
      if (done >= bits) return bits;
      packed = _mm512_alignr_epi64(packed, packed, 2);  // the next sixteen numbers
    }
  }

 private:
  __m512i delimiter_;
  __m512i quote_;
  __m512i numbers_;
  std::uint64_t quoted_;
  __m512i high_ = _mm512_setzero_si512();
  __m512i least_ = _mm512_set1_epi8('\xFF');
  std::uint64_t carriage_returns_ = 0;
};

}  // namespace

const CsvKernels& avx512_csv_kernels() {
  static constexpr CsvKernels kKernels{
      .survey = survey_blocks<Avx512>, .index = index_blocks<Avx512>, .float64 = avx2_float64};
  return kKernels;
}

}  // namespace flowrun::nodes
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
