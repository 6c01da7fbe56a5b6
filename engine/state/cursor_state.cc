#include "engine/state/cursor_state.h"

#include <cstring>

#include "engine/core/error.h"

namespace flowrun {
namespace {

/// A tie as it is kept: its digest and how many rows have it, little-endian.
struct StoredTie {
  RowDigest digest;
  std::int64_t count;
};
static_assert(sizeof(StoredTie) == 24);

}  // namespace

std::string pack_ties(const std::map<RowDigest, std::int64_t>& ties) {
  std::string bytes;
  bytes.reserve(ties.size() * sizeof(StoredTie));
  for (const auto& [digest, count] : ties) {
    const StoredTie tie{digest, count};
    bytes.append(reinterpret_cast<const char*>(&tie), sizeof tie);
  }
  return bytes;
}

std::map<RowDigest, std::int64_t> unpack_ties(const std::string& bytes) {
  if (bytes.size() % sizeof(StoredTie) != 0) {
    throw Error(Errc::io, "the journal holds a cursor that this flowrun cannot read");
  }
  std::map<RowDigest, std::int64_t> ties;
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(StoredTie)) {
    StoredTie tie{};
    std::memcpy(&tie, bytes.data() + at, sizeof tie);
    ties.emplace(tie.digest, tie.count);
  }
  return ties;
}

}  // namespace flowrun
