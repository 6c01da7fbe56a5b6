// Runs whole pipelines of the real nodes in a folder of their own, any number of threads and batch
// sizes.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "engine/run/runner.h"

namespace flowrun::testing {

/// How a golden is run: results must not depend on any of it.
struct GoldenSetting {
  int threads = 2;
  std::int64_t batch_rows = 4096;
  std::int64_t batch_bytes = kMaxBatchBytes;
  bool jitter = false;
  [[nodiscard]] std::string shown() const;
};

/// 1 and N threads, batch sizes 1, 3 and 4096, with and without jitter.
[[nodiscard]] std::vector<GoldenSetting> all_settings();

/// A folder under the system's temporary one, removed at the end.
class GoldenFolder {
 public:
  GoldenFolder();
  ~GoldenFolder();
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  void write(const std::string& name, const std::string& text) const;
  [[nodiscard]] std::string read(const std::string& name) const;
  [[nodiscard]] bool has(const std::string& name) const {
    return std::filesystem::exists(path_ / name);
  }
  /// Forgets journal and outputs: everything that is not in `keep`.
  void clear_but(const std::vector<std::string>& keep) const;

  /// Plans and runs `pipeline.toml`; fails the test on a plan error. The report's state is the
  /// caller's to check.
  [[nodiscard]] RunReport run(const GoldenSetting& setting = {}) const;

 private:
  std::filesystem::path path_;
};

/// The lines of a text, sorted.
[[nodiscard]] std::vector<std::string> sorted_lines(const std::string& text);

}  // namespace flowrun::testing
