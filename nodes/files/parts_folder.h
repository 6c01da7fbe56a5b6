// The folder of parts of a file, and how they become the file.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "nodes/files/inventory.h"
#include "nodes/files/output.h"
#include "nodes/files/part.h"

namespace flowrun::nodes {

/// Writes parts and joins them. Used by one thread.
class FileParts {
 public:
  explicit FileParts(FileOutputRef output) : output_(std::move(output)), paths_{output_->path} {}

  /// Brings the folder into the state that the inventory describes: ends a join that was begun,
  /// removes what no unit refers to, opens the parts that are left.
  void recover(const FileInventory& inventory);
  /// Makes the folder and notes what PATH holds: to be called before a unit that changes PATH is
  /// prepared.
  void begin_change();
  /// A part that no unit is writing to.
  [[nodiscard]] FilePart& free_part();
  /// True where PATH is not what the committed units come to.
  [[nodiscard]] bool has_changes() const { return has_folder_ || !whole_; }
  /// Makes PATH of exactly these units, in their order.
  void join(std::vector<FileRange> units);
  /// Removes the folder: no unit is in it.
  void discard();

 private:
  FilePart& new_part();
  [[nodiscard]] bool is_one_part(const std::vector<FileRange>& units) const;
  void copy_to(const std::string& path, std::vector<FileRange> units) const;
  void put_in_place(const std::string& from);
  void clear_folder(const std::string& except) const;

  FileOutputRef output_;
  FilePaths paths_;
  std::vector<FileRange> in_file_;
  std::deque<FilePart> parts_;  ///< deque: units hold references
  std::int64_t last_number_ = 0;
  bool has_folder_ = false;
  bool whole_ = false;
};

}  // namespace flowrun::nodes
