#include "engine/expr/function.h"

#include <array>
#include <map>
#include <set>

namespace flowrun::expr {
namespace {

using Index = std::map<std::string_view, std::vector<const Function*>>;

const Index& index() {
  static const Index all = [] {
    Index found;
    for (const auto& table : std::array{number_functions(), comparison_functions(),
                                        text_functions(), digest_functions(), time_functions()}) {
      for (const auto& function : table) found[function.name].push_back(&function);
    }
    return found;
  }();
  return all;
}

bool is_callable(std::string_view name) {
  return name.front() >= 'a' && name.front() <= 'z' && name.find(' ') == std::string_view::npos &&
         !name.starts_with("not_") && name != "like" && name != "ilike";
}

}  // namespace

std::vector<const Function*> functions_named(std::string_view name) {
  const auto found = index().find(name);
  return found == index().end() ? std::vector<const Function*>() : found->second;
}

bool is_operator(std::string_view name) {
  return name.find_first_not_of("+-*/%^<>=|&#~!") == std::string_view::npos;
}

std::vector<std::string> function_names() {
  std::set<std::string> names{"coalesce",  "nullif",  "greatest",  "least", "concat",
                              "concat_ws", "extract", "date_part", "now"};
  for (const auto& [name, functions] : index()) {
    if (is_callable(name)) names.emplace(name);
  }
  return {names.begin(), names.end()};
}

}  // namespace flowrun::expr
