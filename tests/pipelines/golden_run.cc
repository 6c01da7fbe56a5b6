#include "tests/pipelines/golden_run.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "engine/state/sqlite_journal.h"
#include "nodes/catalog.h"

namespace flowrun::testing {

std::string GoldenSetting::shown() const {
  return fmt::format("{} threads, batches of {} rows{}", threads, batch_rows,
                     jitter ? ", jitter" : "");
}

std::vector<GoldenSetting> all_settings() {
  std::vector<GoldenSetting> settings;
  for (const int threads : {1, 4}) {
    for (const std::int64_t rows : {1, 3, 4096}) {
      for (const bool jitter : {false, true}) {
        // Small batches come from small pieces of the file, so that rows are cut by every piece's
        // edge, too.
        settings.push_back(
            {.threads = threads, .batch_rows = rows, .batch_bytes = rows * 64, .jitter = jitter});
      }
    }
  }
  return settings;
}

GoldenFolder::GoldenFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "flowrun_golden_XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = name;
}

GoldenFolder::~GoldenFolder() { std::filesystem::remove_all(path_); }

void GoldenFolder::write(const std::string& name, const std::string& text) const {
  std::filesystem::create_directories((path_ / name).parent_path());
  std::ofstream(path_ / name, std::ios::binary) << text;
}

std::string GoldenFolder::read(const std::string& name) const {
  std::ifstream file(path_ / name, std::ios::binary);
  if (!file) throw std::runtime_error("no file " + name);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void GoldenFolder::clear_but(const std::vector<std::string>& keep) const {
  for (const auto& entry : std::filesystem::directory_iterator(path_)) {
    const auto name = entry.path().filename().string();
    if (std::find(keep.begin(), keep.end(), name) == keep.end())
      std::filesystem::remove_all(entry.path());
  }
}

RunReport GoldenFolder::run(const GoldenSetting& setting) const {
  const Registry registry(nodes::builtin_nodes());
  const SystemClock clock;
  const PlanServices services{
      .registry = &registry,
      .clock = &clock,
      .scan = [](const InstancePlan& plan, EdgeFrom from, std::optional<std::int64_t> rows,
                 const std::function<void(const Batch&)>& visit) {
        scan(plan, from, rows, visit);
      }};
  Diagnostics diagnostics;
  const auto plan = make_plan((path_ / "pipeline.toml").string(), {}, services, diagnostics);
  if (!plan) {
    std::string problems;
    for (const auto& diagnostic : diagnostics.all()) problems += render(diagnostic) + "\n";
    throw std::runtime_error(problems);
  }
  RunOptions options{.threads = setting.threads,
                     .batch_rows = setting.batch_rows,
                     .batch_bytes = setting.batch_bytes};
  if (setting.jitter) {
    options.hooks.before_body = [](const std::string&) {
      thread_local std::minstd_rand random(std::random_device{}());
      if (random() % 4 == 0) std::this_thread::sleep_for(std::chrono::microseconds(random() % 300));
    };
  }
  Log log;
  const auto journal = open_sqlite_journal(plan->state_url, JournalAccess::create);
  return run_plan(*plan, options, {.journal = journal.get(), .clock = &clock, .log = &log}).front();
}

std::vector<std::string> sorted_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  std::sort(lines.begin(), lines.end());
  return lines;
}

}  // namespace flowrun::testing
