// The postgres source: types, columns, filters, queries, what it refuses.
#include <algorithm>

#include "engine/core/error.h"
#include "tests/nodes/sources/postgres_testing.h"

using namespace flowrun;
using namespace flowrun::testing;
using Catch::Matchers::ContainsSubstring;
using Lines = std::vector<std::string>;

namespace {

Lines sorted(Lines lines) {
  std::sort(lines.begin(), lines.end());
  return lines;
}

const char* const kAllTypes = R"(
drop table if exists all_types cascade; drop type if exists mood cascade; drop domain if exists positive;
create type mood as enum ('sad', 'so "so"');
create domain positive as numeric(8,3) check (value > 0);
create table all_types (
  b boolean, i2 smallint, i4 integer, i8 bigint, f4 real, f8 double precision, n numeric(10,2),
  t text, v varchar(5), c char(4), nm name, j json, jb jsonb, x xml, u uuid, e mood, a integer[],
  ts timestamp, tz timestamptz, d date, tm time, iv interval, by bytea, dom positive);
insert into all_types values (
  true, -32768, 2147483647, 9223372036854775807, 1.5, 0.1, 12345678.90,
  'it''s "q" €', 'abc', 'ab', 'who', '{"a": 1}', '{"b":  [1, 2]}', '<r/>',
  'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', 'so "so"', '{1,NULL,3}',
  '2024-02-29 12:34:56.789', '2024-02-29 12:34:56+02', '0001-01-01', '01:02:03.5',
  '1 day 02:00:00', '\x00ff', 1.25);
insert into all_types default values;)";

}  // namespace

TEST_CASE("every type that has a counterpart is read, nulls as well") {
  execute(kAllTypes);
  const auto read = read_table({{"table", value("all_types")}, {"order_by", value("i4")}});
  REQUIRE(read.rejects.empty());
  REQUIRE(read.rows.size() == 2);
  CHECK(read.lines()[0] ==
        "true|-32768|2147483647|9223372036854775807|1.5|0.1|12345678.90|it's \"q\" €|abc|ab  |who|"
        "{\"a\": 1}|{\"b\": [1, 2]}|<r/>|a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|so \"so\"|"
        "{1,NULL,3}|2024-02-29T12:34:56.789|2024-02-29T10:34:56Z|0001-01-01|01:02:03.5|P1DT2H|"
        "00ff|1.250");
  CHECK(std::all_of(read.rows[1].begin(), read.rows[1].end(),
                    [](const auto& cell) { return !cell.has_value(); }));
  CHECK(read.coded);
  CHECK(read.ordinals == std::vector<std::uint64_t>{Ordinals::pack(2, 1), Ordinals::pack(2, 2)});
}

TEST_CASE("columns are chosen, and read as what they are declared to be") {
  execute(kAllTypes);
  CHECK(read_table({{"table", value("public.all_types")},
                    {"columns", list({"i4", "b"})},
                    {"filter", table({{"b", value(true)}})}})
            .lines() == Lines{"2147483647|true"});
}

TEST_CASE("declared types that differ") {
  execute(kAllTypes);
  CHECK(read_table({{"table", value("all_types")},
                    {"filter", table({{"b", value(true)}})},
                    {"columns", entries({{"i2", "decimal(7,1)"},
                                         {"i4", "float64"},
                                         {"n", "float64"},
                                         {"f8", "decimal(5,3)"},
                                         {"ts", "timestamptz"},
                                         {"tz", "timestamp"},
                                         {"d", "timestamp"},
                                         {"a", "string"},
                                         {"by", "string"},
                                         {"b", "string"},
                                         {"dom", "decimal(4,2)"}})}})
            .lines() == Lines{"-32768.0|2147483647|12345678.9|0.100|2024-02-29T12:34:56.789Z|"
                              "2024-02-29T10:34:56|0001-01-01T00:00:00|{1,NULL,3}|\\x00ff|true|"
                              "1.25"});
  execute(
      "drop table if exists texts; create table texts (id int, at text, n text);"
      "insert into texts values (1, '2024-01-01 10:00:00+01', '5'), (2, 'soon', '6'), "
      "(3, '2024-01-02T00:00:00Z', 'x'), (4, null, null)");
  const auto read =
      read_table({{"table", value("texts")},
                  {"order_by", value("id")},
                  {"columns", entries({{"id", "int64"}, {"at", "timestamptz"}, {"n", "int64"}})}});
  CHECK(read.lines() == Lines{"1|2024-01-01T09:00:00Z|5", "4|(null)|(null)"});
  REQUIRE(read.rejects.size() == 2);
  CHECK(read.rejects[0].column == "at");
  CHECK(read.rejects[0].value == "soon");
  CHECK(read.rejects[0].reason == "not a timestamptz");
  CHECK(read.rejects[1].record == R"({"id":3,"at":"2024-01-02T00:00:00Z","n":null})");
  CHECK_THAT(read.rejects[1].origin, ContainsSubstring("/tests#texts: row 3"));
}

TEST_CASE("what no column of ours can hold rejects its row, with the key as origin") {
  execute(
      "drop table if exists special; create table special (id int primary key, d date, "
      "t timestamptz, n numeric);"
      "insert into special values (1, 'infinity', null, null), (2, null, '-infinity', null), "
      "(3, null, null, 'NaN'), (4, null, null, 1.23456), (5, '2024-01-01', now(), 12.5), "
      "(6, '294276-01-01', null, 1e20)");
  const auto read = read_table(
      {{"table", value("special")},
       {"order_by", value("id")},
       {"columns",
        entries({{"id", "int64"}, {"d", "date"}, {"t", "timestamptz"}, {"n", "decimal(10,4)"}})}});
  CHECK(read.rows.size() == 1);
  REQUIRE(read.rejects.size() == 5);
  Lines told;
  for (const auto& reject : read.rejects) {
    told.push_back(reject.column + ": " + reject.value + ": " + reject.reason);
  }
  CHECK(told == Lines{"d: infinity: infinity is no date",
                      "t: -infinity: infinity is no timestamptz", "n: NaN: NaN is no decimal(10,4)",
                      "n: 1.23456: does not fit decimal(10,4)",
                      "n: 100000000000000000000: does not fit decimal(10,4)"});
  CHECK_THAT(read.rejects[4].origin, ContainsSubstring("#special: id 6"));
}

TEST_CASE("types without a counterpart are told at plan time, by name") {
  execute(
      "drop table if exists odd; create table odd (id int, n numeric, at inet, r int4range); "
      "insert into odd values (1, 2.50, '10.0.0.1', '[1,3)')");
  const auto problems = problems_of({{"table", value("odd")}});
  CHECK_THAT(problems, ContainsSubstring("column \"n\" is numeric, which has no counterpart"));
  CHECK_THAT(problems, ContainsSubstring("as decimal(p,s), float64 or string"));
  CHECK_THAT(problems, ContainsSubstring("column \"at\" is inet"));
  CHECK_THAT(problems, ContainsSubstring("column \"r\" is int4range"));
  CHECK(read_table({{"table", value("odd")},
                    {"columns", entries({{"n", "string"}, {"at", "string"}, {"r", "string"}})}})
            .lines() == Lines{"2.50|10.0.0.1/32|[1,3)"});
  CHECK_THAT(problems_of({{"table", value("odd")}, {"columns", entries({{"at", "int64"}})}}),
             ContainsSubstring("is inet and cannot be read as int64"));
}

TEST_CASE("filters are values, whatever is in them") {
  execute(kAllTypes);
  execute(
      "drop table if exists \"we\"\"ird\"; create table \"we\"\"ird\" (\"a \"\"b\" text, n int, "
      "e mood, gone date); insert into \"we\"\"ird\" values "
      "('it''s', 1, 'sad', null), ('''; drop table odd; --', 2, 'sad', '2024-01-01'), "
      "('back\\slash', 3, 'so \"so\"', null), ('x', 4, null, null)");
  const auto read = [](OptionValue filter) {
    return sorted(read_table({{"table", value("\"we\"\"ird\"")},
                              {"columns", list({"n"})},
                              {"filter", std::move(filter)}})
                      .lines());
  };
  CHECK(read(table({{"a \"b", value("it's")}})) == Lines{"1"});
  CHECK(read(table({{"a \"b", value("'; drop table odd; --")}})) == Lines{"2"});
  CHECK(read(table({{"a \"b", value("back\\slash")}})) == Lines{"3"});
  CHECK(read(table({{"a \"b", list({"it's", "x", "\\"})}})) == Lines{"1", "4"});
  CHECK(read(table({{"n", list_of({value(2), value(3)})}, {"e", value("sad")}})) == Lines{"2"});
  CHECK(read(table({{"gone", table({{"null", value(true)}})}})) == Lines{"1", "3", "4"});
  CHECK(read(table({{"gone", table({{"null", value(false)}})}})) == Lines{"2"});
  CHECK(read(table({{"gone", value("2024-01-01")}})) == Lines{"2"});
  const auto problems = [](OptionValue filter) {
    return problems_of({{"table", value("\"we\"\"ird\"")}, {"filter", std::move(filter)}});
  };
  CHECK_THAT(problems(table({{"m", value(1)}})),
             ContainsSubstring("has no column \"m\"") && ContainsSubstring("did you mean"));
  CHECK_THAT(problems(table({{"n", value("one")}})),
             ContainsSubstring("column \"n\" is integer and cannot be \"one\": invalid input"));
  CHECK_THAT(problems(table({{"e", value("glad")}})), ContainsSubstring("invalid input value for"));
  CHECK_THAT(problems(table({{"n", list({})}})), ContainsSubstring("has no value"));
  CHECK_THAT(problems(table({{"n", table({{"nul", value(true)}})}})),
             ContainsSubstring("{ null = true }"));
  CHECK_THAT(problems(value("n = 1")), ContainsSubstring("is a table of columns"));
}

TEST_CASE("queries take bound values, typed by what they are compared with") {
  execute(
      "drop table if exists q; create table q as select i as n, 'k' || i as k, "
      "timestamptz '2024-01-01Z' + i * interval '1 hour' as at from generate_series(1, 9) i");
  // The planner leaves the value's place in the text, filled up to what stood there.
  const auto query = [](std::string text, std::vector<std::pair<std::string, std::string>> bound) {
    OptionValue written = value("");
    for (std::size_t i = 0; i < bound.size(); ++i) {
      const auto name = fmt::format("${{p{}}}", i + 1);
      const auto place = text.find(name);
      text.replace(place, name.size(),
                   fmt::format("${}{}", i + 1, std::string(name.size() - 2, ' ')));
      written.bound.push_back({bound[i].first, bound[i].second, name, place});
    }
    written.value = text;
    return written;
  };
  const auto read = [&](OptionValue written) {
    return sorted(read_table({{"query", std::move(written)}}).lines());
  };
  CHECK(read(query("select n, k from q where n > ${p1} and k <> ${p2}",
                   {{"7", ""}, {"it's; drop table q", ""}})) == Lines{"8|k8", "9|k9"});
  CHECK(read(query("select n from q where at < ${p1}; ", {{"2024-01-01T03:00:00+01", ""}})) ==
        Lines{"1"});
  CHECK(read(query("select ${p1} + 1 as x -- the end", {{"41", "int64"}})) == Lines{"42"});
  CHECK(read(query("select '$1' as a, $$x$$ as b, ${p1}::text as c", {{"$1", ""}})) ==
        Lines{"$1|x|$1"});
  const auto problems = [&](OptionValue written) {
    return problems_of({{"query", std::move(written)}});
  };
  CHECK_THAT(problems(query("select n from q where n = $1", {})),
             ContainsSubstring("the query has parameters of its own"));
  CHECK_THAT(problems(query("select n from q where n = ${p1} and n <> $1  ", {{"1", ""}})),
             ContainsSubstring("the query has parameters of its own"));
  CHECK_THAT(problems(query("select n from q -- ${p1}\n", {{"a\nunion select 1", ""}})),
             ContainsSubstring("cannot take a value for ${p1}"));
  CHECK_THAT(problems(query("select n from q /* ${p1} */", {{"*/ union select 1", ""}})),
             ContainsSubstring("cannot take a value for ${p1}"));
  CHECK_THAT(problems(query("select n from q where n > ${p1}", {{"many", ""}})),
             ContainsSubstring("invalid input syntax for type integer"));
  CHECK_THAT(problems(query("select n, n + 1 as n from q", {})),
             ContainsSubstring("the query has two columns \"n\""));
  CHECK_THAT(problems(query("select m from q", {})), ContainsSubstring("\"m\" does not exist"));
  CHECK_THAT(problems(query("select 1 as x) r; drop table q; --", {})),
             ContainsSubstring("syntax error"));
  CHECK_THAT(problems(query("delete from q returning n", {})), ContainsSubstring("syntax error"));
  CHECK(read(query("select count(*) as n from q", {})) == Lines{"9"});
}

TEST_CASE("what the server does not have is told at plan time") {
  CHECK_THAT(problems_of({{"table", value("nowhere")}}),
             ContainsSubstring("no-table") && ContainsSubstring("there is no table nowhere"));
  execute(kAllTypes);
  CHECK_THAT(problems_of({{"table", value("all_types")}, {"columns", list({"i3"})}}),
             ContainsSubstring("has no column \"i3\"") && ContainsSubstring("did you mean"));
  CHECK_THAT(problems_of({{"table", value("all_types")}, {"order_by", value("i3")}}),
             ContainsSubstring("has no column \"i3\""));
  CHECK_THAT(problems_of({{"table", value("a.b.c")}}), ContainsSubstring("no name of a table"));
  CHECK_THAT(problems_of({}), ContainsSubstring("neither \"table\" nor \"query\""));
  CHECK_THAT(problems_of({{"table", value("q")}, {"query", value("select 1")}}),
             ContainsSubstring("both"));
  CHECK_THAT(problems_of({{"table", value("q")}, {"columns", list({"a", "a"})}}),
             ContainsSubstring("stands here twice"));
  CHECK_THAT(problems_of({{"table", value("q")}, {"columns", entries({{"a", "int"}})}}),
             ContainsSubstring("there is no type \"int\""));
  CHECK_THAT(problems_of({{"table", value("q")}, {"connections", value(0)}}),
             ContainsSubstring("\"connections\" lies between"));
}

TEST_CASE("without the network nothing is asked, and types have to be declared") {
  const auto bound = [](Given options) {
    options.emplace_back("url", value("postgresql://nobody@127.0.0.1:1/none"));
    BindFake context(nodes::postgres_source(), options);
    context.is_offline = true;
    const auto binding = context.bind();
    return context.problems() +
           (binding.outputs.empty() ? "" : to_string(*binding.outputs.front().schema));
  };
  CHECK(bound({{"table", value("t")}, {"columns", entries({{"a", "int64"}})}}) == "a int64");
  CHECK_THAT(bound({{"table", value("t")}, {"columns", list({"a"})}}),
             ContainsSubstring("declare `columns` with types"));
}

TEST_CASE("a server that is away ends planning with an error of the server") {
  BindFake context(nodes::postgres_source(),
                   {{"table", value("t")}, {"url", value("postgresql://x@127.0.0.1:1/none")}});
  try {
    static_cast<void>(context.bind());
    FAIL("it was bound");
  } catch (const Error& error) {
    CHECK(error.code() == Errc::io);
    CHECK_THAT(error.what(), ContainsSubstring("Connection refused"));
  }
}

TEST_CASE("a column that changes its type between plan and run ends the run") {
  execute("drop table if exists moving_type; create table moving_type (a int)");
  auto context = postgres_source_of({{"table", value("moving_type")}});
  const auto binding = context.bind();
  execute("alter table moving_type alter column a type text");
  const auto source = binding.make_source();
  const auto reader = source->open({}, 0, nullptr);
  CHECK_THROWS_WITH(reader->read({}, {}),
                    ContainsSubstring("was integer when the pipeline was planned and is text now"));
  execute("alter table moving_type drop column a");
  const auto again = binding.make_source();
  CHECK_THROWS_WITH(again->open({}, 0, nullptr)->read({}, {}),
                    ContainsSubstring("has no column \"a\""));
}

TEST_CASE("pieces of any size hold all rows, in the order asked for") {
  execute(
      "drop table if exists many; create table many as select i, repeat('x', i % 50) as t "
      "from generate_series(1, 5000) i; insert into many values (0, repeat('y', 2000000))");
  for (const auto request :
       {ReadRequest{}, ReadRequest{.bytes = 1, .rows = 1}, ReadRequest{.bytes = 1000, .rows = 7}}) {
    const auto read = read_table({{"table", value("many")}, {"order_by", value("i")}}, request);
    REQUIRE(read.rows.size() == 5001);
    CHECK(read.rows[0][1]->size() == 2'000'000);
    bool good = true;
    for (std::size_t i = 1; i < read.rows.size(); ++i) {
      good = good && *read.rows[i][0] == std::to_string(i) && read.rows[i][1]->size() == i % 50;
      good = good && read.ordinals[i] == Ordinals::pack(2, i + 1);
    }
    CHECK(good);
    CHECK(*std::max_element(read.batch_rows.begin(), read.batch_rows.end()) <= request.rows);
  }
}

TEST_CASE("what the text of a query says is known without the server") {
  const auto bind = [](const std::string& query, const std::string& column) {
    OptionValue::Table types;
    types.emplace_back(column, value("int64"));
    BindFake context(nodes::postgres_source(), {{"url", value("postgresql://nobody.invalid/x")},
                                                {"query", value(query)},
                                                {"columns", table(std::move(types))}});
    context.is_offline = true;
    const auto binding = context.bind();
    std::string said = context.problems();
    for (const auto& note : binding.notes) said += note + "\n";
    return said;
  };
  CHECK(bind("select id, n from tenant.a join b using (id)", "n") ==
        "the query reads b, tenant.a\n");
  CHECK_THAT(
      bind("select id, total from a", "totl"),
      ContainsSubstring("the query has no column \"totl\"") && ContainsSubstring("did you mean"));
  CHECK_THAT(bind("with x as (delete from a returning id) select id from x", "id"),
             ContainsSubstring("a query reads, and this one writes"));
  CHECK_THAT(bind("select 1 as id; select 2", "id"),
             ContainsSubstring("one select and nothing else"));
}
