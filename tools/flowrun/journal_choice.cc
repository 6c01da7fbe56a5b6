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
  chosen.journal = session.journal(plan->state_url, false);
  return chosen;
}

}  // namespace flowrun::command
