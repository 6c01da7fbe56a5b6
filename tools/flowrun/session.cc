#include "tools/flowrun/session.h"

#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <iterator>
#include <utility>

#include "engine/core/time.h"
#include "engine/run/runner.h"
#include "engine/state/sqlite_journal.h"
#include "nodes/catalog.h"
#include "nodes/postgres/journal/postgres_journal.h"
#include "tools/flowrun/output.h"

namespace flowrun::command {
namespace {

ColorChoice color_choice(const std::string& word) {
  if (word == "always") return ColorChoice::always;
  return word == "never" ? ColorChoice::never : ColorChoice::automatic;
}

/// "NAME=VALUE" in two; throws Error(usage) naming the option where it is not.
std::pair<std::string, std::string> split_pair(const std::string& text, const char* option) {
  const auto at = text.find('=');
  if (at == std::string::npos || at == 0) {
    throw Error(Errc::usage, "{} wants NAME=VALUE, not \"{}\"", option, text);
  }
  return {text.substr(0, at), text.substr(at + 1)};
}

std::shared_ptr<const SourceText> text_of_stdin() {
  auto text = std::make_shared<SourceText>();
  text->path = "stdin";
  text->text.assign(std::istreambuf_iterator<char>(std::cin), {});
  return text;
}

}  // namespace

void CommonArguments::declare(std::vector<Argument>& arguments) {
  arguments.push_back({"-q,--quiet", "", "say nothing but errors", &quiet});
  arguments.push_back({"-v,--verbose", "", "say more", &verbose});
  arguments.push_back({"--color", "WHEN", "colour messages", &color, {"auto", "always", "never"}});
}

void PlanArguments::declare(std::vector<Argument>& arguments) {
  arguments.insert(
      arguments.begin(),
      Argument{"FILE", "", "the pipeline file; \"-\" reads it from stdin", &file, {}, true});
  arguments.push_back(
      {"-p,--param", "NAME=VALUE", "set a parameter of [params]; may be repeated", &params});
  arguments.push_back(
      {"--only", "AXIS=VALUE", "only this part of [matrix]; may be repeated", &only});
  arguments.push_back({"--window-from", "TIME",
                       "from this event time on, in place of [window] from", &window_from});
  arguments.push_back(
      {"--window-until", "TIME", "up to this event time, exclusive", &window_until});
  arguments.push_back(
      {"--max-memory", "SIZE", "memory of the whole process, such as \"512 MiB\"", &max_memory});
  arguments.push_back({"--offline", "", "ask nothing beyond this machine", &offline});
  arguments.push_back(
      {"--warn-error", "", "end with exit code 4 where there are warnings", &warn_error});
}

PlanOptions PlanArguments::options() const {
  PlanOptions options;
  for (const auto& param : params) {
    auto [name, value] = split_pair(param, "--param");
    options.params[name] = std::move(value);
  }
  for (const auto& each : only) {
    auto [axis, value] = split_pair(each, "--only");
    options.only[axis].push_back(std::move(value));
  }
  options.window_from = window_from;
  options.window_until = window_until;
  options.offline = offline;
  if (max_memory) {
    options.max_memory = parse_size(*max_memory);
    if (!options.max_memory || *options.max_memory <= 0) {
      throw Error(Errc::usage, "--max-memory wants a size such as \"512 MiB\", not \"{}\"",
                  *max_memory);
    }
  }
  return options;
}

Session::Session(const CommonArguments& common)
    : registry_(nodes::builtin_nodes()),
      quiet_(common.quiet),
      color_out_(use_color(color_choice(common.color), STDOUT_FILENO)),
      color_err_(use_color(color_choice(common.color), STDERR_FILENO)) {
  const auto least =
      quiet_ ? LogLevel::error : (common.verbose ? LogLevel::debug : LogLevel::warning);
  log_ = std::make_unique<Log>(least, [this](LogLevel level, std::string_view line) {
    const char* prefix =
        level == LogLevel::error ? "error: " : (level == LogLevel::warning ? "warning: " : "");
    print(fmt::format("flowrun: {}{}\n", prefix, line));
  });
}

PlanServices Session::plan_services(const Clock& clock, bool offline) const {
  PlanServices services;
  services.registry = &registry_;
  services.clock = &clock;
  services.load_frozen = [this, offline](const std::string& url, const std::string& pipeline) {
    if (offline && postgres::is_journal_url(url)) return std::map<std::string, std::string>();
    const auto found = look_at_journal(url);
    return found ? found->frozen(pipeline) : std::map<std::string, std::string>();
  };
  services.scan = [](const InstancePlan& upstream, EdgeFrom from, std::optional<std::int64_t> rows,
                     const std::function<void(const Batch&)>& visit) {
    scan(upstream, from, rows, visit);
  };
  return services;
}

std::optional<Plan> Session::plan_quietly(std::shared_ptr<const SourceText> text,
                                          const PlanOptions& options, const Clock& clock,
                                          Diagnostics& found) const {
  return make_plan(std::move(text), options, plan_services(clock, options.offline), found);
}

std::optional<Plan> Session::plan(const PlanArguments& arguments) {
  const auto options = arguments.options();
  const auto services = plan_services(clock_, options.offline);
  auto plan = arguments.file == "-" ? make_plan(text_of_stdin(), options, services, diagnostics_)
                                    : make_plan(arguments.file, options, services, diagnostics_);
  if (plan) {
    for (const auto& warning : plan->warnings) diagnostics_.add(warning);
  }
  diagnostics_.sort();
  for (const auto& each : diagnostics_.all()) {
    if (quiet_ && each.severity == Severity::warning) continue;
    write_err(render(each, color_err_) + "\n");
  }
  return plan;
}

std::unique_ptr<Journal> Session::open(const std::string& url, bool create,
                                       const StateSpec& state) const {
  const JournalOptions options{.clock = &clock_,
                               .retention = state.retention,
                               .heartbeat = state.heartbeat,
                               .ttl = state.ttl,
                               .log = log_.get()};
  const auto access = create ? JournalAccess::create : JournalAccess::existing;
  if (postgres::is_journal_url(url)) return postgres::open_journal(Secret(url), access, options);
  return open_sqlite_journal(url, access, options);
}

std::unique_ptr<Journal> Session::journal(const Plan& plan, bool create) const {
  auto journal = open(plan.state_url, create, plan.state);
  if (create) {
    // What sinks stage goes there, also where the journal is on a server; without it, to where the
    // system has its temporary files.
    std::error_code ignored;
    std::filesystem::create_directory(std::filesystem::path(plan.directory) / ".flowrun", ignored);
  }
  return journal;
}

std::unique_ptr<Journal> Session::look_at_journal(const std::string& url) const {
  return open(url, false, {});
}

void Session::print(const std::string& text) {
  const std::lock_guard lock(print_mutex_);
  if (printer_) {
    printer_(text);
  } else {
    write_err(text);
  }
}

void Session::redirect(std::function<void(const std::string&)> printer) {
  const std::lock_guard lock(print_mutex_);
  printer_ = std::move(printer);
}

void print_error(const std::string& message, bool color) {
  write_err(color ? fmt::format("\x1b[1mflowrun: \x1b[31merror:\x1b[0m {}\n", message)
                  : fmt::format("flowrun: error: {}\n", message));
}

int exit_code_of(Errc code) {
  switch (code) {
    case Errc::usage:
    case Errc::plan:
      return kExitUsage;
    case Errc::check:
      return kExitCheck;
    case Errc::data:
    case Errc::io:
    case Errc::limit:
      return kExitFailed;
    case Errc::lease:
      return 75;
    case Errc::cancelled:
      return 130;
    case Errc::internal:
      return kExitInternal;
  }
  return kExitInternal;
}

const char* name_of(Errc code) {
  switch (code) {
    case Errc::usage:
      return "usage";
    case Errc::plan:
      return "plan";
    case Errc::data:
      return "data";
    case Errc::io:
      return "io";
    case Errc::check:
      return "check";
    case Errc::limit:
      return "limit";
    case Errc::lease:
      return "lease";
    case Errc::cancelled:
      return "cancelled";
    case Errc::internal:
      return "internal";
  }
  return "internal";
}

void write_diagnostics(JsonWriter& json, const std::vector<Diagnostic>& diagnostics) {
  json.key("diagnostics").begin_array();
  for (const auto& each : diagnostics) {
    json.begin_object()
        .field("severity", each.severity == Severity::error ? "error" : "warning")
        .field("code", each.code)
        .field("message", each.message)
        .field("hint", each.hint);
    if (each.span.source) {
      json.field("file", each.span.source->path)
          .field("line", static_cast<std::int64_t>(each.span.line))
          .field("column", static_cast<std::int64_t>(each.span.column))
          .field("length", static_cast<std::int64_t>(each.span.length));
    }
    json.end_object();
  }
  json.end_array();
}

void begin_record(JsonWriter& json, const char* schema, const std::string& file) {
  json.begin_object().field("schema", schema).field("version", FLOWRUN_VERSION).field("file", file);
}

}  // namespace flowrun::command
