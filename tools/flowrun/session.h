// What every command needs: the node types, the clock, where messages go, and the plan of a
// pipeline file.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/clock.h"
#include "engine/core/error.h"
#include "engine/core/json.h"
#include "engine/core/log.h"
#include "engine/plan/plan.h"
#include "engine/state/journal.h"
#include "tools/flowrun/arguments.h"

namespace flowrun::command {

/// Exit codes of the command (see README.md).
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitCheck = 3;
inline constexpr int kExitWarnings = 4;
inline constexpr int kExitInternal = 70;

/// What a person should do about an error that is our fault.
inline constexpr const char* kBugRequest =
    "flowrun: this is a bug of flowrun; please report it with the pipeline file\n";

/// Options that every command has.
struct CommonArguments {
  std::string color = "auto";
  bool quiet = false;
  bool verbose = false;
  void declare(std::vector<Argument>& arguments);
};

/// Options of the commands that plan a pipeline.
struct PlanArguments {
  std::string file;
  std::vector<std::string> params;
  std::vector<std::string> only;
  std::optional<std::string> window_from;
  std::optional<std::string> window_until;
  std::optional<std::string> max_memory;
  bool offline = false;
  bool warn_error = false;
  void declare(std::vector<Argument>& arguments);
  /// Throws Error(usage) where a value cannot be read.
  [[nodiscard]] PlanOptions options() const;
};

/// One invocation of the command. Main thread only, unless said otherwise.
class Session {
 public:
  explicit Session(const CommonArguments& common);

  [[nodiscard]] const Registry& registry() const { return registry_; }
  [[nodiscard]] const Clock& clock() const { return clock_; }
  [[nodiscard]] Log& log() { return *log_; }
  [[nodiscard]] bool quiet() const { return quiet_; }
  [[nodiscard]] bool color_out() const { return color_out_; }
  [[nodiscard]] bool color_err() const { return color_err_; }

  /// Reads and plans the file; what is wrong with it is printed and kept in diagnostics(). Nothing
  /// where it cannot be run.
  [[nodiscard]] std::optional<Plan> plan(const PlanArguments& arguments);
  /// Plans without printing anything; `clock` says what now is.
  [[nodiscard]] std::optional<Plan> plan_quietly(std::shared_ptr<const SourceText> text,
                                                 const PlanOptions& options, const Clock& clock,
                                                 Diagnostics& found) const;
  /// What planning found, warnings included.
  [[nodiscard]] const Diagnostics& diagnostics() const { return diagnostics_; }

  /// A plan's journal. Without `create`, null where there is none yet.
  [[nodiscard]] std::unique_ptr<Journal> journal(const Plan& plan, bool create) const;
  /// The journal at a url, for a look; null where there is none yet.
  [[nodiscard]] std::unique_ptr<Journal> look_at_journal(const std::string& url) const;

  /// Prints text (ended by '\n') on stderr, through whoever draws there at the moment. Any thread.
  void print(const std::string& text);
  /// Sends what print() gets to `printer` from now on, or (empty) to stderr again.
  void redirect(std::function<void(const std::string&)> printer);

 private:
  [[nodiscard]] PlanServices plan_services(const Clock& clock, bool offline) const;
  [[nodiscard]] std::unique_ptr<Journal> open(const std::string& url, bool create,
                                              const StateSpec& state) const;

  Registry registry_;
  SystemClock clock_;
  Diagnostics diagnostics_;
  bool quiet_;
  bool color_out_;
  bool color_err_;
  std::mutex print_mutex_;
  std::function<void(const std::string&)> printer_;
  std::unique_ptr<Log> log_;
};

/// "flowrun: error: …" on stderr.
void print_error(const std::string& message, bool color);

/// The exit code that an error stands for.
[[nodiscard]] int exit_code_of(Errc code);

/// Its name in JSON records: "usage", "plan", …
[[nodiscard]] const char* name_of(Errc code);

/// Writes the diagnostics as a JSON array under the key "diagnostics".
void write_diagnostics(JsonWriter& json, const std::vector<Diagnostic>& diagnostics);

/// The head that every record has: schema, version, file.
void begin_record(JsonWriter& json, const char* schema, const std::string& file);

}  // namespace flowrun::command
