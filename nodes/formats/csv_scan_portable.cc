// The scan in plain C++: eight bytes at a time in one register.
#include "nodes/formats/csv_kernels.h"
#include "nodes/formats/csv_scan_blocks.h"
#include "nodes/formats/fast_number.h"
#include "nodes/formats/swar.h"

namespace flowrun::nodes {
namespace {

constexpr std::uint64_t kHighs = 0x8080808080808080ULL;
constexpr std::uint64_t kGather =
    0x0102040810204080ULL;  // brings the top bits of eight bytes into one byte

/// The top bit of each byte, as eight bits.
std::uint64_t top_bits(std::uint64_t word) { return (((word & kHighs) >> 7U) * kGather) >> 56U; }

class Portable {
 public:
  explicit Portable(const CsvMarks& marks)
      : delimiter_(kByteOnes * static_cast<unsigned char>(marks.delimiter)),
        quote_(kByteOnes * static_cast<unsigned char>(marks.quote)),
        quoted_(marks.quoted) {}

  [[nodiscard]] static std::uint64_t newlines(const char* text) { return equal(text, kNewline); }
  [[nodiscard]] std::uint64_t delimiters(const char* text) const { return equal(text, delimiter_); }
  [[nodiscard]] std::uint64_t quotes(const char* text) const {
    if (!quoted_) return 0;
    std::uint64_t any = 0;
    for (unsigned i = 0; i < 8; ++i) any |= zero_bytes(load_word(text + i * 8) ^ quote_);
    return any == 0 ? 0 : equal(text, quote_);
  }
  void note(const char* text) {
    for (unsigned i = 0; i < 8; ++i) {
      const auto word = load_word(text + i * 8);
      high_ |= word;
      carriage_returns_ |= zero_bytes(word ^ kCarriageReturn);
      nul_bytes_ |= zero_bytes(word);
    }
  }
  void flags(CsvIndex& index) const {
    index.non_ascii = (high_ & kHighs) != 0;
    index.carriage_returns = carriage_returns_ != 0;
    index.nul_bytes = nul_bytes_ != 0;
  }

  static std::uint64_t inside(std::uint64_t mask) {
    for (unsigned shift = 1; shift < 64; shift *= 2) mask ^= mask << shift;
    return mask;
  }
  // Without an instruction for it, counting bits costs more than the few marks of a block do.
  static std::size_t count(std::uint64_t mask) {
    std::size_t bits = 0;
    for (; mask != 0; mask &= mask - 1) ++bits;
    return bits;
  }
  static std::size_t write(std::uint64_t mask, std::uint32_t base, std::uint32_t* out) {
    const auto* start = out;
    for (; mask != 0; mask &= mask - 1) {
      *out++ = base + static_cast<std::uint32_t>(std::countr_zero(mask));
    }
    return static_cast<std::size_t>(out - start);
  }

 private:
  static constexpr std::uint64_t kNewline = kByteOnes * '\n';
  static constexpr std::uint64_t kCarriageReturn = kByteOnes * '\r';

  static std::uint64_t equal(const char* text, std::uint64_t mark) {
    std::uint64_t mask = 0;
    for (unsigned i = 0; i < 8; ++i) {
      mask |= top_bits(zero_bytes(load_word(text + i * 8) ^ mark)) << (i * 8);
    }
    return mask;
  }

  std::uint64_t delimiter_;
  std::uint64_t quote_;
  bool quoted_;
  std::uint64_t high_ = 0;
  std::uint64_t carriage_returns_ = 0;
  std::uint64_t nul_bytes_ = 0;
};

std::size_t decode_float64(const FieldColumn& fields, double* out, std::uint32_t* odd) {
  std::size_t count = 0;
  for (std::size_t row = 0; row < fields.rows; ++row) {
    const auto field = bare_field(fields, row);
    if (!fast_float64(field.text, field.length, out[row])) {
      odd[count++] = static_cast<std::uint32_t>(row);
    }
  }
  return count;
}

}  // namespace

const CsvKernels& portable_csv_kernels() {
  static constexpr CsvKernels kKernels{.survey = survey_blocks<Portable>,
                                       .index = index_blocks<Portable>,
                                       .float64 = decode_float64};
  return kKernels;
}

}  // namespace flowrun::nodes
