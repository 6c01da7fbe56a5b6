// The sqlite source: what it reads, as what, in which order, and when it counts as changed.
#include <filesystem>
#include <string>
#include <vector>

#include "engine/sqlite/connection.h"
#include "nodes/catalog.h"
#include "tests/nodes/formats/csv_testing.h"
#include "tests/support/bind_fake.h"
#include "tests/support/catch.h"
#include "tests/support/temp_folder.h"

using namespace flowrun;
using namespace flowrun::testing;
using Catch::Matchers::ContainsSubstring;

namespace {

using Lines = std::vector<std::string>;

OptionValue entries(const std::vector<std::pair<std::string, std::string>>& pairs) {
  OptionValue::Table table_entries;
  for (const auto& [name, text] : pairs) table_entries.emplace_back(name, value(text));
  return table(std::move(table_entries));
}

class AnyFingerprint final : public FileFingerprints {
 public:
  std::string of(const std::string&) override { return "of the file"; }
};

/// A database in a folder of its own, and sources that read it.
class Database {
 public:
  explicit Database(const std::string& sql) { execute(sql); }

  void execute(const std::string& sql) {
    sqlite::Connection connection(folder_ / "x.db", sqlite::OpenMode::create);
    connection.execute(sql);
  }

  BindFake source(BindFake::Given options) {
    options.emplace_back("path", value("x.db"));
    BindFake context(nodes::sqlite_source(), options);
    context.directory = folder_ / "";
    context.directory.pop_back();
    return context;
  }

  std::string problems(const BindFake::Given& options) {
    auto context = source(options);
    (void)context.bind();
    return context.problems();
  }

  ReadRows read(const BindFake::Given& options, ReadRequest request = {}) {
    auto context = source(options);
    const auto binding = context.bind();
    REQUIRE(context.problems() == "");
    const auto source = binding.make_source();
    CHECK_FALSE(source->reads_ranges());
    Log log;
    CollectedRows out;
    for (const auto& input : source->inputs({.log = &log})) {
      CHECK(input.fingerprint.empty());
      const auto reader = source->open(input, 2, nullptr);
      while (const auto chunk = reader->read(request, {})) reader->decode(*chunk, request, out);
      CHECK(reader->read(request, {}) == nullptr);
    }
    return out.take();
  }

  std::string fingerprint(const BindFake::Given& options) {
    auto context = source(options);
    const auto binding = context.bind();
    REQUIRE(context.problems() == "");
    Log log;
    AnyFingerprint files;
    return binding.make_source()->inputs({.fingerprints = &files, .log = &log}).at(0).fingerprint;
  }

  [[nodiscard]] const TempFolder& folder() const { return folder_; }

 private:
  TempFolder folder_;
};

const char* const kAll =
    "create table t (i integer, f real, d text, b integer, s text, day text, at text, z text, x "
    "blob);"
    "insert into t values (1, 1.5, '12.30', 1, 'a,\"b', '2024-02-29', '2024-02-29 01:02:03.5', "
    "'2024-02-29T01:02:03+02:00', x'00ff');"
    "insert into t values (-9223372036854775808, 2, 7, 'false', 12.25, null, '2024-03-01', "
    "'2024-03-01T00:00:00Z', null);"
    "insert into t values (3.0, '0.1', 0.1, '0', '', '0001-01-01', '2024-03-01T10:00:00Z', null, "
    "x'');";

const BindFake::Given kAllColumns{{"table", value("t")},
                                  {"columns", entries({{"i", "int64"},
                                                       {"f", "float64"},
                                                       {"d", "decimal(6,2)"},
                                                       {"b", "bool"},
                                                       {"s", "string"},
                                                       {"day", "date"},
                                                       {"at", "timestamp"},
                                                       {"z", "timestamptz"},
                                                       {"x", "bytes"}})}};

}  // namespace

TEST_CASE("values of every storage class become what their column was declared to be") {
  Database database(kAll);
  for (const auto& request : {ReadRequest{}, ReadRequest{.bytes = 1, .rows = 1}}) {
    const auto read = database.read(kAllColumns, request);
    CHECK(read.lines() ==
          Lines{"1|1.5|12.30|true|a,\"b|2024-02-29|2024-02-29T01:02:03.5|2024-02-28T23:02:03Z|00ff",
                "-9223372036854775808|2|7.00|false|12.25|(null)|2024-03-01T00:00:00|"
                "2024-03-01T00:00:00Z|(null)",
                "3|0.1|0.10|false||0001-01-01|2024-03-01T10:00:00|(null)|"});
    CHECK(read.ordinals == std::vector<std::uint64_t>{Ordinals::pack(2, 1), Ordinals::pack(2, 2),
                                                      Ordinals::pack(2, 3)});
    CHECK(read.rejects.empty());
  }
}

TEST_CASE("a value that its column does not take rejects its row, with the rowid as origin") {
  Database database(
      "create table t (id integer primary key, v);"
      "insert into t values (7, 'x'), (8, 1.5), (9, 4), (10, x'01'), (12, 9007199254740993);");
  const auto typed = [](const char* type) {
    return BindFake::Given{{"table", value("t")},
                           {"columns", entries({{"id", "int64"}, {"v", type}})}};
  };
  const auto read = database.read(typed("int64"));
  CHECK(read.lines() == Lines{"9|4", "12|9007199254740993"});
  CHECK(read.ordinals == std::vector<std::uint64_t>{Ordinals::pack(2, 3), Ordinals::pack(2, 5)});
  REQUIRE(read.rejects.size() == 3);
  CHECK(read.rejects[0].origin == "x.db#t: rowid 7");
  CHECK(read.rejects[0].column == "v");
  CHECK(read.rejects[0].value == "x");
  CHECK(read.rejects[0].reason == "not an int64");
  CHECK(read.rejects[0].record == R"({"id":7,"v":"x"})");
  CHECK(read.rejects[0].ordinal == Ordinals::pack(2, 1));
  CHECK(read.rejects[1].reason == "does not fit int64");
  CHECK(read.rejects[1].value == "1.5");
  CHECK(read.rejects[2].reason == "not an int64 but a blob");
  CHECK(read.rejects[2].value == "x'01'");
  // 2^53 + 1 is no double; 1.5 has one decimal; a number is no time and no blob.
  CHECK(database.read(typed("float64")).lines() == Lines{"8|1.5", "9|4"});
  CHECK(database.read(typed("decimal(20,0)")).lines() == Lines{"9|4", "12|9007199254740993"});
  CHECK(database.read(typed("decimal(3,1)")).lines() == Lines{"8|1.5", "9|4.0"});
  CHECK(database.read(typed("bytes")).lines() == Lines{"10|01"});
  CHECK(database.read(typed("bool")).lines().empty());
  const auto times = database.read(typed("timestamp"));
  CHECK(times.rejects.at(2).reason == "not a timestamp but an integer");
  CHECK(database.read(typed("string")).lines() ==
        Lines{"7|x", "8|1.5", "9|4", "12|9007199254740993"});
}

TEST_CASE("a float becomes the decimal that it was stored as, or none") {
  // NUMERIC affinity makes floats of these texts.
  Database database(
      "create table t (d decimal(10,2));"
      "insert into t values ('12.30'), ('0.10'), ('1.005'), (100), (0.1 + 0.2), (1e30);");
  const auto read = database.read({{"table", value("t")}});
  CHECK(read.lines() == Lines{"12.30", "0.10", "100.00"});
  REQUIRE(read.rejects.size() == 3);
  CHECK(read.rejects[0].value == "1.005");
  CHECK(read.rejects[1].value == "0.30000000000000004");
  CHECK(read.rejects[2].reason == "does not fit decimal(10,2)");
}

TEST_CASE("text that is no text and rows that are too long are rejects") {
  Database database(
      "create table t (k text primary key, v text) without rowid;"
      "insert into t values ('a', cast(x'c328' as text)), ('b', cast(x'610062' as text)), "
      "('c', 'é'), ('d', printf('%.*c', 17000000, 'x'));");
  const auto read = database.read({{"table", value("t")}});
  CHECK(read.lines() == Lines{"c|é"});
  REQUIRE(read.rejects.size() == 3);
  CHECK(read.rejects[0].reason == "not valid UTF-8");
  CHECK(read.rejects[0].origin == "x.db#t: k a");
  CHECK(read.rejects[1].reason == "holds a NUL byte");
  CHECK(read.rejects[2].reason == "row longer than 16 MiB");
  CHECK(read.rejects[2].origin == "x.db#t: k d");
  Database wide("pragma encoding = 'UTF-16'; create table t (v text); insert into t values ('é');");
  CHECK(wide.read({{"table", value("t")}}).lines() == Lines{"é"});
}

TEST_CASE("without columns the declarations say the types, and are shown") {
  Database database(
      "create table t (a INTEGER, b bigint, c VARCHAR(20), d DOUBLE PRECISION, e DECIMAL(10,2), "
      "f BOOLEAN, g DATE, h timestamp, i TIMESTAMPTZ, j blob, k NUMERIC, l uuid, m DATETIME, "
      "n \"timestamp  with time zone\", o numeric ( 5 ))");
  auto context = database.source({{"table", value("T")}});
  const auto binding = context.bind();
  REQUIRE(context.problems() == "");
  CHECK(to_string(*binding.outputs.at(0).schema) ==
        "a int64, b int64, c string, d float64, e decimal(10,2), f bool, g date, h timestamp, "
        "i timestamptz, j bytes, k float64, l string, m timestamp, n timestamptz, o decimal(5,0)");
  CHECK_THAT(binding.notes.at(0),
             ContainsSubstring("schema found from the declarations of x.db#T: a int64, "));
  CHECK_FALSE(binding.content_hash.empty());
  CHECK(binding.ordered);
  CHECK(database.problems({{"query", value("select a, b + 1 as next from t")}}) ==
        "error no-type: column \"next\" of x.db has no declared type; declare `columns`\n");
}

TEST_CASE("rows come in the order of the table's key, or in the one that is asked for") {
  Database database(
      "create table t (k integer primary key, rowid text, v integer);"
      "insert into t values (3, 'x', 1), (1, 'y', 2), (2, 'z', 1);"
      "create table w (a text, b integer, primary key (b, a)) without rowid;"
      "insert into w values ('q', 2), ('p', 2), ('r', 1);"
      "create view o as select v, k from t;");
  const auto lines = [&](const BindFake::Given& options) { return database.read(options).lines(); };
  CHECK(lines({{"table", value("t")}}) == Lines{"1|y|2", "2|z|1", "3|x|1"});
  CHECK(lines({{"table", value("t")}, {"order_by", list({"v"})}}) ==
        Lines{"2|z|1", "3|x|1", "1|y|2"});
  CHECK(lines({{"table", value("w")}}) == Lines{"r|1", "p|2", "q|2"});
  CHECK(lines({{"table", value("o")}, {"order_by", list({"v", "k"})}}) ==
        Lines{"1|2", "1|3", "2|1"});
  auto unordered = database.source({{"query", value("select k from t -- all of them")}});
  CHECK_FALSE(unordered.bind().ordered);
  auto ordered = database.source({{"query", value("select k from t")}, {"order_by", value("k")}});
  CHECK(ordered.bind().ordered);
  auto view = database.source({{"table", value("o")}});
  CHECK_FALSE(view.bind().ordered);
  CHECK(database.read({{"table", value("o")}}).rows.size() == 3);
  // It was to be a table when nobody could look.
  auto early = database.source({{"table", value("late")},
                                {"columns", entries({{"k", "int64"}})},
                                {"missing", value("empty")}});
  const auto source = early.bind().make_source();
  database.execute("create view late as select k from t");
  CHECK_THROWS_WITH(source->open({}, 0, nullptr),
                    ContainsSubstring("x.db#late is a view, and its rows have no order"));
}

TEST_CASE("what a variable in a query stands for is a value") {
  Database database(
      "create table t (k text, n integer);"
      "insert into t values ('x'' or 1', 1), ('a', 2), ('a', 3);");
  auto query = value("select n from t where k = $1 and n >= $2 ");
  const auto bound = [&](const char* name, const char* least, const char* type) {
    query.bound = {{name, ""}, {least, type}};
    return database.read({{"query", query}}).lines();
  };
  CHECK(bound("x' or 1", "0", "int64") == Lines{"1"});
  CHECK(bound("a", "3", "int64") == Lines{"3"});
  CHECK(bound("a", "3", "") == Lines{"3"});  // the column's affinity makes it a number
  auto context = database.source({{"query", value("select n from t where n > ?")}});
  const auto binding = context.bind();
  CHECK_THROWS_WITH(binding.make_source()->open({}, 0, nullptr),
                    ContainsSubstring("the query has parameters of its own"));
}

TEST_CASE("a table counts as changed when the rows that are read did, and only then") {
  Database database(
      "create table t (k integer, v text, w text); insert into t values (1, 'a', 'x'), (2, 'b', "
      "'y'); create table other (n)");
  const BindFake::Given two{{"table", value("t")},
                            {"columns", entries({{"k", "int64"}, {"v", "string"}})}};
  const auto first = database.fingerprint(two);
  CHECK(first.size() == 32);
  database.execute("insert into other values (1); update t set w = 'z'; vacuum");
  CHECK(database.fingerprint(two) == first);
  database.execute("update t set v = 'c' where k = 2");
  const auto second = database.fingerprint(two);
  CHECK(second != first);
  database.execute("update t set v = 'b' where k = 2");
  CHECK(database.fingerprint(two) == first);
  database.execute("delete from t; insert into t values (2, 'b', ''), (1, 'a', '')");
  CHECK(database.fingerprint(two) != first);  // another order
  const auto query = [](const char* sql) { return BindFake::Given{{"query", value(sql)}}; };
  CHECK(database.fingerprint(query("select k, v from t order by k")) ==
        database.fingerprint(query("select k, v from t order by k desc")));
  CHECK(database.fingerprint(query("select k, v from t where k = 1")) !=
        database.fingerprint(query("select k, v from t where k = 2")));
}

TEST_CASE("a database with a write-ahead log is read while somebody writes it") {
  Database database(
      "pragma journal_mode = wal; create table t (n integer); insert into t values "
      "(1)");
  sqlite::Connection writer(database.folder() / "x.db", sqlite::OpenMode::existing);
  writer.execute("begin immediate; insert into t values (2)");
  auto context = database.source({{"table", value("t")}});
  const auto source = context.bind().make_source();
  const auto reader = source->open({}, 0, nullptr);
  const ReadRequest one{.bytes = 1, .rows = 1};
  CollectedRows out;
  auto chunk = reader->read(one, {});
  REQUIRE(chunk != nullptr);
  writer.execute("commit");
  reader->decode(*chunk, one, out);
  CHECK(reader->read(one, {}) == nullptr);  // what was committed then is not of that moment
  CHECK(out.take().lines() == Lines{"1"});
  CHECK(database.read({{"table", value("t")}}).lines() == Lines{"1", "2"});
}

TEST_CASE("what is missing is an error or no rows, and nothing is made") {
  Database database("create table t (n integer)");
  const std::pair<std::string, OptionValue> empty{"missing", value("empty")};
  const std::pair<std::string, OptionValue> columns{"columns", entries({{"n", "int64"}})};
  CHECK(database.problems({{"table", value("u")}}) ==
        "error no-table: there is no table \"u\" in x.db; declare `columns` to plan before it is "
        "there\n");
  CHECK(database.problems({{"table", value("u")}, columns}) ==
        "error no-table: there is no table \"u\" in x.db; where a sink of this pipeline makes it, "
        "write after = \"SINK\"; where that means no rows, missing = \"empty\"\n");
  CHECK(database.read({{"table", value("u")}, columns, empty}).lines().empty());
  CHECK(database.read({{"query", value("select n from u")}, columns, empty}).lines().empty());
  const auto none = database.fingerprint({{"table", value("u")}, columns, empty});
  CHECK(none != database.fingerprint({{"table", value("t")}, columns, empty}));

  const TempFolder nothing;
  const auto elsewhere = [&](BindFake::Given options) {
    options.emplace_back("path", value("y.db"));
    options.emplace_back("table", value("t"));
    BindFake context(nodes::sqlite_source(), options);
    context.directory = nothing / ".";
    return context;
  };
  auto unknown = elsewhere({});
  (void)unknown.bind();
  CHECK(unknown.problems() ==
        "error no-file: there is no file y.db; declare `columns` to plan before it is there\n");
  auto declared = elsewhere({columns});
  const auto source = declared.bind().make_source();
  CHECK(declared.problems() == "");
  CHECK_THROWS_WITH(source->open({}, 0, nullptr), ContainsSubstring("there is no database y.db"));
  auto absent = elsewhere({columns, empty});
  CHECK(absent.bind().make_source()->open({}, 0, nullptr)->read({}, {}) == nullptr);
  CHECK(std::filesystem::is_empty(nothing / "."));

  // Behind a sink that makes it, a table may come later.
  auto waiting = database.source({{"table", value("u")}, columns});
  waiting.is_waiting = true;
  (void)waiting.bind();
  CHECK(waiting.problems() == "");
}

TEST_CASE("what is wrong with an sqlite source is said") {
  Database database("create table t (n integer, \"Name\" text)");
  CHECK(database.problems({}) ==
        "error missing-option: neither \"table\" nor \"query\" says what to read; give one of "
        "them\n");
  CHECK(database.problems({{"table", value("t")}, {"query", value("select 1")}}) ==
        "error conflicting-options: both \"table\" and \"query\" are given; give one of them\n");
  CHECK(database.problems({{"table", value("t")},
                           {"columns", entries({{"name", "string"}, {"nn", "int64"}})},
                           {"order_by", value("m")}}) ==
        "error unknown-column: x.db#t has no column \"nn\"; did you mean \"n\"?\n"
        "error unknown-column: x.db#t has no column \"m\"; did you mean \"n\"?\n");
  CHECK_THAT(database.problems({{"query", value("select n frm t")}}),
             ContainsSubstring("error unreadable-file: ") && ContainsSubstring("syntax error"));
  CHECK_THAT(database.problems({{"query", value("select 1; drop table t")}}),
             ContainsSubstring("syntax error"));
  write_file(database.folder() / "z.db", "this is no database, however long it may be made");
  BindFake other(nodes::sqlite_source(), {{"path", value("z.db")}, {"table", value("t")}});
  other.directory = database.folder() / ".";
  (void)other.bind();
  CHECK_THAT(other.problems(), ContainsSubstring("error unreadable-file: ") &&
                                   ContainsSubstring("file is not a database"));
}
