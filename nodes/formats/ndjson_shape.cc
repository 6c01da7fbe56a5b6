#include "nodes/formats/ndjson_shape.h"

#include "nodes/formats/swar.h"

namespace flowrun::nodes {
namespace {

/// Whether the text at `at` starts with a literal. A literal holds no newline: a line that ends
/// early differs in the word that holds its end.
inline bool starts_with(const char* at, const char* literal, std::size_t length) {
  for (; length >= sizeof(std::uint64_t); length -= sizeof(std::uint64_t)) {
    if (load_word(at) != load_word(literal)) return false;
    at += sizeof(std::uint64_t);
    literal += sizeof(std::uint64_t);
  }
  return ((load_word(at) ^ load_word(literal)) & low_bytes(length)) == 0;
}

}  // namespace

NdjsonShape::NdjsonShape(std::string_view line, const std::vector<NdjsonWalk::Seen>& seen) {
  const char* from = line.data();
  slots_.reserve(seen.size() + 1);
  for (const auto& value : seen) {
    add({from, static_cast<std::size_t>(value.token.begin - from)}, value.node);
    from = value.token.end;
  }
  add({from, static_cast<std::size_t>(line.data() + line.size() - from)}, NdjsonLayout::kNone);
}

void NdjsonShape::add(std::string_view literal, std::uint32_t node) {
  slots_.push_back({static_cast<std::uint32_t>(literals_.size()),
                    static_cast<std::uint32_t>(literal.size()), node});
  literals_.append(literal).append(sizeof(std::uint64_t), '\0');
}

const char* NdjsonShape::read(const char* at, NdjsonRow& row) const {
  const char* literals = literals_.data();
  for (std::size_t i = 0; i + 1 < slots_.size(); ++i) {
    const auto& slot = slots_[i];
    if (!starts_with(at, literals + slot.literal, slot.length)) return nullptr;
    const auto token = scan_scalar(at + slot.length);
    if (token.end == nullptr) return nullptr;
    if (slot.node != NdjsonLayout::kNone && !row.put(slot.node, token)) return nullptr;
    at = token.end;
  }
  const auto& last = slots_.back();
  if (!starts_with(at, literals + last.literal, last.length)) return nullptr;
  at += last.length;
  return *at == '\n' ? at : nullptr;
}

}  // namespace flowrun::nodes
