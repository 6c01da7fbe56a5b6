#include "nodes/postgres/copy_rows.h"

#include <cstring>

#include "engine/core/error.h"
#include "nodes/postgres/big_endian.h"

namespace flowrun::postgres {
namespace {

constexpr std::string_view kSignature("PGCOPY\n\377\r\n\0", 11);
constexpr std::size_t kFlags = 4;
constexpr std::size_t kExtensionLength = 4;

}  // namespace

CopyRows::CopyRows(std::size_t bytes) : buffer_(Buffer::allocate(bytes + 2 * kSlack)) {}

void CopyRows::add(std::string_view row) {
  const auto at = starts_.back();
  if (row.size() > kMostRowBytes) {
    too_long_.push_back(static_cast<std::uint32_t>(rows()));
    starts_.push_back(at);
    return;
  }
  if (kSlack + at + row.size() + kSlack > buffer_->capacity()) {
    buffer_->set_size(kSlack + at);
    grow(buffer_, kSlack + at + row.size() + kSlack);
  }
  std::memcpy(buffer_->mutable_as<char>() + kSlack + at, row.data(), row.size());
  starts_.push_back(at + static_cast<std::uint32_t>(row.size()));
}

std::string_view without_copy_head(std::string_view message) {
  const auto head = kSignature.size() + kFlags + kExtensionLength;
  if (message.size() < head || !message.starts_with(kSignature)) {
    throw Error(Errc::data, "the server's answer to COPY does not begin as a binary copy does");
  }
  const auto flags = load_big_endian<std::uint32_t>(message.data() + kSignature.size());
  const auto extension =
      load_big_endian<std::uint32_t>(message.data() + kSignature.size() + kFlags);
  // The upper half of the flags says what a reader has to know; nothing of it is in use.
  if ((flags >> 16U) != 0 || extension > message.size() - head) {
    throw Error(Errc::data, "the server's binary copy has a form that is not known");
  }
  return message.substr(head + extension);
}

bool is_copy_end(std::string_view message) {
  return message.size() == 2 && load_big_endian<std::int16_t>(message.data()) == -1;
}

}  // namespace flowrun::postgres
