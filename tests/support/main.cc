// The main function of every test executable, compiled once.
#if __has_include(<catch2/catch_session.hpp>)
#include <catch2/catch_session.hpp>
#else
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#endif

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "tests/support/corpus.h"

namespace {
// What tests/CMakeLists.txt names as SKIP_RETURN_CODE.
constexpr int kSkipped = 77;
}  // namespace

int main(int argc, char** argv) {
  if (std::getenv("FLOWRUN_NEEDS_CORPUS") != nullptr) {
    const auto root = flowrun::testing::corpus_root();
    if (!std::filesystem::is_directory(root)) {
      std::fprintf(stderr, "no test data; set FLOWRUN_CORPUS to the folder that has it: %s\n",
                   root.c_str());
      // A build server must run everything: there, missing data is a failure.
      return std::getenv("CI") != nullptr ? EXIT_FAILURE : kSkipped;
    }
  }
  return Catch::Session().run(argc, argv);
}
