/// The one way for a test to include Catch2: version 2 has a single header, version 3 has many.
/// Write `Catch::Approx` and `Catch::Matchers::ContainsSubstring`; both exist under either version.
#pragma once

#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_approx.hpp>
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_all.hpp>
#include <catch2/matchers/catch_matchers_all.hpp>
#else
#include <catch2/catch.hpp>
#include <string>

namespace Catch {
using Detail::Approx;

namespace Matchers {
// NOLINTNEXTLINE(readability-identifier-naming): the name that version 3 gave it
inline StdString::ContainsMatcher ContainsSubstring(const std::string& part) {
  return Contains(part, CaseSensitive::Yes);
}
}  // namespace Matchers
}  // namespace Catch
#endif
