// One csv file, its journal and a folder for both; `out` holds nothing else.
#pragma once

#include <filesystem>

#include "nodes/catalog.h"
#include "tests/nodes/files/harness.h"

namespace flowrun::testing {

struct JoinedFixture {
  TempFolder folder;
  CoverageFake store;
  std::string path;

  JoinedFixture() {
    std::filesystem::create_directory(folder / "out");
    path = folder / "out/wide.csv";
  }
  [[nodiscard]] FileRun run(const std::string& fields = "ts int64, v string") {
    return {nodes::csv_sink(), {{"path", value(path)}}, fields, store, folder / ""};
  }
  [[nodiscard]] std::string file() const { return content(path); }
  [[nodiscard]] std::string names() const { return names_in(folder / "out"); }
};

}  // namespace flowrun::testing
