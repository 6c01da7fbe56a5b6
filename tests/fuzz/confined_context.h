// Nodes that get at the files of one folder only.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/spec/node_type.h"

namespace flowrun::fuzzing {

/// A new folder with some files, removed at the end of the process.
class PipelineFolder {
 public:
  explicit PipelineFolder(const std::vector<std::pair<std::string, std::string>>& files);
  ~PipelineFolder();
  PipelineFolder(const PipelineFolder&) = delete;
  PipelineFolder& operator=(const PipelineFolder&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  /// `path` where it stays in the folder, else the path of a file in it that does not exist.
  [[nodiscard]] std::string confine(std::string path) const;

 private:
  std::string path_;
};

/// The same node types; they are bound with paths that stay in `folder`, which must outlive them.
/// Once per process.
[[nodiscard]] std::vector<NodeType> confined(std::vector<NodeType> types,
                                             const PipelineFolder& folder);

}  // namespace flowrun::fuzzing
