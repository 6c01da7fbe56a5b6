// Sources that read tables of a server: told what a cursor needs, asked whether all can be seen,
// known by their windows alone.
#include <random>

#include "engine/data/text.h"
#include "engine/run/cursor_bounds.h"
#include "engine/run/cursor_filter.h"
#include "tests/engine/run/fake_pipeline.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;

namespace {

constexpr const char* kFields = "place string, at timestamp, v int64";

/// A table that grows, and what its readers did.
struct FakeTable {
  std::string text;
  std::int64_t read = 0;  ///< rows
  std::string unsettled;
};

class TableChunk final : public Chunk {
 public:
  explicit TableChunk(BatchRef rows) : batch(std::move(rows)) {}
  BatchRef batch;
};

class TableReader final : public Reader {
 public:
  TableReader(BatchRef rows, std::string unsettled)
      : rows_(std::move(rows)), unsettled_(std::move(unsettled)) {}
  std::unique_ptr<Chunk> read(const ReadRequest&, std::stop_token) override {
    if (!rows_) return nullptr;
    return std::make_unique<TableChunk>(std::exchange(rows_, nullptr));
  }
  void decode(Chunk& chunk, const ReadRequest&, Output& out) const override {
    out.emit(0, dynamic_cast<TableChunk&>(chunk).batch);
  }
  std::string unsettled() const override { return unsettled_; }

 private:
  BatchRef rows_;
  std::string unsettled_;
};

/// Leaves out every row that it may.
class TableSource final : public Source {
 public:
  TableSource(std::shared_ptr<FakeTable> table, bool ranges)
      : table_(std::move(table)), ranges_(ranges) {}
  std::vector<Input> inputs(const SourceContext&) override { return {{.name = "table"}}; }
  bool reads_ranges() const override { return ranges_; }
  void narrow(const CursorBounds& bounds) override { bounds_ = bounds; }
  std::unique_ptr<Reader> open(const Input&, std::uint64_t number, const Interval* range) override {
    const auto all = batch_of(kFields, table_->text, Ordinals::pack(number, 1));
    std::vector<std::uint32_t> rows;
    for (std::int64_t row = 0; row < all->rows(); ++row) {
      const auto at = all->column(1).values<std::int64_t>()[static_cast<std::size_t>(row)];
      const bool inside = range == nullptr || (at >= range->from && at < range->until);
      if (inside && is_needed(*all, row)) rows.push_back(static_cast<std::uint32_t>(row));
    }
    table_->read += static_cast<std::int64_t>(rows.size());
    return std::make_unique<TableReader>(take(*all, rows), table_->unsettled);
  }

 private:
  [[nodiscard]] bool is_needed(const Batch& batch, std::int64_t row) const {
    if (!bounds_ || !batch.column(bounds_->column).is_valid(row)) return true;
    const auto value = text_of(batch.column(bounds_->column), row);
    std::vector<std::optional<std::string>> key;
    for (const auto column : bounds_->per) {
      key.push_back(batch.column(column).is_valid(row)
                        ? std::optional(text_of(batch.column(column), row))
                        : std::nullopt);
    }
    for (const auto& mark : bounds_->marks) {
      if (mark.key == key) return value >= mark.value;
    }
    return !bounds_->initial || value >= *bounds_->initial;
  }

  std::shared_ptr<FakeTable> table_;
  bool ranges_;
  std::optional<CursorBounds> bounds_;
};

std::size_t add_table(FakePipeline& pipeline, const std::shared_ptr<FakeTable>& table,
                      bool ranges) {
  const auto rows = pipeline.source("rows", kFields, {}, ranges);
  pipeline.instance.nodes[rows].binding.make_source = [=] {
    return std::make_unique<TableSource>(table, ranges);
  };
  return rows;
}

CursorMarks marks_of(const CursorSpec& spec, const std::string& rows) {
  CursorFilter filter(spec, schema_of(kFields), {}, 10 * kDay);
  static_cast<void>(filter.take(batch_of(kFields, rows)));
  return filter.reached();
}

}  // namespace

TEST_CASE("bounds of a cursor name the keys that have a mark, and where others begin") {
  CursorSpec spec{.column = 1, .per = {0, 2}, .initial = "1970-01-01T00:00:00"};
  const auto bounds = bounds_of(spec, *schema_of(kFields),
                                marks_of(spec,
                                         "\"a,b=c%\",1970-01-01T00:00:02,7\n"
                                         ",1970-01-01T00:00:03,\n"));
  CHECK(bounds.column == 1);
  CHECK(bounds.per == std::vector<std::size_t>{0, 2});
  CHECK(bounds.initial == "1970-01-01T00:00:00");
  REQUIRE(bounds.marks.size() == 2);
  CHECK(bounds.marks[0].key == std::vector<std::optional<std::string>>{std::nullopt, std::nullopt});
  CHECK(bounds.marks[0].value == "1970-01-01T00:00:03");
  CHECK(bounds.marks[1].key == std::vector<std::optional<std::string>>{"a,b=c%", "7"});
  CHECK(bounds.marks[1].value == "1970-01-01T00:00:02");
}

TEST_CASE("marks of other keys say nothing") {
  const CursorSpec per_place{.column = 1, .per = {0}};
  const auto schema = schema_of(kFields);
  CursorMark mark{.value = "1970-01-01T00:00:02", .columns = "", .ties = {}};
  for (const auto* key : {"", "port=suez", "place=suez,v=1", "placed=suez", "place=%4", "v=1"}) {
    CHECK(bounds_of(per_place, *schema, {{key, mark}}).marks.empty());
  }
  CHECK(bounds_of(per_place, *schema, {{"place=su%65z", mark}}).marks.front().key.front() ==
        "suez");
  CHECK(bounds_of({.column = 1}, *schema, {{"", mark}}).marks.size() == 1);
  CHECK(bounds_of({.column = 1}, *schema, {{"place=suez", mark}}).marks.empty());
}

TEST_CASE("rule 21: a table behind a cursor is read from its marks on, and no row is lost for it") {
  std::minstd_rand random(11);
  const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  for (int round = 0; round < 20; ++round) {
    FakePipeline p;
    auto table = std::make_shared<FakeTable>();
    auto target = std::make_shared<FakeTarget>();
    target->append = true;
    const auto rows = add_table(p, table, false);
    p.instance.nodes[rows].cursor = CursorSpec{.column = 1, .per = {0}};
    p.sink("out", {{rows, 0}}, target);
    std::map<std::string, int> newest;
    for (int run = 0; run < 6; ++run) {
      for (int i = pick(6); i > 0; --i) {
        const std::string place = pick(2) == 0 ? "suez" : "aden";
        newest[place] = std::min(59, newest[place] + pick(3));
        table->text += fmt::format("{},1970-01-01T00:00:{:02},{}\n", place, newest[place], pick(3));
      }
      if (pick(3) == 0) {
        target->at = [](const std::string& step, const Unit&) {
          if (step == "commit") throw Error(Errc::data, "planted");
        };
      }
      static_cast<void>(p.run());
      target->at = nullptr;
    }
    REQUIRE(p.run().message == "");
    const auto all =
        static_cast<std::int64_t>(std::count(table->text.begin(), table->text.end(), '\n'));
    CHECK(target->sorted().size() == static_cast<std::size_t>(all));
    // What is read once more are the rows at the marks.
    table->read = 0;
    REQUIRE(p.run().message == "");
    CHECK(table->read <= all);
    if (all > 20) CHECK(table->read < all / 2);
    CHECK(target->sorted().size() == static_cast<std::size_t>(all));
  }
}

TEST_CASE("rule 2: what is read by ranges is known by its windows") {
  FakePipeline p;
  auto table = std::make_shared<FakeTable>();
  table->text = "suez,1970-01-01T00:00:01,1\nsuez,1970-01-01T00:01:02,2\n";
  auto target = std::make_shared<FakeTarget>();
  const auto rows = add_table(p, table, true);
  p.sink("out", {{rows, 0}}, target);
  auto& window = p.window("at", kMinute);
  window.from = 0;
  window.until = 2 * kMinute;
  REQUIRE(p.run().message == "");
  CHECK(target->sorted().size() == 2);
  CHECK(table->read == 2);
  CHECK(p.run().up_to_date);
  table->text += "suez,1970-01-01T00:02:02,3\n";
  window.until = 3 * kMinute;
  REQUIRE(p.run().message == "");
  CHECK(target->sorted().size() == 3);
  CHECK(table->read == 3);
}

TEST_CASE("rule 8: a window that others may still write into is told, and loaded once more") {
  FakePipeline p;
  auto table = std::make_shared<FakeTable>();
  table->text = "suez,1970-01-01T00:00:01,1\n";
  table->unsettled = "a transaction goes on";
  std::vector<std::string> lines;
  Log log(LogLevel::warning, [&](LogLevel, std::string_view line) { lines.emplace_back(line); });
  auto target = std::make_shared<FakeTarget>();
  const auto rows = add_table(p, table, true);
  p.sink("out", {{rows, 0}}, target);
  auto& window = p.window("at", kMinute);
  window.from = 0;
  window.until = kMinute;
  window.from_watermark = true;
  const auto run = [&] {
    return run_plan(p.plan, p.options, {.journal = p.journal.get(), .clock = &p.clock, .log = &log})
        .front();
  };
  REQUIRE(run().message == "");
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].find("window 1970-01-01T00:00:00Z..1970-01-01T00:01:00Z was read while a "
                      "transaction goes on; the next run loads it once more") != std::string::npos);
  table->unsettled.clear();
  table->text += "suez,1970-01-01T00:00:02,2\n";  // what the transaction brought
  REQUIRE(run().message == "");
  CHECK(target->sorted().size() == 2);
  CHECK(run().up_to_date);
}

TEST_CASE("rule 8: what cannot be loaded again waits until nobody writes into the window") {
  FakePipeline p;
  auto table = std::make_shared<FakeTable>();
  table->text = "suez,1970-01-01T00:00:01,1\n";
  table->unsettled = "a transaction goes on";
  auto target = std::make_shared<FakeTarget>();
  target->append = true;
  p.sink("out", {{add_table(p, table, true), 0}}, target);
  auto& window = p.window("at", kMinute);
  window.from = 0;
  window.until = kMinute;
  p.plan.retry.attempts = 1;
  const auto report = p.run();
  CHECK(exit_code(report) == 1);
  CHECK(report.message.find("sink \"out\" appends") != std::string::npos);
  CHECK(target->sorted().empty());
  table->unsettled.clear();
  REQUIRE(p.run().message == "");
  CHECK(target->sorted().size() == 1);
}
