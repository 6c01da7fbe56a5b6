#include "tests/support/corpus.h"

#include <cstdlib>

#include "tests/support/catch.h"

using flowrun::testing::corpus;
using flowrun::testing::corpus_root;

namespace {

// Sets FLOWRUN_CORPUS for a scope and puts back what was there.
class CorpusVariable final {
 public:
  explicit CorpusVariable(const char* value) {
    if (const char* before = std::getenv("FLOWRUN_CORPUS")) before_ = before;
    setenv("FLOWRUN_CORPUS", value, 1);
  }
  ~CorpusVariable() {
    before_.empty() ? unsetenv("FLOWRUN_CORPUS") : setenv("FLOWRUN_CORPUS", before_.c_str(), 1);
  }
  CorpusVariable(const CorpusVariable&) = delete;
  CorpusVariable& operator=(const CorpusVariable&) = delete;

 private:
  std::string before_;
};

}  // namespace

TEST_CASE("the corpus is beside the source tree unless the environment names it") {
  const CorpusVariable unset("");
  CHECK(corpus_root().filename() == "shared");
  const CorpusVariable named("/somewhere/else");
  CHECK(corpus_root() == "/somewhere/else");
}

TEST_CASE("a path inside the corpus is found, and a missing one is named") {
  const CorpusVariable named(FLOWRUN_SOURCE_DIR "/tests");
  CHECK(corpus("support/corpus.h") == FLOWRUN_SOURCE_DIR "/tests/support/corpus.h");
  CHECK_THROWS_WITH(corpus("no/such/data"), Catch::Matchers::ContainsSubstring("FLOWRUN_CORPUS") &&
                                                Catch::Matchers::EndsWith("/tests/no/such/data"));
}
