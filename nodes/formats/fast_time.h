// Timestamps and dates in their usual form, parsed eight characters at a time; everything else is
// for the general parsers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "engine/core/time.h"
#include "nodes/formats/swar.h"

namespace flowrun::nodes {

/// Parses a column's dates; remembers the last one, since neighbours mostly share it.
class FastDate {
 public:
  /// Parses the 10 characters at `text`; false where they are no date.
  [[nodiscard]] bool parse(const char* text, std::int32_t& days) {
    const std::uint64_t front = load_word(text);
    std::uint16_t back = 0;
    std::memcpy(&back, text + 8, sizeof back);
    if (front != front_ || back != back_) {
      const auto parsed = parse_date({text, 10});
      if (!parsed) return false;
      front_ = front;
      back_ = back;
      days_ = *parsed;
    }
    days = days_;
    return true;
  }

  [[nodiscard]] bool operator()(const char* text, std::size_t length, std::int32_t& days) {
    return length == 10 && parse(text, days);
  }

 private:
  std::uint64_t front_ = 0;  // no date has bytes of 0: the first comparison fails
  std::uint16_t back_ = 0;
  std::int32_t days_ = 0;
};

/// Parses "YYYY-MM-DD?HH:MM:SS", an optional fraction, and an optional "Z", into microseconds: the
/// reading of both kinds of timestamp columns. Telemetry repeats its times, so the last text is
/// compared first.
class FastTimestamp {
 public:
  [[nodiscard]] bool operator()(const char* text, std::size_t length, std::int64_t& micros) {
    if (length < kShortest || length > kLongest) return false;
    const Words words(text, length);
    if (words == last_ && length == last_length_) {
      micros = last_micros_;
      return true;
    }
    if (!parse(text, length, micros)) return false;
    last_ = words;
    last_length_ = length;
    last_micros_ = micros;
    return true;
  }

 private:
  static constexpr std::size_t kShortest = 19;
  static constexpr std::size_t kLongest = 32;

  /// All bytes of a text of 16 to 32 bytes.
  struct Words {
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    std::uint64_t c = 0;
    std::uint64_t d = 0;
    Words() = default;
    Words(const char* text, std::size_t length)
        : a(load_word(text)),
          b(load_word(text + 8)),
          c(load_word(text + length - 16)),
          d(load_word(text + length - 8)) {}
    bool operator==(const Words& o) const {
      return ((a ^ o.a) | (b ^ o.b) | (c ^ o.c) | (d ^ o.d)) == 0;
    }
  };

  /// What must stand between the digits of "DD?HH:MM" (the '?' is looked at on its own) and of
  /// ":SS".
  static constexpr std::uint64_t word_of(std::string_view text) {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      word |= static_cast<std::uint64_t>(static_cast<unsigned char>(text[i])) << (i * 8);
    }
    return word;
  }
  /// Adding this to a byte sets its upper half where it is no digit ('6'), or not 0 ('F').
  static constexpr std::uint64_t limit_of(std::string_view text) {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      word |= static_cast<std::uint64_t>(text[i] == '0' ? 0x06 : 0x0F) << (i * 8);
    }
    return word;
  }

  bool parse(const char* text, std::size_t length, std::int64_t& micros) {
    constexpr std::uint64_t kUpper = kByteOnes * 0xF0;
    constexpr std::uint64_t kGap = std::uint64_t{0xFF} << 16U;  // between date and time
    constexpr std::uint64_t kClockText = word_of("00T00:00") & ~kGap;
    constexpr std::uint64_t kClockLimit = limit_of("00T00:00") & ~kGap;
    constexpr std::uint64_t kSecondsText = word_of(":00");
    constexpr std::uint64_t kSecondsLimit = limit_of(":00");
    const char gap = text[10];
    if (gap != 'T' && gap != ' ' && gap != 't') return false;
    const std::uint64_t clock = (load_word(text + 8) & ~kGap) ^ kClockText;
    const std::uint64_t tail = (load_word(text + 16) & low_bytes(3)) ^ kSecondsText;
    if ((((clock + kClockLimit) | clock | (tail + kSecondsLimit) | tail) & kUpper) != 0)
      return false;
    const auto hours = two_digits(clock >> 24U);
    const auto minutes = two_digits(clock >> 48U);
    const auto seconds = two_digits(tail >> 8U);
    if (hours > 23 || minutes > 59 || seconds > 59) return false;
    std::int32_t days = 0;
    if (!date_.parse(text, days)) return false;
    micros = days * kDay + hours * kHour + minutes * kMinute + seconds * kSecond;
    return take_rest({text + kShortest, length - kShortest}, micros);
  }

  /// The fraction and the zone.
  static bool take_rest(std::string_view rest, std::int64_t& micros) {
    if (rest.empty() || rest == "Z") return true;
    if (rest.front() != '.') return false;
    std::int64_t scale = kSecond;
    std::size_t at = 1;
    for (; at < rest.size() && rest[at] >= '0' && rest[at] <= '9'; ++at) {
      scale /= 10;
      micros += (rest[at] - '0') * scale;  // beyond microseconds the scale is 0
    }
    if (at == 1 || at > 10) return false;
    return at == rest.size() || rest.substr(at) == "Z";
  }

  static std::int64_t two_digits(std::uint64_t digits) {
    return static_cast<std::int64_t>((digits & 0xFFU) * 10 + ((digits >> 8U) & 0xFFU));
  }

  FastDate date_;
  Words last_;
  std::size_t last_length_ = 0;
  std::int64_t last_micros_ = 0;
};

}  // namespace flowrun::nodes
