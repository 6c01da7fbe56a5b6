// flowrun: the command.
#include <exception>
#include <string>
#include <vector>

#include <unistd.h>

#include "engine/core/error.h"
#include "tools/flowrun/command.h"
#include "tools/flowrun/output.h"
#include "tools/flowrun/signals.h"

namespace {

using namespace flowrun;

int dispatch(const std::vector<std::string>& words) {
  const auto asked = command::choose_command(words);
  if (asked.command == nullptr) {
    command::write_out(asked.version ? "flowrun " FLOWRUN_VERSION "\n" : command::general_help());
    return command::kExitOk;
  }
  const auto chosen = asked.command->make();
  const auto spec = chosen->spec();
  if (asked.help) {
    command::write_out(command::help_text(spec));
    return command::kExitOk;
  }
  command::parse_arguments(spec, asked.words);
  command::Session session(chosen->common);
  return chosen->run(session);
}

}  // namespace

int main(int argc, char** argv) {
  command::ignore_broken_pipes();
  const bool color = command::use_color(command::ColorChoice::automatic, STDERR_FILENO);
  try {
    return dispatch({argv + 1, argv + argc});
  } catch (const Error& error) {
    command::print_error(error.what(), color);
    if (error.code() == Errc::internal) {
      command::write_err(command::kBugRequest);
    }
    return command::exit_code_of(error.code());
  } catch (const std::exception& error) {
    command::print_error(std::string("bug: ") + error.what(), color);
    command::write_err(command::kBugRequest);
    return command::kExitInternal;
  }
}
