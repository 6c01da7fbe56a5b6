#include "tests/nodes/sinks/sqlite_harness.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <stdexcept>

namespace flowrun::testing {

namespace {

BindFake fake_of(const SqliteSinkSetup& setup) {
  auto options = setup.options;
  const auto add = [&](const char* name, OptionValue otherwise) {
    const bool there =
        std::any_of(options.begin(), options.end(), [&](const auto& o) { return o.first == name; });
    if (!there) options.emplace_back(name, std::move(otherwise));
  };
  add("path", value(setup.path));
  add("table", value("t"));
  add("create", value(true));
  add("busy_timeout", value("5s"));
  BindFake fake(nodes::sqlite_sink(), std::move(options), {schema_of(setup.fields)});
  fake.window = setup.window;
  fake.sparse_columns = setup.sparse;
  return fake;
}

}  // namespace

std::string bind_problems(const SqliteSinkSetup& setup) {
  auto fake = fake_of(setup);
  (void)fake.bind();
  return fake.problems();
}

SqliteSinkRun::SqliteSinkRun(const SqliteSinkSetup& setup)
    : fields_(setup.fields), objects_(setup.objects) {
  auto fake = fake_of(setup);
  auto binding = fake.bind();
  if (!fake.problems().empty()) throw std::runtime_error(fake.problems());
  facts_ = binding.sink;
  sink_ = binding.make_sink();
  context_.key = {.pipeline = "p", .instance = "", .sink = setup.sink, .target = facts_.target};
  context_.epoch = setup.epoch;
  context_.run = fmt::format("run{}", setup.epoch);
  context_.spool_directory = std::filesystem::path(setup.path).parent_path();
  context_.shared = objects_.get();
  context_.log = &log_;
}

Unit SqliteSinkRun::window(Micros from, Micros until) const {
  return {.index = static_cast<std::uint32_t>(from % 1'000'000),
          .kind = UnitKind::window,
          .interval = {from, until},
          .id = format_timestamp(from),
          .epoch = context_.epoch,
          .run = context_.run};
}

Unit SqliteSinkRun::load(const std::string& id) const {
  return {.kind = UnitKind::load, .id = id, .epoch = context_.epoch, .run = context_.run};
}

Marker SqliteSinkRun::marker(const Unit& unit, std::int64_t rows) const {
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

std::vector<Reject> SqliteSinkRun::prepare(const Unit& unit, const std::string& rows,
                                           std::int64_t replaces) {
  sink_->begin(unit);
  const auto batch = batch_of(fields_, rows);
  for (const auto& piece : cut(batch, 7)) sink_->write(unit, sink_->encode(piece));
  auto with = marker(unit, batch->rows());
  with.replaces = replaces;
  with.coverage.generation = replaces + 1;
  return apply(unit, with);
}

std::vector<Reject> SqliteSinkRun::apply(const Unit& unit, const Marker& with) {
  std::vector<Reject> refused;
  sink_->prepare(unit, with, [&](std::vector<Reject> some) {
    std::move(some.begin(), some.end(), std::back_inserter(refused));
  });
  return refused;
}

std::string SqliteSinkRun::write(const Unit& unit, const std::string& rows, std::int64_t replaces) {
  std::string text;
  for (const auto& reject : prepare(unit, rows, replaces)) {
    text += fmt::format("{}: {}\n", reject.column, reject.reason);
  }
  sink_->commit(unit);
  return text;
}

std::string query(const std::string& path, const std::string& sql) {
  sqlite::Connection connection(path, sqlite::OpenMode::existing);
  auto rows = connection.prepare(sql);
  std::string text;
  while (rows.step()) {
    for (int i = 0; i < rows.columns(); ++i) {
      if (i != 0) text += '|';
      text += rows.is_null(i) ? std::string("-") : rows.text(i);
    }
    text += '\n';
  }
  return text;
}

}  // namespace flowrun::testing
