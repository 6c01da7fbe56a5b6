#include "tools/flowrun/command.h"

#include <set>

#include "engine/core/error.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::command;

namespace {

std::string chosen(const std::vector<std::string>& words) {
  const auto asked = choose_command(words);
  std::string out = asked.command == nullptr ? "" : asked.command->name;
  if (asked.help) out += " help";
  if (asked.version) out += " version";
  for (const auto& word : asked.words) out += "|" + word;
  return out;
}

std::string failure(const std::vector<std::string>& words) {
  try {
    return chosen(words);
  } catch (const Error& error) {
    CHECK(error.code() == Errc::usage);
    return error.what();
  }
}

}  // namespace

TEST_CASE("the first word names the command, or is a file to run") {
  CHECK(chosen({"validate", "a.toml"}) == "validate|a.toml");
  CHECK(chosen({"a.toml", "--json"}) == "run|a.toml|--json");
  CHECK(chosen({"some/where"}) == "run|some/where");
  CHECK(chosen({"-"}) == "run|-");
  CHECK(chosen({"run", "validate"}) == "run|validate");
}

TEST_CASE("options may stand before the first word, with their values") {
  CHECK(chosen({"--json", "a.toml"}) == "run|--json|a.toml");
  CHECK(chosen({"--threads", "2", "a.toml"}) == "run|--threads|2|a.toml");
  CHECK(chosen({"--threads=2", "graph", "a.toml"}) == "graph|--threads=2|a.toml");
  CHECK(chosen({"-p", "graph=1", "validate", "a.toml"}) == "validate|-p|graph=1|a.toml");
  CHECK(chosen({"--", "a.toml"}) == "run|--|a.toml");
}

TEST_CASE("help and version need no command") {
  CHECK(chosen({}) == " help");
  CHECK(chosen({"--help"}) == " help|--help");
  CHECK(chosen({"help"}) == " help");
  CHECK(chosen({"--version"}) == " version|--version");
  CHECK(chosen({"help", "graph"}).starts_with("graph help"));
  CHECK(chosen({"graph", "-h"}).starts_with("graph help"));
}

TEST_CASE("a word that is neither gets a suggestion") {
  CHECK(failure({"validat"}) ==
        "there is no command \"validat\", nor a pipeline file of that name; did you mean "
        "\"validate\"?");
  CHECK(failure({"qqqqqq"}) ==
        "there is no command \"qqqqqq\", nor a pipeline file of that name; flowrun --help lists "
        "the commands");
  CHECK(failure({"help", "grap"}).find("did you mean \"graph\"?") != std::string::npos);
  CHECK(failure({"--quiet"}) == "no pipeline file is named; flowrun --help shows examples");
}

TEST_CASE("every command explains itself, with examples and without repeating an option") {
  for (const auto& entry : all_commands()) {
    const auto command = entry.make();
    const auto spec = command->spec();
    INFO(entry.name);
    CHECK(spec.name == entry.name);
    CHECK_FALSE(spec.examples.empty());
    std::set<std::string> names;
    for (const auto& argument : spec.arguments) {
      CHECK_FALSE(argument.help.empty());
      const bool names_its_value = !argument.value.empty();
      CHECK(names_its_value == (argument.takes_value() && !argument.positional()));
      for (const auto& name : argument.names()) CHECK(names.insert(name).second);
    }
  }
}
