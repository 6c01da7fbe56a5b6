#include "nodes/formats/route_table.h"

#define CSV_IO_NO_THREAD  // the texts are in memory: nothing to read ahead
#include <fmt/format.h>
#include <libfccp/csv.h>
#include <simdjson.h>

#include <algorithm>
#include <unordered_map>

namespace flowrun::nodes {
namespace {

template <unsigned columns>
using Lines = io::CSVReader<columns, io::trim_chars<' ', '\t'>, io::double_quote_escape<',', '"'>,
                            io::throw_on_overflow, io::empty_line_comment>;

/// What the parser cannot take: it works on C strings.
bool readable(const std::string& text, std::string& problem) {
  if (text.find('\0') != std::string::npos) {
    problem = "it holds NUL bytes; is it a text file";
  } else if (!simdjson::validate_utf8(text.data(), text.size())) {
    problem = "it is not valid UTF-8";
  }
  return problem.empty();
}

/// The sentence for an exception that is on its way.
std::string shape_problem(unsigned line, std::size_t columns) {
  const auto expected =
      fmt::format("line {}: expected {} field{}", line, columns, columns == 1 ? "" : "s");
  try {
    throw;
  } catch (const io::error::too_few_columns&) {
    return expected + ", found fewer";
  } catch (const io::error::too_many_columns&) {
    return expected + ", found more; quote a value that holds a comma";
  } catch (const io::error::escaped_string_not_closed&) {
    return fmt::format("line {}: a quote is not closed", line);
  } catch (const io::error::base& error) {
    return fmt::format("line {}: {}", line, error.what());
  }
}

/// Notes where a value stands; a second time is a problem.
bool note(std::unordered_map<std::string, std::size_t>& lines, const std::string& value,
          std::size_t line, std::string& problem) {
  if (value.empty()) {
    problem = fmt::format("line {}: the value is empty", line);
    return false;
  }
  const auto [first, fresh] = lines.emplace(value, line);
  if (!fresh) {
    problem =
        fmt::format("line {}: \"{}\" stands twice, first in line {}", line, value, first->second);
  }
  return fresh;
}

}  // namespace

std::optional<std::vector<Route>> parse_routes(const std::string& text, std::string& problem) {
  problem.clear();
  if (!readable(text, problem)) return std::nullopt;
  Lines<2> lines("routes", text.data(), text.data() + text.size());
  std::vector<Route> routes;
  std::unordered_map<std::string, std::size_t> seen;
  try {
    Route route;
    if (!lines.read_row(route.value, route.output)) {
      problem = "it is empty; it needs a header line and one line for each value";
      return std::nullopt;
    }
    while (lines.read_row(route.value, route.output)) {
      route.line = lines.get_file_line();
      if (!note(seen, route.value, route.line, problem)) return std::nullopt;
      if (route.output.empty()) {
        problem = fmt::format("line {}: \"{}\" has no output", route.line, route.value);
        return std::nullopt;
      }
      routes.push_back(route);
    }
  } catch (const io::error::base&) {
    problem = shape_problem(lines.get_file_line(), 2);
    return std::nullopt;
  }
  if (routes.empty()) {
    problem = "it has a header line and no routes";
    return std::nullopt;
  }
  return routes;
}

std::optional<std::vector<std::string>> parse_list(const std::string& text, std::string& problem) {
  problem.clear();
  if (!readable(text, problem)) return std::nullopt;
  Lines<1> lines("list", text.data(), text.data() + text.size());
  std::vector<std::string> values;
  std::unordered_map<std::string, std::size_t> seen;
  try {
    std::string value;
    while (lines.read_row(value)) {
      if (!note(seen, value, lines.get_file_line(), problem)) return std::nullopt;
      values.push_back(value);
    }
  } catch (const io::error::base&) {
    problem = shape_problem(lines.get_file_line(), 1);
    return std::nullopt;
  }
  if (values.empty()) {
    problem = "it has no values";
    return std::nullopt;
  }
  return values;
}

std::vector<std::string> values_of(const std::vector<Route>& routes, const std::string& output) {
  std::vector<std::string> values;
  for (const auto& route : routes) {
    if (route.output == output) values.push_back(route.value);
  }
  return values;
}

std::vector<std::string> outputs_of(const std::vector<Route>& routes) {
  std::vector<std::string> outputs;
  for (const auto& route : routes) {
    if (std::find(outputs.begin(), outputs.end(), route.output) == outputs.end()) {
      outputs.push_back(route.output);
    }
  }
  return outputs;
}

}  // namespace flowrun::nodes
