// Which journal the commands look into that look back: a pipeline file's, or the one in the current
// folder.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/state/journal.h"
#include "tools/flowrun/arguments.h"
#include "tools/flowrun/session.h"

namespace flowrun::command {

struct ChosenJournal {
  std::unique_ptr<Journal> journal;  ///< null where there is none yet
  std::string pipeline;              ///< "" for all of them
  std::string place;                 ///< for messages
  std::string log_folder;            ///< where its pipelines' log files are; "" for none
};

struct JournalArguments {
  std::optional<std::string> file;  ///< a pipeline file, or a journal itself ("….db")
  std::vector<std::string> params;
  std::optional<std::string> state;  ///< the url of a journal
  void declare(std::vector<Argument>& arguments);
  /// Throws Error(plan) where the file cannot be planned (what is wrong with it is printed).
  [[nodiscard]] ChosenJournal open(Session& session) const;
};

/// The run with this id, or one that begins or ends so, or the "last" one. Throws Error(usage).
[[nodiscard]] RunRecord find_run(const ChosenJournal& chosen, const std::string& id);

}  // namespace flowrun::command
