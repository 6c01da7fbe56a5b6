// Whole pipelines on real data, with answers that other tools computed.
#include "tests/support/corpus.h"

#include <algorithm>
#include <cstdlib>

#include "tests/pipelines/golden_run.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;

namespace {

/// The text of a gzip file.
std::string unzipped(const std::filesystem::path& path, const GoldenFolder& folder) {
  const auto to = (folder.path() / "unzipped").string();
  REQUIRE(std::system(("gzip -dc '" + path.string() + "' > '" + to + "'").c_str()) == 0);
  auto text = folder.read("unzipped");
  std::filesystem::remove(to);
  return text;
}

}  // namespace

TEST_CASE("weather: the pivot equals the expected table as text", "[corpus]") {
  const auto data = corpus("data/weather_pivot");
  GoldenFolder folder;
  const auto expected = sorted_lines(unzipped(data / "weather_expected_wide.csv.gz", folder));
  REQUIRE(expected.size() == 26'116);
  folder.write(
      "pipeline.toml",
      "name = \"weather\"\n[window]\ncolumn = \"time_hour\"\nevery = \"1d\"\nlateness = \"1d\"\n"
      "[sources.narrow]\ntype = \"csv\"\npath = \"" +
          (data / "weather_narrow.csv.gz").string() +
          "\"\ncolumns = { origin = \"string\", time_hour = \"timestamptz\", channel = "
          "\"string\", value = \"string\" }\n"  // as text: the table writes 1e3 where the readings
                                                // do
          "[transforms.wide]\ntype = \"pivot\"\ninput = \"narrow\"\nindex = [\"origin\", "
          "\"time_hour\"]\n"
          "name = \"channel\"\nvalue = \"value\"\n[sinks.out]\ntype = \"csv\"\ninput = \"wide\"\n"
          "path = \"wide.csv\"\n");
  for (const auto& setting :
       {GoldenSetting{.threads = 1},
        GoldenSetting{.threads = 4, .batch_rows = 1000, .batch_bytes = 50'000}}) {
    folder.clear_but({"pipeline.toml"});
    const auto report = folder.run(setting);
    REQUIRE(report.message == "");
    CHECK(report.stats->nodes[0].in == 211'061);
    CHECK((sorted_lines(folder.read("wide.csv")) == expected));
  }
}

TEST_CASE("crosstab: the wide tables of PostgreSQL's own tests, from file to file", "[corpus]") {
  // As tablefunc has it, rows without a key are a row of their own, and a missing attribute is
  // null. Nothing differs: crosstab takes rows in the order of its query, and so stand the files.
  const auto suite = corpus("suites/pg_crosstab");
  const auto crosstab = [&](const std::string& file, const std::string& columns,
                            const std::string& rows, const std::string& index,
                            const std::string& names) {
    return "name = \"crosstab\"\n[sources.narrow]\ntype = \"csv\"\npath = \"" +
           (suite / file).string() + "\"\ncolumns = { " + columns +
           ", attribute = \"string\", val = \"string\" }\n"
           "[transforms.chosen]\ntype = \"filter\"\ninput = \"narrow\"\nwhere = \"" +
           rows + "\"\n[transforms.wide]\ntype = \"pivot\"\ninput = \"chosen\"\nindex = " + index +
           "\nname = \"attribute\"\nvalue = \"val\"\ncolumns = " + names +
           "\n[sinks.out]\ntype = \"csv\"\ninput = \"wide\"\npath = \"wide.csv\"\n";
  };
  const std::string ct = "rowclass = \"string\", rowid = \"string\"";
  const std::string attributes = R"(["att1", "att2", "att3", "att4"])";
  const std::vector<std::pair<std::string, std::string>> cases{
      {crosstab("ct.csv", ct, "rowclass = 'group1'", R"("rowid")", attributes),
       "expected_group1_wide.csv"},
      {crosstab("ct.csv", ct, "rowclass = 'group2'", R"("rowid")", attributes),
       "expected_group2_wide.csv"},
      {crosstab("cth.csv", "rowid = \"string\", rowdt = \"date\"", "true", R"(["rowid", "rowdt"])",
                R"(["temperature", "test_result", "test_startdate", "volts"])"),
       "expected_cth_wide.csv"}};
  for (const auto& [pipeline, wide] : cases) {
    GoldenFolder folder;
    folder.write("pipeline.toml", pipeline);
    std::filesystem::copy_file(suite / wide, folder.path() / "expected.csv");
    for (const auto& setting : all_settings()) {
      INFO(wide << ", " << setting.shown());
      folder.clear_but({"pipeline.toml", "expected.csv"});
      REQUIRE(folder.run(setting).message == "");
      CHECK(folder.read("wide.csv") == folder.read("expected.csv"));
    }
  }
}

TEST_CASE("sp500: the stacked history through dedup gives the newest row of each symbol",
          "[corpus]") {
  const auto data = corpus("data/sp500_constituents");
  GoldenFolder folder;
  folder.write("stacked.csv", unzipped(data / "expected" / "stacked_history.csv.gz", folder));
  folder.write("expected.csv", folder.read("stacked.csv"));
  std::filesystem::copy_file(data / "expected" / "expected_dedup_latest.csv",
                             folder.path() / "expected.csv",
                             std::filesystem::copy_options::overwrite_existing);
  const auto expected = sorted_lines(folder.read("expected.csv"));
  REQUIRE(expected.size() == 574);
  const auto header = folder.read("expected.csv").substr(0, folder.read("expected.csv").find('\n'));
  std::string columns;
  std::string rest = header + ",";
  for (std::size_t comma = rest.find(','); comma != std::string::npos; comma = rest.find(',')) {
    columns += (columns.empty() ? "\"" : ", \"") + rest.substr(0, comma) + "\" = \"string\"";
    rest = rest.substr(comma + 1);
  }
  folder.write(
      "pipeline.toml",
      "name = \"sp500\"\n[sources.history]\ntype = \"csv\"\npath = \"stacked.csv\"\ncolumns = { " +
          columns +
          " }\n[transforms.newest]\ntype = \"dedup\"\ninput = \"history\"\n"
          "key = \"Symbol\"\norder_by = \"ingested_at\"\n[sinks.out]\ntype = \"csv\"\n"
          "input = \"newest\"\npath = \"newest.csv\"\n");
  for (const auto& setting : all_settings()) {
    if (setting.jitter || setting.batch_rows == 1) continue;
    folder.clear_but({"pipeline.toml", "stacked.csv", "expected.csv"});
    const auto report = folder.run(setting);
    INFO(setting.shown());
    REQUIRE(report.message == "");
    CHECK(report.stats->nodes[0].in == 21'626);
    CHECK((sorted_lines(folder.read("newest.csv")) == expected));
  }
}
