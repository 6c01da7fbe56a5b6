// flowrun test: runs the [[test]] tables of a pipeline file.
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "engine/core/error.h"
#include "engine/observe/summary.h"
#include "engine/plan/pipeline_file.h"
#include "engine/plan/side_files.h"
#include "engine/run/rehearsal.h"
#include "tools/flowrun/command.h"
#include "tools/flowrun/output.h"
#include "tools/flowrun/test_match.h"
#include "tools/flowrun/test_report.h"

namespace flowrun::command {
namespace {

/// A folder for the files of one run of the command.
class Scratch {
 public:
  Scratch() {
    auto pattern = (std::filesystem::temp_directory_path() / "flowrun-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) {
      throw Error(Errc::io, "cannot make a folder for the tests' files: {}", pattern);
    }
    path_ = pattern;
  }
  ~Scratch() {
    std::error_code ignored;  // nothing of worth is left there
    std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Runs one test.
class TestRun {
 public:
  TestRun(Session& session, std::shared_ptr<const SourceText> text, const PlanOptions& options,
          const TestSpec& test, const std::string& folder)
      : session_(session),
        text_(std::move(text)),
        options_(options),
        test_(test),
        folder_(folder),
        clock_(test.now.value_or(session.clock().now())) {}

  /// What is wrong; nothing where the test passes.
  std::vector<std::string> run() {
    write_raw();
    Diagnostics found;
    auto options = options_;
    for (const auto& [name, value] : test_.params) options.params[name] = value;
    for (const auto& [axis, values] : test_.matrix) options.only[axis] = values;
    const auto plan = session_.plan_quietly(text_, options, clock_, found);
    if (!plan) return shown(found);
    const auto& instance = plan->instances.front();
    give_rows(instance, found);
    expect_rows(instance, found);
    if (found.has_errors()) return shown(found);
    Log quiet;
    const auto result = rehearse(*plan, instance, rehearsal_, {},
                                 {.journal = nullptr, .clock = &clock_, .log = &quiet});
    judge_end(result.report);
    if (lines_.empty() && test_.error.empty()) judge_rows(result);
    return std::move(lines_);
  }

 private:
  std::vector<std::string> shown(const Diagnostics& diagnostics) const {
    std::vector<std::string> lines;
    for (const auto& each : diagnostics.all()) {
      if (each.severity != Severity::error) continue;
      lines.push_back(fmt::format("{}: {}{}", each.span.location(), each.message,
                                  each.hint.empty() ? "" : "; " + each.hint));
    }
    return lines;
  }

  /// What a source reads itself becomes a file before the pipeline is planned.
  void write_raw() {
    for (const auto& [source, rows] : test_.sources) {
      if (rows.form != TestRows::Form::raw) continue;
      const auto path = fmt::format("{}/{}.raw", folder_, source);
      std::ofstream(path, std::ios::binary) << rows.text;
      options_.source_paths[source] = path;
      rehearsal_.reads_itself.push_back(source);
    }
  }

  TestRowReader reader(Diagnostics& found) {
    return {[this](const std::string& text, Diagnostics& problems) {
              auto source = std::make_shared<SourceText>(SourceText{"rows.toml", text});
              return session_.plan_quietly(std::move(source), {}, clock_, problems);
            },
            folder_, found};
  }

  void give_rows(const InstancePlan& instance, Diagnostics& found) {
    auto rows_of = reader(found);
    for (const auto& [name, rows] : test_.sources) {
      if (rows.form == TestRows::Form::raw) continue;
      const auto edges = find_port(instance, name);
      if (edges.empty()) continue;
      const auto& schema = instance.nodes[edges.front().node].output_schema(edges.front().port);
      rehearsal_.rows[name] = rows_of.given(rows, schema);
    }
  }

  void expect_rows(const InstancePlan& instance, Diagnostics& found) {
    auto rows_of = reader(found);
    for (const auto& expected : test_.expect) {
      const auto edges = find_port(instance, expected.port);
      if (edges.empty()) {
        std::vector<std::string> known;
        for (const auto& node : instance.nodes) {
          for (std::size_t port = 0; port <= node.binding.outputs.size(); ++port) {
            known.push_back(node.port_name(port));
          }
        }
        found.error("unknown-port", expected.span,
                    fmt::format("there is no port \"{}\"", expected.port),
                    suggest(expected.port, known));
        continue;
      }
      rehearsal_.watch.push_back(expected.port);
      const auto& schema = instance.nodes[edges.front().node].output_schema(edges.front().port);
      expected_.push_back(expected.rows ? rows_of.expected(*expected.rows, schema)
                                        : ExpectedRows{});
    }
  }

  void judge_end(const RunReport& report) {
    if (!test_.error.empty()) {
      if (!report.code) {
        lines_.push_back(fmt::format("the run was expected to fail: \"{}\"", test_.error));
      } else if (report.message.find(test_.error) == std::string::npos) {
        lines_.push_back(fmt::format("the run failed otherwise than expected: {}", report.message));
      }
      return;
    }
    if (report.code) {
      lines_.push_back("the run failed: " + report.message);
      return;
    }
    for (const auto& line : imbalances(*report.stats)) lines_.push_back("rows are lost: " + line);
  }

  void judge_rows(const Rehearsed& result) {
    for (std::size_t i = 0; i < test_.expect.size(); ++i) {
      const auto& expected = test_.expect[i];
      const auto& watched = result.rows.at(expected.port);
      const auto actual = actual_rows(watched, expected_[i].columns);
      if (expected.count && static_cast<std::int64_t>(actual.size()) != *expected.count) {
        lines_.push_back(
            fmt::format("{}: {} rows, expected {}", expected.port, actual.size(), *expected.count));
      }
      if (!expected.rows) continue;
      for (const auto& line :
           differences(expected_[i], actual, *watched.schema, expected.ordered)) {
        lines_.push_back(expected.port + ": " + line);
      }
    }
  }

  Session& session_;
  std::shared_ptr<const SourceText> text_;
  PlanOptions options_;
  const TestSpec& test_;
  const std::string& folder_;
  FixedClock clock_;
  Rehearsal rehearsal_;
  std::vector<ExpectedRows> expected_;
  std::vector<std::string> lines_;
};

class TestCommand final : public Command {
 public:
  CommandSpec spec() override;
  int run(Session& session) override;

 private:
  [[nodiscard]] std::shared_ptr<const SourceText> read_file() const;
  /// Plans the file once for what is wrong with all of it, and for its tests.
  [[nodiscard]] std::optional<Plan> plan_file(Session& session,
                                              const std::shared_ptr<const SourceText>& text) const;
  [[nodiscard]] std::vector<TestOutcome> run_all(Session& session, const Plan& plan,
                                                 std::shared_ptr<const SourceText> text) const;

  PlanArguments plan_;
  std::optional<std::string> match_;
  std::optional<std::string> junit_;
  bool json_ = false;
};

CommandSpec TestCommand::spec() {
  CommandSpec spec{
      "test",
      "run the [[test]] tables of a pipeline file on the real graph, writing nothing",
      {"flowrun test pipeline.toml",
       "flowrun test pipeline.toml --match gap           those with \"gap\" in their name",
       "flowrun test pipeline.toml --junit results.xml   for a CI server"},
      {}};
  plan_.declare(spec.arguments);
  spec.arguments.push_back({"-m,--match", "TEXT", "only tests whose name contains this", &match_});
  spec.arguments.push_back({"--junit", "PATH", "write the results as JUnit XML", &junit_});
  spec.arguments.push_back({"--json", "", "print one JSON record on stdout", &json_});
  common.declare(spec.arguments);
  return spec;
}

std::shared_ptr<const SourceText> TestCommand::read_file() const {
  if (plan_.file == "-") throw Error(Errc::usage, "flowrun test wants a file, not stdin");
  std::string reason;
  auto text = read_text_file(plan_.file, reason);
  if (!text) {
    throw Error(Errc::usage, "cannot read the pipeline file \"{}\": {}", plan_.file, reason);
  }
  return std::make_shared<SourceText>(SourceText{plan_.file, std::move(*text)});
}

std::optional<Plan> TestCommand::plan_file(Session& session,
                                           const std::shared_ptr<const SourceText>& text) const {
  // Parameters without a default have the values that the tests give them.
  auto arguments = plan_;
  Diagnostics ignored;  // planning reports the same
  if (const auto file = read_pipeline(text, ignored)) {
    for (const auto& test : read_tests(*file, ignored)) {
      for (const auto& [name, value] : test.params) {
        arguments.params.insert(arguments.params.begin(), name + "=" + value);
      }
    }
  }
  return session.plan(arguments);
}

std::vector<TestOutcome> TestCommand::run_all(Session& session, const Plan& plan,
                                              std::shared_ptr<const SourceText> text) const {
  const Scratch scratch;
  std::vector<TestOutcome> outcomes;
  for (const auto& test : plan.tests) {
    if (match_ && test.name.find(*match_) == std::string::npos) continue;
    const auto started = std::chrono::steady_clock::now();
    TestOutcome outcome{.name = test.name, .place = test.span.location()};
    try {
      outcome.lines = TestRun(session, text, plan_.options(), test, scratch.path()).run();
    } catch (const Error& error) {
      outcome.lines = {error.what()};
    }
    outcome.passed = outcome.lines.empty();
    outcome.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

int TestCommand::run(Session& session) {
  const auto text = read_file();
  const auto plan = plan_file(session, text);
  if (!plan) return kExitUsage;
  const auto outcomes = run_all(session, *plan, text);
  if (outcomes.empty()) {
    throw Error(Errc::usage, "{} has no [[test]]{}", plan_.file,
                match_ ? " whose name contains \"" + *match_ + "\"" : "");
  }
  if (junit_) {
    const auto xml = tests_as_junit(plan->name, outcomes);
    if (*junit_ == "-") {
      write_out(xml);
    } else {
      std::ofstream file(*junit_, std::ios::binary);
      file << xml;
      file.close();
      if (!file) throw Error(Errc::io, "cannot write {}", *junit_);
    }
  }
  if (json_) {
    write_out(tests_as_json(plan_.file, outcomes));
  } else if (!junit_ || *junit_ != "-") {
    write_out(tests_as_text(outcomes, session.color_out()));
  }
  const bool passed = std::all_of(outcomes.begin(), outcomes.end(),
                                  [](const TestOutcome& outcome) { return outcome.passed; });
  return passed ? kExitOk : kExitFailed;
}

}  // namespace

std::unique_ptr<Command> make_test_command() { return std::make_unique<TestCommand>(); }

}  // namespace flowrun::command
