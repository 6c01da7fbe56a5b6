// JSONTestSuite: what every parser must accept (y_), must refuse (n_), and may do as it likes (i_).
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "tests/nodes/formats/ndjson_testing.h"
#include "tests/support/catch.h"
#include "tests/support/corpus.h"

namespace {

using namespace flowrun;
using namespace flowrun::testing;

std::string content(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// What comes of a text as one line of a file: "row", "reject", or something that must not be.
std::string outcome(const std::string& line) {
  const auto read = read_json(line, {.columns = fields_of("v string")});
  if (read.rows.size() == 1 && read.rejects.empty()) return "row";
  return read.rows.empty() && !read.rejects.empty() ? "reject" : "something else";
}

/// A line end between two values may be a blank as well.
std::string on_one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

}  // namespace

TEST_CASE("JSONTestSuite is accepted and refused as it says", "[corpus]") {
  int accepted = 0;
  int refused = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(corpus("suites/JSONTestSuite/test_parsing"))) {
    const auto name = entry.path().filename().string();
    if (entry.path().extension() != ".json") continue;
    INFO(name);
    const auto text = content(entry.path());
    const auto line = on_one_line(text);
    const bool is_object = line.find_first_not_of(" \t\r") == line.find('{');
    if (name.starts_with("y_")) {
      CHECK(outcome(line) == (is_object ? "row" : "reject"));  // no object, no row
      CHECK(outcome("{\"w\":" + line + "}") == "row");         // the value of a key that is skipped
      ++accepted;
    } else if (name.starts_with("n_")) {
      // A file of blank lines, with or without a byte-order mark, has no lines to refuse.
      const bool has_lines = text.find_first_not_of(" \t\r\n\xEF\xBB\xBF") != std::string::npos;
      CHECK(outcome(text) == (has_lines ? "reject" : "something else"));
      CHECK(outcome("{\"w\":" + text + "}") == "reject");
      CHECK(outcome("{\"v\":" + text + "}") == "reject");
      ++refused;
    } else {
      const std::set<std::string> either{"row", "reject"};
      CHECK(either.count(outcome("{\"w\":" + line + "}")) == 1);
      CHECK(either.count(outcome("{\"v\":" + line + "}")) == 1);
    }
  }
  CHECK(accepted == 95);
  CHECK(refused == 188);
}
