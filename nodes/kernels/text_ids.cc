#include "nodes/kernels/text_ids.h"

#include "engine/core/error.h"
#include "engine/data/builder.h"

namespace flowrun::nodes {
namespace {

constexpr std::int64_t kBytesPerText = 96;  // the string, its place in the map, and slack

}  // namespace

std::int32_t TextIds::id_of(std::string_view text) {
  const std::lock_guard lock(mutex_);
  const auto found = ids_.find(text);
  if (found != ids_.end()) return found->second;
  if (texts_.size() == 0x7FFFFFFF)
    throw Error(Errc::limit, "more than 2,147,483,647 different texts in a key");
  const auto id = static_cast<std::int32_t>(texts_.size());
  const auto& kept = texts_.emplace_back(text);
  ids_.emplace(kept, id);
  bytes_.fetch_add(kBytesPerText + static_cast<std::int64_t>(text.size()),
                   std::memory_order_relaxed);
  return id;
}

ColumnRef TextIds::texts() const {
  const std::lock_guard lock(mutex_);
  ColumnBuilder builder(kString);
  for (const auto& text : texts_) builder.append_text(text);
  return builder.finish();
}

}  // namespace flowrun::nodes
