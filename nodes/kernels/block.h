// Memory of a table: large blocks lie in huge pages where the system has them.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

namespace flowrun::nodes {

/// A piece of memory that does not move. Random visits to many megabytes mostly wait for the
/// processor to look up pages, a cost that pages of 2 MiB take away; so blocks of at least that size
/// are aligned to them, and the system is asked for them (it may decline).
class Block {
 public:
  static constexpr std::size_t kHugePage = std::size_t{2} << 20;

  Block() = default;
  explicit Block(std::size_t bytes) : size_(rounded(bytes)) {
    const auto alignment = size_ >= kHugePage ? kHugePage : kLine;
    data_.reset(static_cast<char*>(std::aligned_alloc(alignment, size_)));
    if (!data_) throw std::bad_alloc();
    // Declined or not, the block is there.
    if (size_ >= kHugePage) static_cast<void>(::madvise(data_.get(), size_, MADV_HUGEPAGE));
  }
  [[nodiscard]] char* data() const { return data_.get(); }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(char* data) const { std::free(data); }
  };
  static constexpr std::size_t kLine = 64;
  static std::size_t rounded(std::size_t bytes) {
    const auto unit = bytes >= kHugePage ? kHugePage : kLine;
    return (bytes + unit - 1) / unit * unit;
  }
  std::unique_ptr<char, Free> data_;
  std::size_t size_ = 0;
};

}  // namespace flowrun::nodes
