// Latin-1 and UTF-16 brought into UTF-8 as a layer over a stream of bytes.
#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "engine/core/error.h"
#include "nodes/formats/byte_stream.h"

namespace flowrun::nodes {
namespace {

constexpr std::size_t kInputBytes = 64U << 10U;
constexpr char kNoCharacter = '\xFF';  // never part of UTF-8: the row that holds it is refused
constexpr std::uint32_t kReplacedAbove = 0x10FFFF;

void append_utf8(std::vector<char>& out, std::uint32_t code) {
  const auto put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0U | (code >> 6U));
    put(0x80U | (code & 0x3FU));
  } else if (code < 0x10000) {
    put(0xE0U | (code >> 12U));
    put(0x80U | ((code >> 6U) & 0x3FU));
    put(0x80U | (code & 0x3FU));
  } else if (code <= kReplacedAbove) {
    put(0xF0U | (code >> 18U));
    put(0x80U | ((code >> 12U) & 0x3FU));
    put(0x80U | ((code >> 6U) & 0x3FU));
    put(0x80U | (code & 0x3FU));
  }
}

class Recode final : public ByteStream {
 public:
  Recode(std::unique_ptr<ByteStream> below, std::string name, Encoding encoding)
      : below_(std::move(below)),
        name_(std::move(name)),
        encoding_(encoding),
        input_(kInputBytes) {}

  std::size_t read(std::span<char> out, const std::stop_token& stop) override {
    while (from_ == output_.size()) {
      output_.clear();
      from_ = 0;
      const auto got = below_->read(std::span(input_).subspan(kept_), stop);
      if (got == 0) {
        if (stop.stop_requested() || kept_ + waiting_ == 0) return 0;
        finish();
      } else if (encoding_ == Encoding::latin1) {
        for (std::size_t i = 0; i < got; ++i)
          append_utf8(output_, static_cast<unsigned char>(input_[i]));
      } else {
        take_utf16(kept_ + got);
      }
    }
    const auto count = std::min(out.size(), output_.size() - from_);
    std::memcpy(out.data(), output_.data() + from_, count);
    from_ += count;
    return count;
  }
  [[nodiscard]] std::int64_t taken() const override { return below_->taken(); }

 private:
  /// Half a character at the end of the input: an invalid one.
  void finish() {
    output_.push_back(kNoCharacter);
    kept_ = 0;
    waiting_ = 0;
  }

  void take_utf16(std::size_t size) {
    std::size_t at = 0;
    if (!started_ && size >= 2) {
      at = take_mark();
      started_ = true;
    }
    for (; at + 2 <= size; at += 2) take_unit(unit_at(at));
    kept_ = size - at;
    if (kept_ > 0) input_[0] = input_[at];
  }

  /// Takes the byte-order mark; returns how many bytes it has.
  std::size_t take_mark() {
    constexpr std::uint32_t kMark = 0xFEFF;
    if (encoding_ != Encoding::utf16) return unit_at(0) == kMark ? 2 : 0;
    for (const auto order : {Encoding::utf16le, Encoding::utf16be}) {
      encoding_ = order;
      if (unit_at(0) == kMark) return 2;
    }
    throw Error(Errc::data,
                "{} has no byte-order mark; say encoding = \"utf-16le\" or \"utf-16be\"", name_);
  }

  [[nodiscard]] std::uint32_t unit_at(std::size_t at) const {
    const std::uint32_t first = static_cast<unsigned char>(input_[at]);
    const std::uint32_t second = static_cast<unsigned char>(input_[at + 1]);
    return encoding_ == Encoding::utf16be ? (first << 8U) | second : (second << 8U) | first;
  }

  void take_unit(std::uint32_t unit) {
    const bool low = unit >= 0xDC00 && unit < 0xE000;
    if (waiting_ != 0 && low) {
      append_utf8(output_, 0x10000 + ((waiting_ - 0xD800) << 10U) + (unit - 0xDC00));
      waiting_ = 0;
      return;
    }
    if (waiting_ != 0) output_.push_back(kNoCharacter);
    waiting_ = 0;
    if (unit >= 0xD800 && unit < 0xDC00) {
      waiting_ = unit;
    } else if (low) {
      output_.push_back(kNoCharacter);
    } else {
      append_utf8(output_, unit);
    }
  }

  std::unique_ptr<ByteStream> below_;
  std::string name_;
  Encoding encoding_;
  bool started_ = false;
  std::vector<char> input_;
  std::size_t kept_ = 0;       ///< bytes of half a unit at the front of input_
  std::uint32_t waiting_ = 0;  ///< a high surrogate whose other half has not come
  std::vector<char> output_;
  std::size_t from_ = 0;
};

}  // namespace

std::unique_ptr<ByteStream> recode(std::unique_ptr<ByteStream> below, std::string name,
                                   Encoding encoding) {
  return std::make_unique<Recode>(std::move(below), std::move(name), encoding);
}

}  // namespace flowrun::nodes
