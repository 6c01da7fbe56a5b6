// Decimals of up to 15 digits in one 16-byte register: right-aligned, the dot squeezed out by a
// shuffle, the digits added up by multiply-adds of pairs, and one exact division.
#if defined(__x86_64__)
#include <immintrin.h>

#include "nodes/formats/csv_kernels.h"
#include "nodes/formats/fast_number.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,bmi,bmi2,popcnt"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,bmi,bmi2,popcnt")
#endif

namespace flowrun::nodes {
namespace {

/// Row d moves the bytes in front of a dot at byte d one to the right; row 16 moves nothing.
struct Squeezes {
  alignas(16) unsigned char rows[17][16];
};
constexpr Squeezes make_squeezes() {
  Squeezes squeezes{};
  for (unsigned dot = 0; dot <= 16; ++dot) {
    for (unsigned i = 0; i < 16; ++i) {
      const bool moved = dot < 16 && i <= dot;
      squeezes.rows[dot][i] = static_cast<unsigned char>(!moved ? i : i == 0 ? 0x80U : i - 1);
    }
  }
  return squeezes;
}
constexpr Squeezes kSqueezes = make_squeezes();

/// The 16 bytes from byte n on keep the last n of 16.
alignas(32) constexpr unsigned char kKeep[32] = {
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};

/// 10^(15 - dot); 1 where there is no dot (16).
constexpr double kDivisors[17] = {1e15, 1e14, 1e13, 1e12, 1e11, 1e10, 1e9, 1e8, 1e7,
                                  1e6,  1e5,  1e4,  1e3,  1e2,  1e1,  1e0, 1e0};

/// True with `value` set where the bytes in front of `end` are digits with at most one dot.
inline bool parse(const char* end, std::size_t length, bool negative, double& value) {
  if (length - 1 >= kPlainLength) return false;
  const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(end - 16));
  const __m128i keep = _mm_loadu_si128(reinterpret_cast<const __m128i*>(kKeep + length));
  const __m128i digits = _mm_and_si128(_mm_sub_epi8(text, _mm_set1_epi8('0')), keep);
  const __m128i is_digit = _mm_cmpeq_epi8(_mm_min_epu8(digits, _mm_set1_epi8(9)), digits);
  const __m128i is_dot = _mm_and_si128(_mm_cmpeq_epi8(text, _mm_set1_epi8('.')), keep);
  const auto others = static_cast<unsigned>(_mm_movemask_epi8(is_digit)) ^ 0xFFFFU;
  const auto dots = static_cast<unsigned>(_mm_movemask_epi8(is_dot));
  if (others != dots || (dots & (dots - 1)) != 0) return false;
  const auto dot = static_cast<unsigned>(__builtin_ctz(dots | 0x10000U));
  if (length == 1 && dot != 16) return false;
  const __m128i squeeze = _mm_load_si128(reinterpret_cast<const __m128i*>(kSqueezes.rows[dot]));
  const __m128i pairs = _mm_maddubs_epi16(_mm_shuffle_epi8(digits, squeeze),
                                          _mm_set1_epi16(0x010A));          // 10, 1
  const __m128i fours = _mm_madd_epi16(pairs, _mm_set1_epi32(0x00010064));  // 100, 1
  const __m128i packed = _mm_packus_epi32(fours, fours);
  const __m128i eights = _mm_madd_epi16(packed, _mm_set1_epi32(0x00012710));  // 10,000, 1
  const auto both = static_cast<std::uint64_t>(_mm_cvtsi128_si64(eights));
  const std::uint64_t mantissa = (both & 0xFFFFFFFFU) * 100'000'000 + (both >> 32U);
  if (mantissa > kMaxExact) return false;
  const double magnitude =
      static_cast<double>(static_cast<std::int64_t>(mantissa)) / kDivisors[dot];
  value = negative ? -magnitude : magnitude;
  return true;
}

template <bool quoted>
std::size_t parse_all(const FieldColumn& fields, double* out, std::uint32_t* odd) {
  std::size_t count = 0;
  for (std::size_t row = 0; row < fields.rows; ++row) {
    BareField field;
    if constexpr (quoted) {
      field = bare_field(fields, row);
    } else {
      field = {fields.text + fields.begin(row), fields.end(row) - fields.begin(row)};
    }
    const bool negative = *field.text == '-' && field.length > 0;
    const char* end = field.text + field.length;
    const bool done = parse(end, field.length - (negative ? 1 : 0), negative, out[row]);
    odd[count] = static_cast<std::uint32_t>(row);
    count += done ? 0 : 1;
  }
  return count;
}

}  // namespace

std::size_t avx2_float64(const FieldColumn& fields, double* out, std::uint32_t* odd) {
  return fields.quote ? parse_all<true>(fields, out, odd) : parse_all<false>(fields, out, odd);
}

}  // namespace flowrun::nodes
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
