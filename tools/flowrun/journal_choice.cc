#include "tools/flowrun/journal_choice.h"

#include <filesystem>

#include "engine/core/error.h"

namespace flowrun::command {
namespace {

constexpr const char* kDefaultJournal = ".flowrun/state.db";

}  // namespace

void JournalArguments::declare(std::vector<Argument>& arguments) {
  arguments.push_back(
      {"FILE", "", "a pipeline file, or a journal (*.db); default: .flowrun/state.db here", &file});
  arguments.push_back(
      {"-p,--param", "NAME=VALUE", "set a parameter of [params]; may be repeated", &params});
}

ChosenJournal JournalArguments::open(Session& session) const {
  ChosenJournal chosen;
  if (!file || file->ends_with(".db")) {
    const auto path = std::filesystem::absolute(file.value_or(kDefaultJournal));
    if (file && !std::filesystem::exists(path))
      throw Error(Errc::usage, "there is no journal {}", *file);
    chosen.place = file.value_or(kDefaultJournal);
    chosen.log_folder = path.parent_path() / "logs";
    chosen.journal = session.journal("sqlite:" + path.string(), false);
    return chosen;
  }
  PlanArguments arguments;
  arguments.file = *file;
  arguments.params = params;
  arguments.offline = true;
  const auto plan = session.plan(arguments);
  if (!plan)
    throw Error(Errc::plan, "the journal of {} is not known before the file is right", *file);
  chosen.pipeline = plan->name;
  chosen.place = "the journal of " + *file;
  chosen.log_folder = plan->log_folder;
  chosen.journal = session.journal(plan->state_url, false);
  return chosen;
}

RunRecord find_run(const ChosenJournal& chosen, const std::string& id) {
  if (!chosen.journal) throw Error(Errc::usage, "no runs are recorded in {}", chosen.place);
  if (id == "last") {
    auto runs = chosen.journal->runs({.pipeline = chosen.pipeline, .instance = {}, .limit = 1});
    if (!runs.empty()) return runs.front();
    throw Error(Errc::usage, "no runs are recorded");
  }
  if (auto run = chosen.journal->find_run(id)) return *run;
  throw Error(
      Errc::usage,
      "no one run has the id, or one that begins or ends in, \"{}\"; flowrun runs lists them", id);
}

}  // namespace flowrun::command
