// flowrun doctor: is everything there that a pipeline needs?
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "engine/core/cpu.h"
#include "engine/core/error.h"
#include "engine/core/text_table.h"
#include "engine/run/checkup.h"
#include "tools/flowrun/command.h"
#include "tools/flowrun/output.h"

namespace flowrun::command {
namespace {

using Level = Finding::Level;

class DoctorCommand final : public Command {
 public:
  CommandSpec spec() override;
  int run(Session& session) override;

 private:
  PlanArguments plan_;
  bool json_ = false;
};

CommandSpec DoctorCommand::spec() {
  CommandSpec spec{"doctor",
                   "is everything there that a pipeline needs? touches nothing",
                   {"flowrun doctor pipeline.toml                the machine, the journal, every "
                    "source and sink",
                    "flowrun doctor pipeline.toml --json | jq '.findings[] | select(.level == "
                    "\"failed\")'"},
                   {}};
  plan_.declare(spec.arguments);
  spec.arguments.push_back({"--json", "", "print one JSON record", &json_});
  common.declare(spec.arguments);
  return spec;
}

std::int64_t memory_of_machine() {
  return static_cast<std::int64_t>(::sysconf(_SC_PHYS_PAGES)) * ::sysconf(_SC_PAGE_SIZE);
}

Finding machine(const Plan& plan) {
  const auto memory = memory_of_machine();
  const auto text = fmt::format("{} cores, {}, {} of memory; the pipeline may use {}",
                                std::thread::hardware_concurrency(), to_string(chosen_simd()),
                                format_size(memory), format_size(plan.max_memory));
  return {.level = plan.max_memory > memory ? Level::failed : Level::ok,
          .what = "machine",
          .text = text};
}

/// The nearest folder of a path that is there.
std::filesystem::path existing_folder(std::filesystem::path path) {
  std::error_code missing;
  while (!std::filesystem::exists(path, missing) && path.has_relative_path()) {
    path = path.parent_path();
  }
  return path.empty() ? "." : path;
}

Finding disk(const Plan& plan) {
  const auto folder = existing_folder(plan.directory + "/.flowrun");
  struct statvfs room {};
  if (::statvfs(folder.c_str(), &room) != 0 || ::access(folder.c_str(), W_OK) != 0) {
    return {.level = Level::failed,
            .what = "disk",
            .text = folder.string() + " cannot be written: state, spool and logs go there"};
  }
  const auto free = static_cast<std::int64_t>(room.f_bavail * room.f_frsize);
  // What does not fit into memory is spooled.
  return {.level = free < plan.max_memory ? Level::note : Level::ok,
          .what = "disk",
          .text = fmt::format("{} free at {}", format_size(free), folder.string())};
}

Finding journal_of(const Plan& plan, Journal* journal) {
  if (journal == nullptr) return {.what = "journal", .text = "none yet: the first run makes it"};
  const auto runs = journal->runs({.pipeline = plan.name, .instance = {}, .limit = 1});
  std::string text = "no runs yet";
  if (!runs.empty()) {
    text = fmt::format("the latest run, {}, is {}", runs.front().id, to_string(runs.front().state));
  }
  return {.what = "journal", .text = std::move(text)};
}

const char* word_of(Level level) {
  return level == Level::ok ? "ok" : level == Level::note ? "note" : "failed";
}

/// The same finding of many instances is one.
void add_new(std::vector<Finding>& findings, Finding finding) {
  const bool is_known = std::any_of(findings.begin(), findings.end(), [&](const Finding& other) {
    return other.what == finding.what && other.text == finding.text;
  });
  if (!is_known) findings.push_back(std::move(finding));
}

std::vector<Finding> examine(Session& session, const Plan& plan) {
  std::vector<Finding> findings{machine(plan), disk(plan)};
  std::unique_ptr<Journal> journal;
  try {
    journal = session.journal(plan, false);
    findings.push_back(journal_of(plan, journal.get()));
  } catch (const Error& error) {
    findings.push_back({.level = Level::failed, .what = "journal", .text = error.what()});
    return findings;  // what sinks hold is partly kept there
  }
  const RunServices services{
      .journal = journal.get(), .clock = &session.clock(), .log = &session.log()};
  for (const auto& instance : plan.instances) {
    for (auto& finding : check_instance(plan, instance, services)) {
      add_new(findings, std::move(finding));
    }
  }
  return findings;
}

std::string shown(const std::vector<Finding>& findings, bool color) {
  TextTable table;
  table.column("").column("what").column("found");
  for (const auto& each : findings) table.row({word_of(each.level), each.what, each.text});
  return table.render(color);
}

int DoctorCommand::run(Session& session) {
  const auto plan = session.plan(plan_);
  JsonWriter json;
  begin_record(json, "flowrun.doctor/1", plan_.file);
  std::vector<Finding> findings;
  if (plan) findings = examine(session, *plan);
  json.key("findings").begin_array();
  for (const auto& each : findings) {
    json.begin_object()
        .field("level", word_of(each.level))
        .field("what", each.what)
        .field("text", each.text)
        .end_object();
  }
  json.end_array();
  write_diagnostics(json, session.diagnostics().all());
  json.end_object();
  if (json_) {
    write_out(json.str() + "\n");
  } else if (plan) {
    write_out(shown(findings, session.color_out()));
  }
  if (!plan) return kExitUsage;
  const bool failed = std::any_of(findings.begin(), findings.end(),
                                  [](const Finding& each) { return each.level == Level::failed; });
  return failed ? kExitFailed : kExitOk;
}

}  // namespace

std::unique_ptr<Command> make_doctor_command() { return std::make_unique<DoctorCommand>(); }

}  // namespace flowrun::command
