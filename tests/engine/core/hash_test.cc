#include "engine/core/hash.h"

#include <set>

#include "tests/support/catch.h"

using namespace flowrun;

TEST_CASE("hashes are XXH3 as published, so that stored fingerprints mean the same everywhere") {
  CHECK(hash64("") == 0x2d06800538d394c2ULL);
  CHECK(fingerprint("") == "99aa06d3014798d86001c324468d497f");
}

TEST_CASE("a fingerprint does not depend on how the bytes came") {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += std::to_string(i * 7919);
  Fingerprinter pieces;
  for (std::size_t at = 0, size = 1; at < text.size(); at += size, size = size % 97 + 1) {
    pieces.add(std::string_view(text).substr(at, size));
  }
  CHECK(pieces.digest() == fingerprint(text));
  auto moved = std::move(pieces);
  moved.add("x");
  CHECK(moved.digest() == fingerprint(text + "x"));
  CHECK(Fingerprinter().digest() == fingerprint(""));
}

TEST_CASE("mixing depends on both hashes and on their order") {
  std::set<std::uint64_t> seen;
  for (std::uint64_t a = 0; a < 100; ++a) {
    for (std::uint64_t b = 0; b < 100; ++b) seen.insert(mix(hash64("x", a), hash64("x", b)));
  }
  CHECK(seen.size() == 10'000);
}
