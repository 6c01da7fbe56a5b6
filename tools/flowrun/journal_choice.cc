#include "tools/flowrun/journal_choice.h"

#include <filesystem>

#include "engine/core/error.h"
#include "nodes/postgres/journal/postgres_journal.h"

namespace flowrun::command {
namespace {

constexpr const char* kDefaultJournal = ".flowrun/state.db";
constexpr std::string_view kSqlite = "sqlite:";

/// The journal in a file.
ChosenJournal in_file(const Session& session, const std::string& name, bool must_be) {
  const auto path = std::filesystem::absolute(name);
  if (must_be && !std::filesystem::exists(path))
    throw Error(Errc::usage, "there is no journal {}", name);
  ChosenJournal chosen;
  chosen.place = name;
  chosen.log_folder = path.parent_path() / "logs";
  chosen.journal = session.look_at_journal("sqlite:" + path.string());
  return chosen;
}

ChosenJournal at_url(const Session& session, const std::string& url) {
  if (!postgres::is_journal_url(url)) {
    const auto path = url.starts_with(kSqlite) ? url.substr(kSqlite.size()) : url;
    return in_file(session, path.starts_with("//") ? path.substr(2) : path, true);
  }
  ChosenJournal chosen;
  chosen.place = "the journal in " + postgres::shown_journal(Secret(url));
  chosen.journal = session.look_at_journal(url);
  return chosen;
}

}  // namespace

void JournalArguments::declare(std::vector<Argument>& arguments) {
  arguments.push_back(
      {"FILE", "", "a pipeline file, or a journal (*.db); default: .flowrun/state.db here", &file});
  arguments.push_back(
      {"-p,--param", "NAME=VALUE", "set a parameter of [params]; may be repeated", &params});
  arguments.push_back({"--state", "URL",
                       "a journal in place of FILE: postgresql://USER@HOST/DATABASE, sqlite:PATH",
                       &state});
}

ChosenJournal JournalArguments::open(Session& session) const {
  if (state && file) throw Error(Errc::usage, "--state takes the place of {}; give one", *file);
  if (state) return at_url(session, *state);
  if (!file || file->ends_with(".db")) {
    return in_file(session, file.value_or(kDefaultJournal), file.has_value());
  }
  PlanArguments arguments;
  arguments.file = *file;
  arguments.params = params;
  arguments.offline = true;
  const auto plan = session.plan(arguments);
  if (!plan)
    throw Error(Errc::plan, "the journal of {} is not known before the file is right", *file);
  ChosenJournal chosen;
  chosen.pipeline = plan->name;
  chosen.place = "the journal of " + *file;
  chosen.log_folder = plan->log_folder;
  chosen.journal = session.journal(*plan, false);
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
