#include "tests/nodes/sinks/postgres_harness.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <stdexcept>

#include "tests/nodes/postgres/server.h"

namespace flowrun::testing {

namespace {

BindFake fake_of(const PostgresSinkSetup& setup) {
  auto options = setup.options;
  const auto add = [&](const char* name, OptionValue otherwise) {
    const bool there =
        std::any_of(options.begin(), options.end(), [&](const auto& o) { return o.first == name; });
    if (!there) options.emplace_back(name, std::move(otherwise));
  };
  add("url", value(setup.url.empty() ? test::postgres_url() : setup.url));
  add("table", value("t"));
  add("create", value(true));
  BindFake fake(nodes::postgres_sink(), std::move(options), {schema_of(setup.fields)});
  fake.window = setup.window;
  fake.sparse_columns = setup.sparse;
  return fake;
}

}  // namespace

std::string bind_problems(const PostgresSinkSetup& setup) {
  auto fake = fake_of(setup);
  (void)fake.bind();
  return fake.problems();
}

PostgresSinkRun::PostgresSinkRun(const PostgresSinkSetup& setup)
    : fields_(setup.fields),
      objects_(setup.objects),
      log_(LogLevel::info, [logged = logged_](LogLevel, std::string_view line) {
        *logged += std::string(line) + "\n";
      }) {
  auto fake = fake_of(setup);
  auto binding = fake.bind();
  if (!fake.problems().empty()) throw std::runtime_error(fake.problems());
  facts_ = binding.sink;
  sink_ = binding.make_sink();
  context_.key = {
      .pipeline = "p", .instance = setup.instance, .sink = setup.sink, .target = facts_.target};
  context_.epoch = setup.epoch;
  context_.run = fmt::format("run{}", setup.epoch);
  context_.spool_directory = *folder_ / "";
  context_.shared = objects_.get();
  context_.log = &log_;
}

Unit PostgresSinkRun::window(Micros from, Micros until) const {
  return {.index = static_cast<std::uint32_t>(from % 1'000'000),
          .kind = UnitKind::window,
          .interval = {from, until},
          .id = format_timestamp(from),
          .epoch = context_.epoch,
          .run = context_.run};
}

Unit PostgresSinkRun::load(const std::string& id) const {
  return {.kind = UnitKind::load, .id = id, .epoch = context_.epoch, .run = context_.run};
}

Marker PostgresSinkRun::marker(const Unit& unit, std::int64_t rows) const {
  return {.key = context_.key,
          .coverage = {.kind = unit.kind,
                       .interval = unit.interval,
                       .id = unit.kind == UnitKind::window ? "" : unit.id,
                       .plan_hash = "h",
                       .inputs = std::make_shared<const InputSet>(InputSet{{"a", "b"}}),
                       .generation = unit.generation,
                       .epoch = context_.epoch,
                       .run = context_.run,
                       .rows = rows}};
}

std::vector<Reject> PostgresSinkRun::prepare(const Unit& unit, const std::string& rows,
                                             std::int64_t replaces) {
  return prepare_batches(unit, cut(batch_of(fields_, rows), 7), replaces);
}

std::vector<Reject> PostgresSinkRun::prepare_batches(const Unit& unit,
                                                     const std::vector<BatchRef>& batches,
                                                     std::int64_t replaces) {
  sink_->begin(unit);
  std::int64_t rows = 0;
  for (const auto& piece : batches) {
    rows += piece->rows();
    sink_->write(unit, sink_->encode(piece));
  }
  auto with = marker(unit, rows);
  with.replaces = replaces;
  with.coverage.generation = replaces + 1;
  std::vector<Reject> refused;
  sink_->prepare(unit, with, [&](std::vector<Reject> some) {
    std::move(some.begin(), some.end(), std::back_inserter(refused));
  });
  return refused;
}

std::string PostgresSinkRun::write(const Unit& unit, const std::string& rows,
                                   std::int64_t replaces) {
  std::string text;
  for (const auto& reject : prepare(unit, rows, replaces)) {
    text += fmt::format("{}: {}\n", reject.column, reject.reason);
  }
  sink_->commit(unit);
  return text;
}

void tell(const std::string& sql) {
  postgres::Connection connection(test::postgres_address());
  connection.execute_all(sql);
}

void wipe() {
  tell("drop schema if exists flowrun cascade; drop schema public cascade; create schema public");
}

std::string ask(const std::string& sql) {
  postgres::Connection connection(test::postgres_address());
  const auto rows = connection.execute(sql);
  std::string text;
  for (int row = 0; row < rows.rows(); ++row) {
    for (int i = 0; i < rows.columns(); ++i) {
      if (i != 0) text += '|';
      text += rows.is_null(row, i) ? std::string("-") : rows.string(row, i);
    }
    text += '\n';
  }
  return text;
}

}  // namespace flowrun::testing
