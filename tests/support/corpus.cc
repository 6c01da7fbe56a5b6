#include "tests/support/corpus.h"

#include <cstdlib>
#include <stdexcept>

namespace flowrun::testing {

std::filesystem::path corpus_root() {
  const char* named = std::getenv("FLOWRUN_CORPUS");
  if (named != nullptr && *named != '\0') return named;
  return std::filesystem::path(FLOWRUN_SOURCE_DIR).parent_path() / "shared";
}

std::filesystem::path corpus(const std::filesystem::path& relative) {
  auto path = corpus_root() / relative;
  if (!std::filesystem::exists(path)) {
    throw std::runtime_error("no such test data; set FLOWRUN_CORPUS to the folder that has it: " +
                             path.string());
  }
  return path;
}

}  // namespace flowrun::testing
