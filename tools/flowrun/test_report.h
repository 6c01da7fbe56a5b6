// How tests of pipeline files came out: for people, for programs, and for CI servers.
#pragma once

#include <string>
#include <vector>

namespace flowrun::command {

struct TestOutcome {
  std::string name;
  std::string place;  ///< "pipeline.toml:40:8"
  bool passed = false;
  std::vector<std::string> lines;  ///< what is wrong
  double seconds = 0;
};

[[nodiscard]] std::string tests_as_text(const std::vector<TestOutcome>& outcomes, bool color);
[[nodiscard]] std::string tests_as_json(const std::string& file,
                                        const std::vector<TestOutcome>& outcomes);
/// The XML that JUnit made common: one test suite, a test case per test.
[[nodiscard]] std::string tests_as_junit(const std::string& suite,
                                         const std::vector<TestOutcome>& outcomes);

}  // namespace flowrun::command
