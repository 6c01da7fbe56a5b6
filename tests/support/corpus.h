#pragma once

#include <filesystem>

namespace flowrun::testing {

/// The folder with the real data sets that some tests read: $FLOWRUN_CORPUS, or `../shared` beside
/// the source tree. It need not exist.
[[nodiscard]] std::filesystem::path corpus_root();

/// `relative` below corpus_root(), such as "data/weather_pivot". Throws std::runtime_error where
/// there is no such path: a test that needs real data fails without it. Tag such tests [corpus] and
/// give their executable CORPUS in CMake; ctest then reports them as skipped on a machine that has
/// no corpus at all.
[[nodiscard]] std::filesystem::path corpus(const std::filesystem::path& relative);

}  // namespace flowrun::testing
