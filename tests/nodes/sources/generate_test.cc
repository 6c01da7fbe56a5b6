#include <algorithm>
#include <cmath>
#include <set>

#include "nodes/catalog.h"
#include "tests/support/batches.h"
#include "tests/support/bind_fake.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;

namespace {

/// Everything that a reader gives, decoded with batches of so many rows.
std::vector<BatchRef> read_all(Source& source, const Interval* range = nullptr,
                               ReadRequest request = {}) {
  const auto reader = source.open(source.inputs({}).at(0), 3, range);
  Collected out;
  while (auto chunk = reader->read(request, {})) {
    CHECK(chunk->input_bytes > 0);
    reader->decode(*chunk, request, out);
  }
  for (const auto& port : out.ports) {
    for (const auto& batch : port) CHECK(batch->rows() <= std::max<std::int64_t>(request.rows, 2));
  }
  return out.ports.empty() ? std::vector<BatchRef>() : out.ports[0];
}

std::vector<BatchRef> generated(const BindFake::Given& options, ReadRequest request = {}) {
  BindFake context(nodes::generate_source(), options);
  const auto source = context.bind().make_source();
  REQUIRE(context.problems().empty());
  return read_all(*source, nullptr, request);
}

std::vector<std::string> sorted_lines(const std::vector<BatchRef>& batches) {
  std::vector<std::string> lines;
  for (const auto& batch : batches) {
    for (std::int64_t row = 0; row < batch->rows(); ++row) {
      lines.push_back(std::to_string(batch->ordinal(row)) + " " + csv_of(*slice(*batch, row, 1)));
    }
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::int64_t rows_of(const std::vector<BatchRef>& batches) {
  std::int64_t rows = 0;
  for (const auto& batch : batches) rows += batch->rows();
  return rows;
}

std::string problems_of(const BindFake::Given& options) {
  BindFake context(nodes::generate_source(), options);
  (void)context.bind();
  return context.problems();
}

}  // namespace

TEST_CASE("readings come by moment, device and channel, the same in every run") {
  const BindFake::Given options{
      {"rows", value(7)}, {"devices", value(2)}, {"channels", value(2)}, {"step", value("10s")}};
  const auto batches = generated(options);
  REQUIRE(batches.size() == 1);
  CHECK(to_string(batches[0]->schema()) ==
        "ts timestamptz, device string, channel string, value float64");
  const auto text = csv_of(batches);
  CHECK(text == csv_of(generated(options)));
  const std::vector<std::string> starts{
      "2023-11-14T22:13:20Z,dev-000000,ch_00,", "2023-11-14T22:13:20Z,dev-000000,ch_01,",
      "2023-11-14T22:13:20Z,dev-000001,ch_00,", "2023-11-14T22:13:20Z,dev-000001,ch_01,",
      "2023-11-14T22:13:30Z,dev-000000,ch_00,", "2023-11-14T22:13:30Z,dev-000000,ch_01,",
      "2023-11-14T22:13:30Z,dev-000001,ch_00,"};
  std::size_t at = 0;
  for (const auto& start : starts) {
    CHECK(text.compare(at, start.size(), start) == 0);
    at = text.find('\n', at) + 1;
  }
  CHECK(at == text.size());
  CHECK(batches[0]->ordinal(2) == Ordinals::pack(3, 2));
  CHECK(batches[0]->column(1).is_dictionary());
  for (const auto v : batches[0]->column(3).values<double>()) {
    CHECK((v >= 0 && v < 100));
    CHECK(std::nearbyint(v * 10'000) / 10'000 == v);
  }
}

TEST_CASE("another seed makes other values") {
  CHECK(csv_of(generated({{"rows", value(5)}})) !=
        csv_of(generated({{"rows", value(5)}, {"seed", value(2)}})));
}

TEST_CASE("batch sizes do not change rows or ordinals") {
  const BindFake::Given options{{"rows", value(1000)},      {"devices", value(7)},
                                {"channels", value(3)},     {"disorder", value(50)},
                                {"duplicates", value(0.1)}, {"missing", value(0.2)}};
  const auto whole = sorted_lines(generated(options));
  for (const std::int64_t rows : {1, 3, 64}) {
    const auto parts = generated(options, {.bytes = kMaxBatchBytes, .rows = rows});
    CHECK(sorted_lines(parts) == whole);
    std::uint64_t last = 0;
    for (const auto& batch : parts) {
      for (std::int64_t row = 0; row < batch->rows(); ++row) {
        CHECK(batch->ordinal(row) > last);
        last = batch->ordinal(row);
      }
    }
  }
}

TEST_CASE("disorder moves readings within their stretch and loses none") {
  const auto plain =
      generated({{"rows", value(1050)}, {"devices", value(5)}, {"channels", value(2)}});
  const auto moved = generated({{"rows", value(1050)},
                                {"devices", value(5)},
                                {"channels", value(2)},
                                {"disorder", value(100)}});
  const auto without_ordinals = [](const std::vector<BatchRef>& batches, std::int64_t from,
                                   std::int64_t count) {
    auto lines = csv_of(*slice(*joined(batches), from, count));
    std::set<std::string> all;
    for (std::size_t at = 0; at < lines.size();) {
      const auto end = lines.find('\n', at);
      all.insert(lines.substr(at, end - at));
      at = end + 1;
    }
    return all;
  };
  CHECK(csv_of(plain) != csv_of(moved));
  for (std::int64_t from = 0; from < 1050; from += 100) {
    const auto count = std::min<std::int64_t>(100, 1050 - from);
    CHECK(without_ordinals(plain, from, count) == without_ordinals(moved, from, count));
  }
}

TEST_CASE(
    "missing and doubled readings are about as many as asked for, and leave the others alone") {
  const auto all = joined(generated({{"rows", value(20'000)}}));
  const auto few = joined(generated({{"rows", value(20'000)}, {"missing", value(0.25)}}));
  CHECK(few->rows() > 14'500);
  CHECK(few->rows() < 15'500);
  const auto doubled = joined(generated({{"rows", value(20'000)}, {"duplicates", value(0.1)}}));
  CHECK(doubled->rows() > 21'700);
  CHECK(doubled->rows() < 22'300);
  const auto everything = csv_of(*all);
  const auto first = csv_of(*slice(*few, 100, 1));
  CHECK(everything.find(first) != std::string::npos);
  CHECK(rows_of(generated({{"rows", value(100)}, {"missing", value(1)}})) == 0);
  CHECK(rows_of(generated({{"rows", value(100)}, {"duplicates", value(1)}})) == 200);
  CHECK(rows_of(generated({{"rows", value(0)}})) == 0);
}

TEST_CASE("windows read one by one hold the rows of the whole") {
  const BindFake::Given options{{"rows", value(500)},    {"devices", value(3)},
                                {"channels", value(4)},  {"step", value("7s")},
                                {"disorder", value(40)}, {"duplicates", value(0.1)},
                                {"missing", value(0.1)}, {"start", value("2024-01-01T00:00:03Z")}};
  BindFake context(nodes::generate_source(), options);
  context.window = "ts";
  const auto source = context.bind().make_source();
  REQUIRE(source->reads_ranges());
  const auto whole = read_all(*source);
  std::vector<BatchRef> parts;
  const auto start = 1'704'067'200 * kSecond;  // 2024-01-01T00:00:00Z
  for (int window = -1; window < 12; ++window) {
    const Interval range{start + window * 30 * kSecond, start + (window + 1) * 30 * kSecond};
    for (auto& batch : read_all(*source, &range)) {
      for (const auto ts : batch->column(0).values<std::int64_t>())
        CHECK((ts >= range.from && ts < range.until));
      parts.push_back(std::move(batch));
    }
  }
  CHECK(sorted_lines(parts) == sorted_lines(whole));
}

TEST_CASE("ranges are read only over ts, and only where wanted") {
  BindFake other(nodes::generate_source(), {{"rows", value(1)}});
  other.window = "value";
  CHECK_FALSE(other.bind().make_source()->reads_ranges());
  BindFake unwanted(nodes::generate_source(), {{"rows", value(1)}, {"ranges", value(false)}});
  unwanted.window = "ts";
  CHECK_FALSE(unwanted.bind().make_source()->reads_ranges());
}

TEST_CASE("the fingerprint is that of the options") {
  const auto print = [](const BindFake::Given& options) {
    BindFake context(nodes::generate_source(), options);
    const auto inputs = context.bind().make_source()->inputs({});
    CHECK(inputs.size() == 1);
    CHECK(inputs[0].name == "generate");
    return inputs[0].fingerprint;
  };
  CHECK(print({{"rows", value(5)}}) == print({{"rows", value(5)}}));
  CHECK(print({{"rows", value(5)}}) != print({{"rows", value(6)}}));
}

TEST_CASE("what is wrong with a generate is said") {
  CHECK(problems_of({{"rows", value(-1)}}) == "error out-of-range: \"rows\" is at least 0: -1\n");
  CHECK(problems_of({{"rows", value(1)}, {"devices", value(0)}}) ==
        "error out-of-range: \"devices\" is at least 1: 0\n");
  CHECK(problems_of({{"rows", value(1)}, {"missing", value(1.5)}}) ==
        "error out-of-range: \"missing\" lies between 0 and 1: 1.5\n");
  CHECK(problems_of({{"rows", value(1)}, {"start", value("soon")}}) ==
        "error bad-time: not a time: soon\n");
  CHECK(problems_of({{"rows", value(1)}, {"step", value("0s")}}) ==
        "error out-of-range: \"step\" is longer than nothing\n");
  CHECK(problems_of({{"rows", value(1)}, {"channels", value(2'000'000)}}) ==
        "error out-of-range: \"channels\" is at most 1000000\n");
  CHECK(problems_of({{"rows", value(std::int64_t{1} << 40)}}) ==
        "error out-of-range: at most 549755813888 readings: 1099511627776\n");
  CHECK(problems_of({{"rows", value(1'000'000'000)},
                     {"devices", value(1)},
                     {"channels", value(1)},
                     {"step", value("3650d")}}) ==
        "error out-of-range: the last reading lies too far in the future\n");
}
