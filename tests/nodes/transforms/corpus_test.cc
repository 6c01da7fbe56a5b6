// Real data with answers computed by other tools.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "nodes/catalog.h"
#include "tests/support/catch.h"
#include "tests/support/corpus.h"
#include "tests/support/run_node.h"

using namespace flowrun;
using namespace flowrun::testing;

namespace {

/// The lines of a file, without the header; gunzipped where its name ends in .gz.
std::string body_of(const std::filesystem::path& path) {
  std::string text;
  if (path.extension() == ".gz") {
    FILE* pipe = popen(("gzip -dc '" + path.string() + "'").c_str(), "r");
    if (pipe == nullptr) throw std::runtime_error("cannot run gzip");
    char buffer[65536];
    for (std::size_t count = 0; (count = fread(buffer, 1, sizeof buffer, pipe)) > 0;)
      text.append(buffer, count);
    if (pclose(pipe) != 0) throw std::runtime_error("gzip failed on " + path.string());
  } else {
    std::ifstream file(path, std::ios::binary);
    text.assign(std::istreambuf_iterator<char>(file), {});
  }
  std::erase(text, '\r');
  return text.substr(text.find('\n') + 1);
}

/// The lines, sorted.
std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t from = 0; from < text.size();) {
    const auto end = std::min(text.find('\n', from), text.size());
    lines.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

/// What the first line is in which two texts differ, once their lines are sorted; "" where there is
/// none.
std::string first_difference(const std::string& text, const std::string& wanted) {
  const auto lines = lines_of(text);
  const auto others = lines_of(wanted);
  const auto [a, b] = std::mismatch(lines.begin(), lines.end(), others.begin(), others.end());
  if (a == lines.end() && b == others.end()) return "";
  return (a == lines.end() ? "nothing" : *a) + " instead of " +
         (b == others.end() ? "nothing" : *b);
}

std::string crosstab(const BatchRef& batch, const OptionValue& index,
                     const std::vector<std::string>& columns) {
  BindFake context(nodes::pivot(),
                   {{"index", index},
                    {"name", value("attribute")},
                    {"value", value("val")},
                    {"columns", list(columns)}},
                   {batch->schema_ref()});
  return accumulated(context, {batch}).csv();
}

BatchRef only_class(const BatchRef& batch, const char* name) {
  BindFake context(nodes::filter(), {{"column", value("rowclass")}, {"value", value(name)}},
                   {batch->schema_ref()});
  return transformed(context, {batch}).ports.at(0).at(0);
}

}  // namespace

TEST_CASE("the crosstab cases of PostgreSQL: null row keys, missing attributes", "[corpus]") {
  const auto folder = corpus("suites/pg_crosstab");
  const auto ct = batch_of("id int64, rowclass string, rowid string, attribute string, val string",
                           body_of(folder / "ct.csv"));
  const std::vector<std::string> attributes{"att1", "att2", "att3", "att4"};
  CHECK(crosstab(only_class(ct, "group1"), value("rowid"), attributes) ==
        body_of(folder / "expected_group1_wide.csv"));
  CHECK(crosstab(only_class(ct, "group2"), value("rowid"), attributes) ==
        body_of(folder / "expected_group2_wide.csv"));
  const auto cth = batch_of("rowid string, rowdt date, attribute string, val string",
                            body_of(folder / "cth.csv"));
  CHECK(crosstab(cth, list({"rowid", "rowdt"}),
                 {"temperature", "test_result", "test_startdate", "volts"}) ==
        body_of(folder / "expected_cth_wide.csv"));
}

TEST_CASE("weather pivoted by channel is DuckDB's table, as text and as numbers", "[corpus]") {
  const auto folder = corpus("data/weather_pivot");
  const auto narrow = body_of(folder / "weather_narrow.csv.gz");
  const auto wide = body_of(folder / "weather_expected_wide.csv.gz");
  REQUIRE(lines_of(wide).size() == 26'115);
  const BindFake::Given options{{"index", list({"origin", "time_hour"})},
                                {"name", value("channel")},
                                {"value", value("value")}};
  for (const std::string type : {"string", "float64"}) {
    const auto plain =
        batch_of("origin string, time_hour timestamptz, channel string, value " + type, narrow);
    REQUIRE(plain->rows() == 211'061);
    const auto encoded = with_dictionary(*with_dictionary(*plain, "channel", 1), "origin", 2);
    for (const auto& rows : {plain, encoded}) {
      BindFake context(nodes::pivot(), options, {plain->schema_ref()});
      context.scanned = {rows};
      const auto out = accumulated(context, cut(rows, 16'384), 2);
      const auto schema = out.ports[0][0]->schema_ref();
      CHECK(schema->names() == std::vector<std::string>{"origin", "time_hour", "dewp", "humid",
                                                        "precip", "pressure", "temp", "visib",
                                                        "wind_dir", "wind_gust", "wind_speed"});
      // The table writes 1000 as 1e3: as numbers, both are the same.
      CHECK(first_difference(out.csv(),
                             type == "string" ? wide : csv_of(*batch_of(schema, wide))) == "");
    }
  }
}

TEST_CASE("stacked versions of a list, deduplicated, are its latest rows", "[corpus]") {
  const auto folder = corpus("data/sp500_constituents/expected");
  const auto fields =
      "Symbol string, Security string, Sector string, SubIndustry string, Headquarters string, "
      "Added string, "
      "CIK string, Founded string, ingested_at date";
  const auto history = batch_of(fields, body_of(folder / "stacked_history.csv.gz"));
  REQUIRE(history->rows() == 21'626);
  const auto latest = batch_of(fields, body_of(folder / "expected_dedup_latest.csv"));
  REQUIRE(latest->rows() == 573);
  const auto wanted = csv_of(*latest);
  auto parts = cut(history, 1000);
  BindFake in_order(nodes::dedup(), {{"key", value("Symbol")}}, {history->schema_ref()});
  CHECK(first_difference(accumulated(in_order, parts, 2).csv(), wanted) == "");
  std::reverse(parts.begin(), parts.end());
  BindFake by_date(nodes::dedup(), {{"key", value("Symbol")}, {"order_by", value("ingested_at")}},
                   {history->schema_ref()});
  CHECK(first_difference(accumulated(by_date, parts, 2).csv(), wanted) == "");
}
