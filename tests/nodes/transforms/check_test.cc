#include <fstream>

#include "tests/nodes/transforms/check_fake.h"
#include "tests/support/catch.h"
#include "tests/support/temp_folder.h"

using namespace flowrun;
using namespace flowrun::testing;

namespace {

const char* const kFields = "k int64, country string, n int64";

OptionValue::Table expr(const char* text) { return {{"expr", value(text)}}; }

BatchRef rows() {
  return batch_of(kFields, R"(
      1,A,10
      2,Z,-3
      3,,7
      4,B,
      5,Z,0
      6,A,-3
  )",
                  40);
}

std::vector<BatchRef> reversed(std::vector<BatchRef> batches) {
  return {batches.rbegin(), batches.rend()};
}

}  // namespace

TEST_CASE("rows that break a rejecting rule are rejects, all others pass as they came") {
  const auto batch = rows();
  for (const std::int64_t size : {1, 4, 4096}) {
    auto context = check_of({rule("sane", "reject", expr("n >= 0"))}, kFields);
    const auto out = accumulated(context, cut(batch, size));
    CHECK(out.csv() == "1,A,10\n3,,7\n4,B,\n5,Z,0\n");  // null holds, as in a CHECK of SQL
    CHECK(ordinals_of(out.ports[0]) == "40 42 43 44");
    CHECK(out.rejected() ==
          "n: sane: n >= 0 does not hold: -3\nn: sane: n >= 0 does not hold: -3\n");
    CHECK(out.rejects[1].record == R"({"k":6,"country":"A","n":-3})");
    CHECK(out.rejects[1].ordinal == 45);
    CHECK(results_of(out) ==
          "sane reject broken 2/6 at 41: 2 of 6 rows: n >= 0 does not hold, the first with n = "
          "-3\n");
  }
}

TEST_CASE("a batch in which every rule holds passes as it is") {
  const auto batch = rows();
  auto context = check_of({rule("some", "error", {{"not_null", value("k")}})}, kFields);
  CHECK(accumulated(context, {batch}).ports.at(0).at(0) == batch);
}

TEST_CASE("rules that reject go first: the others judge what is left") {
  auto context = check_of({rule("named", "warn", {{"not_null", list({"k", "country"})}}),
                           rule("small", "error", expr("n < 10")),
                           rule("above", "reject", expr("n >= 0 and country is not null")),
                           rule("counted", "reject", {{"not_null", value("n")}}),
                           rule("few", "warn", {{"row_count", table({{"max", value(1)}})}})},
                          kFields);
  const auto out = accumulated(context, cut(rows(), 2));
  // Gone: 2 and 6 (-3), 3 (no country), and 4, which only the second rejecting rule breaks.
  CHECK(out.csv() == "1,A,10\n5,Z,0\n");
  CHECK(results_of(out) ==
        "named warn held 2\n"
        "small error broken 1/2 at 40: 1 of 2 rows: n < 10 does not hold, the first with n = 10\n"
        "above reject broken 3/6 at 41: 3 of 6 rows: n >= 0 and country is not null does not "
        "hold\n"
        "counted reject broken 1/3 at 43: 1 of 3 rows: n is null, the first with n = null\n"
        "few warn broken 0/2: 2 rows, wanted at most 1\n");
}

TEST_CASE("rows that a condition has no value for are rejects whatever the rule's consequence") {
  for (const char* on_fail : {"reject", "warn", "error"}) {
    auto context = check_of(
        {rule("kept", "warn", {{"row_count", table({{"min", value(5)}, {"max", value(5)}})}}),
         rule("half", on_fail, expr("10 / n < 2"))},
        kFields);
    const auto out = accumulated(context, cut(rows(), 3));
    REQUIRE(out.rejects.size() == 1);
    CHECK(out.rejects[0].reason == "division by zero in 10 / n < 2");
    CHECK(out.rejects[0].ordinal == 44);
    CHECK(out.csv() == "1,A,10\n2,Z,-3\n3,,7\n4,B,\n6,A,-3\n");
    CHECK(results_of(out) == "kept warn held 5\nhalf " + std::string(on_fail) + " held 5\n");
  }
}

TEST_CASE("accepted values, of texts, codes and numbers; null is accepted") {
  const auto plain = rows();
  for (const auto& batch : {plain, with_dictionary(*plain, "country", 7)}) {
    auto context = check_of(
        {rule("known", "warn", {{"column", value("country")}, {"values", list({"A", "B"})}}),
         rule("three", "warn",
              {{"column", value("n")}, {"values", list_of({value(7), value(-3), value(0)})}}),
         rule("one", "error", {{"column", value("k")}, {"values", list_of({value(1)})}})},
        kFields);
    CHECK(results_of(accumulated(context, cut(batch, 2))) ==
          "known warn broken 2/6 at 41: 2 of 6 rows: none of the 2 accepted values, the first "
          "with country = Z\n"
          "three warn broken 1/6 at 40: 1 of 6 rows: none of the 3 accepted values, the first "
          "with n = 10\n"
          "one error broken 5/6 at 41: 5 of 6 rows: not the accepted value, the first with k = "
          "2\n");
  }
}

TEST_CASE("accepted decimals, times and floats are values, not spellings") {
  const char* const fields = "d decimal(9,2), at timestamptz, f float64, day date, b bool";
  auto context = check_of(
      {rule("d", "warn", {{"column", value("d")}, {"values", list_of({value(1.5), value("2")})}}),
       rule("at", "warn",
            {{"column", value("at")}, {"values", list({"2026-01-01T02:00:00+02:00"})}}),
       rule("f", "warn", {{"column", value("f")}, {"values", list_of({value(0), value(1e3)})}}),
       rule("day", "warn", {{"column", value("day")}, {"values", list({"2026-01-01"})}}),
       rule("b", "warn", {{"column", value("b")}, {"values", list_of({value(true)})}})},
      fields);
  const auto batch = batch_of(fields,
                              "1.50,2026-01-01T00:00:00Z,-0.0,2026-01-01,true\n"
                              "2.00,2026-01-01T00:00:00Z,1000,2026-01-01,true\n");
  CHECK(results_of(accumulated(context, {batch})) ==
        "d warn held 2\nat warn held 2\nf warn held 2\nday warn held 2\nb warn held 2\n");
}

TEST_CASE("a reference is a column of a CSV file") {
  const TempFolder folder;
  const std::string file = "name,id\nNorth,1\nSouth,2\n,3\nEast,\n";
  std::ofstream(folder / "dim.csv", std::ios::binary) << file;
  const auto reference = table({{"file", value("dim.csv")}, {"column", value("id")}});
  auto context = check_of(
      {rule("there", "reject", {{"column", value("k")}, {"reference", reference}})}, kFields);
  context.directory = folder / ".";
  context.files["dim.csv"] = file;
  const auto out = accumulated(context, cut(rows(), 4));
  CHECK(out.csv() == "1,A,10\n2,Z,-3\n3,,7\n");
  CHECK(out.rejected() ==
        "k: there: not in id of dim.csv: 4\nk: there: not in id of dim.csv: 5\n"
        "k: there: not in id of dim.csv: 6\n");
  const auto hash = context.bind().content_hash;
  CHECK(!hash.empty());
  context.files["dim.csv"] += "West,4\n";
  CHECK(context.bind().content_hash != hash);
}

TEST_CASE("unique counts every further row of a key and names the first, whoever comes first") {
  const auto batch = batch_of(kFields, R"(
      1,A,1
      2,A,1
      1,B,1
      1,A,2
      2,A,3
      1,A,4
      ,A,5
      ,A,6
  )",
                              10);
  const auto coded = with_dictionary(*batch, "country", 3);
  for (const auto& input : {batch, coded}) {
    for (const std::int64_t size : {1, 3, 4096}) {
      for (const std::size_t threads : {1, 4}) {
        for (const auto& batches : {cut(input, size), reversed(cut(input, size))}) {
          auto context =
              check_of({rule("once", "error", {{"unique", list({"k", "country"})}})}, kFields);
          const auto out = accumulated(context, batches, threads);
          // 1 A stands three times, 2 A twice; nulls are equal to nothing.
          CHECK(results_of(out) ==
                "once error broken 3/8 at 13: 3 of 8 rows have the key of an earlier one, the "
                "first with k = 1, country = A\n");
          CHECK(out.emitted_rows() - out.made_rows() == 8);
        }
      }
    }
  }
  auto context = check_of({rule("once", "error", {{"unique", value("n")}})}, kFields);
  CHECK(results_of(accumulated(context, {slice(*batch, 1, 1), slice(*batch, 3, 5)})) ==
        "once error held 6\n");
}

TEST_CASE("rows made of one row are told apart by what they hold, not by who came first") {
  // The same ordinals twice, as an unpivot or a union of two branches gives them.
  const auto one = batch_of(kFields, "1,A,-1\n2,B,5", 5);
  const auto two = batch_of(kFields, "2,B,-2\n1,A,5", 5);
  for (const auto& batches : {std::vector{one, two}, std::vector{two, one}}) {
    auto context = check_of(
        {rule("once", "warn", {{"unique", value("k")}}), rule("sane", "warn", expr("n > 0"))},
        kFields);
    CHECK(results_of(accumulated(context, batches)) ==
          "once warn broken 2/4 at 6: 2 of 4 rows have the key of an earlier one, the first with "
          "k = 1\n"
          "sane warn broken 2/4 at 5: 2 of 4 rows: n > 0 does not hold, the first with n = -1\n");
  }
}

TEST_CASE("unique counts the memory of its keys, and nothing else does") {
  auto context = check_of(
      {rule("once", "error", {{"unique", value("k")}}), rule("sane", "error", expr("n > 0"))},
      kFields);
  const auto state = context.bind().make_accumulator(0)->begin({});
  CHECK(state->memory() == 0);
  std::string text;
  for (int i = 0; i < 5000; ++i) text += std::to_string(i) + ",a,1\n";
  Collected out;
  state->add(batch_of(kFields, text), out);
  CHECK(state->memory() >= 5000 * 40);
  CHECK(state->memory() < 5000 * 100);
}

TEST_CASE("rows are counted and judged where there are none, too") {
  const auto count = [](std::optional<int> least, std::optional<int> most, int rows) {
    OptionValue::Table limits;
    if (least) limits.emplace_back("min", value(*least));
    if (most) limits.emplace_back("max", value(*most));
    auto context = check_of({rule("c", "error", {{"row_count", table(limits)}})}, kFields);
    CHECK(context.bind().make_accumulator(0)->flushes_empty());
    return results_of(
        accumulated(context, {slice(*testing::batch_of(kFields, "1,,\n2,,"), 0, rows)}));
  };
  CHECK(count(1, {}, 0) == "c error broken 0/0: 0 rows, wanted at least 1\n");
  CHECK(count(1, {}, 1) == "c error held 1\n");
  CHECK(count({}, 1, 2) == "c error broken 0/2: 2 rows, wanted at most 1\n");
  CHECK(count(2, 2, 1) == "c error broken 0/1: 1 row, wanted 2\n");
  CHECK(count(3, 5, 2) == "c error broken 0/2: 2 rows, wanted 3 to 5\n");
  CHECK(count(0, {}, 0) == "c error held 0\n");
}

TEST_CASE("freshness is judged by the newest value when the run was planned") {
  const auto fresh = [](const char* type, const char* rows) {
    auto context =
        check_of({rule("new", "warn",
                       {{"freshness", table({{"column", value("at")}, {"within", value("2h")}})}})},
                 type);
    context.moment = parse_timestamp("2026-01-02T01:00:00")->wall;
    return results_of(accumulated(context, cut(batch_of(type, rows), 1)));
  };
  const auto* const kWall = "at timestamp, n int64";
  CHECK(fresh(kWall, "2026-01-01T23:00:00,1\n2026-01-01T10:00:00,2\n,3") == "new warn held 3\n");
  CHECK(fresh(kWall, "2026-01-01T22:59:59,1\n2026-01-01T10:00:00,2") ==
        "new warn broken 0/2: the newest at is 2026-01-01T22:59:59, wanted 2026-01-01T23:00:00 or "
        "later\n");
  CHECK(fresh("at timestamptz", "2026-01-02T00:30:00+02:00") ==
        "new warn broken 0/1: the newest at is 2026-01-01T22:30:00Z, wanted 2026-01-01T23:00:00Z "
        "or later\n");
  CHECK(fresh("at date", "2026-01-02") == "new warn held 1\n");
  CHECK(fresh(kWall, ",1").starts_with("new warn broken 0/1: no row has a at, wanted "));
  CHECK(fresh(kWall, "") ==
        "new warn broken 0/0: no row has a at, wanted 2026-01-01T23:00:00 or "
        "later\n");
}

TEST_CASE("rows without a time are judged one by one, and not at all where there are none") {
  const auto judged = [](const std::vector<BatchRef>& batches) {
    auto context = check_of({rule("some", "error", {{"row_count", table({{"min", value(9)}})}}),
                             rule("sane", "warn", expr("n > 0"))},
                            kFields);
    return accumulated(context, batches, 1, {.kind = UnitKind::unplaced});
  };
  CHECK(judged({}).checks.empty());
  CHECK(judged({}).made_rows() == 0);
  CHECK(results_of(judged({batch_of(kFields, "1,A,1")})) == "sane warn held 1\n");
}

TEST_CASE("the results leave as rows, one a rule, that come from no input") {
  auto context = check_of(
      {rule("sane", "warn", expr("n > 0")), rule("named", "reject", {{"not_null", value("k")}})},
      kFields);
  const auto out =
      accumulated(context, {rows()}, 1, {.kind = UnitKind::load, .id = "abc", .run = "r1"});
  CHECK(to_string(out.ports.at(1).at(0)->schema()) ==
        "unit string, run string, rule string, on_fail string, passed bool, rows int64, failed "
        "int64, detail string");
  CHECK(out.csv(1) ==
        "load abc,r1,sane,warn,false,6,3,\"3 of 6 rows: n > 0 does not hold, the first with n = "
        "-3\"\n"
        "load abc,r1,named,reject,true,6,0,\"\"\n");
  CHECK(Ordinals::input_of(out.ports[1][0]->ordinal(0)) == (1U << 24U) - 1);
  CHECK(out.made_rows() == 2);
}
