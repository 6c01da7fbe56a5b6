#include "tools/flowrun/run_record.h"

#include <csignal>

#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::command;

namespace {

RunReport report_of(std::optional<Errc> code) {
  RunReport report;
  report.code = code;
  report.state = code ? RunState::failed : RunState::ok;
  report.message = code ? "went wrong" : "";
  return report;
}

}  // namespace

TEST_CASE("of several exit codes the highest-ranked counts") {
  const std::vector<int> by_rank{70, 143, 130, 1, 2, 3, 75, 4, 0};
  for (std::size_t i = 0; i < by_rank.size(); ++i) {
    for (std::size_t j = i; j < by_rank.size(); ++j) {
      CHECK(worst(by_rank[i], by_rank[j]) == by_rank[i]);
      CHECK(worst(by_rank[j], by_rank[i]) == by_rank[i]);
    }
  }
}

TEST_CASE("the exit code of a run is that of its worst instance") {
  CHECK(exit_code_of({report_of({})}, false, 0, false) == 0);
  CHECK(exit_code_of({report_of({}), report_of(Errc::data)}, false, 0, false) == 1);
  CHECK(exit_code_of({report_of(Errc::lease), report_of(Errc::io)}, false, 0, false) == 1);
  CHECK(exit_code_of({report_of(Errc::lease), report_of({})}, false, 0, false) == 75);
  CHECK(exit_code_of({report_of(Errc::internal), report_of(Errc::cancelled)}, false, SIGINT,
                     false) == 70);
  CHECK(exit_code_of({report_of(Errc::plan)}, false, 0, false) == 2);
}

TEST_CASE("a run that was stopped ends with the code of the signal") {
  CHECK(exit_code_of({report_of(Errc::cancelled), report_of({})}, false, SIGINT, false) == 130);
  CHECK(exit_code_of({report_of(Errc::cancelled)}, false, SIGTERM, false) == 143);
  CHECK(exit_code_of({report_of(Errc::cancelled), report_of(Errc::io)}, false, SIGTERM, false) ==
        143);
}

TEST_CASE("warnings count only where they are asked to, and only where nothing is worse") {
  auto warned = report_of({});
  warned.warnings = {"late rows"};
  CHECK(exit_code_of({warned}, false, 0, false) == 0);
  CHECK(exit_code_of({warned}, false, 0, true) == 4);
  CHECK(exit_code_of({report_of({})}, true, 0, true) == 4);
  CHECK(exit_code_of({warned, report_of(Errc::io)}, true, 0, true) == 1);
}

TEST_CASE("the record is one line of JSON with errors and rows") {
  auto stats = std::make_shared<RunStats>();
  auto& node = stats->nodes.emplace_back();
  node.name = "readings";
  node.type = "csv";
  node.kind = "source";
  node.in = node.passed = node.out = 5;
  node.busy_ns = 250'000'000;
  stats->rows_read = 5;
  auto failed = report_of(Errc::data);
  failed.run = "r1";
  failed.instance = "ship=a";
  failed.seconds = 0.5;
  failed.stats = stats;
  Diagnostic diagnostic;
  diagnostic.severity = Severity::warning;
  diagnostic.code = "unused-parameter";
  diagnostic.message = "never used";
  CHECK(
      run_record("p.toml", nullptr, {failed}, {diagnostic}, 1) ==
      R"({"schema":"flowrun.run/1","version":")" FLOWRUN_VERSION
      R"(","file":"p.toml","pipeline":"","plan_hash":"","exit_code":1,)"
      R"("diagnostics":[{"severity":"warning","code":"unused-parameter","message":"never used","hint":""}],)"
      R"("runs":[{"run":"r1","instance":"ship=a","state":"failed","up_to_date":false,)"
      R"("error":{"code":"data","message":"went wrong"},"seconds":0.5,"attempts":1,"threads":1,)"
      R"("units_committed":0,"units_covered":0,"rejects_stored":0,"warnings":[],"checks":[],"rows_read":5,"bytes_read":0,)"
      R"("nodes":[{"name":"readings","type":"csv","kind":"source","in":5,"passed":5,"absorbed":0,"filtered":0,)"
      R"("rejected":0,"skipped":0,"made":0,"out":5,"batches":0,"bytes":0,"peak_memory":0,)"
      R"("busy_s":0.25,"blocked_s":0,"idle_s":0.25}],"limited_by":{"side":"source","node":"readings"},)"
      R"("balanced":true}]})"
      "\n");
}
