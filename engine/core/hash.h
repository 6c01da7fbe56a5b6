// Fingerprints and key hashes (XXH3).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace flowrun {

/// 64-bit hash of bytes; the same on every machine and run.
[[nodiscard]] std::uint64_t hash64(std::string_view bytes, std::uint64_t seed = 0);

/// 128-bit fingerprint of text as 32 hex digits.
[[nodiscard]] std::string fingerprint(std::string_view bytes);

/// 128-bit fingerprint of a stream of bytes. One thread at a time.
class Fingerprinter {
 public:
  Fingerprinter();
  ~Fingerprinter();
  Fingerprinter(Fingerprinter&&) noexcept;
  Fingerprinter& operator=(Fingerprinter&&) noexcept;
  void add(std::string_view bytes);
  /// 32 hex digits over all that was added so far.
  [[nodiscard]] std::string digest() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Mixes two hashes into one (order matters). Source of the constant: splitmix64.
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  std::uint64_t x = a ^ (b + 0x9E3779B97F4A7C15ULL + (a << 6U) + (a >> 2U));
  x ^= x >> 30U;
  x *= 0xBF58476D1CE4E5B9ULL;
  x ^= x >> 27U;
  x *= 0x94D049BB133111EBULL;
  return x ^ (x >> 31U);
}

}  // namespace flowrun
