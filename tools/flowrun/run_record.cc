#include "tools/flowrun/run_record.h"

#include <algorithm>
#include <array>

#include "engine/core/json.h"
#include "engine/observe/summary.h"
#include "tools/flowrun/check_report.h"
#include "tools/flowrun/session.h"

namespace flowrun::command {
namespace {

constexpr int kExitInterrupted = 130;
constexpr int kExitTerminated = 143;
constexpr int kSignalExitBase = 128;

double in_seconds(std::int64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e9; }

void write_node(JsonWriter& json, const NodeStats& node, double seconds) {
  const double busy = in_seconds(node.busy_ns + node.read_ns);
  const double blocked = in_seconds(node.blocked_ns);
  json.begin_object().field("name", node.name).field("type", node.type).field("kind", node.kind);
  const std::array<std::pair<const char*, std::int64_t>, 11> counts{
      {{"in", node.in},
       {"passed", node.passed},
       {"absorbed", node.absorbed},
       {"filtered", node.filtered},
       {"rejected", node.rejected},
       {"skipped", node.skipped},
       {"made", node.made},
       {"out", node.out},
       {"batches", node.batches},
       {"bytes", node.bytes},
       {"peak_memory", node.peak_memory}}};
  for (const auto& [name, count] : counts) json.field(name, count);
  json.field("busy_s", busy)
      .field("blocked_s", blocked)
      .field("idle_s", std::max(0.0, seconds - busy - blocked))
      .end_object();
}

void write_stats(JsonWriter& json, const RunReport& report) {
  const auto& stats = *report.stats;
  json.field("rows_read", stats.rows_read.load()).field("bytes_read", stats.read_bytes.load());
  json.key("nodes").begin_array();
  for (const auto& node : stats.nodes) write_node(json, node, report.seconds);
  json.end_array();
  const auto limited = find_bottleneck(stats, report.seconds, report.threads);
  json.key("limited_by")
      .begin_object()
      .field("side", to_string(limited.side))
      .field("node", limited.node)
      .end_object();
  json.field("balanced", imbalances(stats).empty());
}

void write_report(JsonWriter& json, const RunReport& report) {
  json.begin_object()
      .field("run", report.run)
      .field("instance", report.instance)
      .field("state", to_string(report.state))
      .field("up_to_date", report.up_to_date);
  json.key("error");
  if (report.code) {
    json.begin_object()
        .field("code", name_of(*report.code))
        .field("message", report.message)
        .end_object();
  } else {
    json.null();
  }
  json.field("seconds", report.seconds)
      .field("attempts", report.attempts)
      .field("threads", report.threads)
      .field("units_committed", report.units_committed)
      .field("units_covered", report.units_covered)
      .field("rejects_stored", report.rejects_stored)
      .field("warnings", report.warnings);
  write_checks(json, report.checks);
  if (report.stats) write_stats(json, report);
  json.end_object();
}

}  // namespace

int worst(int a, int b) {
  constexpr std::array<int, 9> kByRank{
      kExitInternal, kExitTerminated, kExitInterrupted, kExitFailed, kExitUsage, kExitCheck, 75,
      kExitWarnings, kExitOk};
  for (const int code : kByRank) {
    if (a == code || b == code) return code;
  }
  return std::max(a, b);
}

int exit_code_of(const std::vector<RunReport>& reports, bool has_warnings, int signal,
                 bool warn_error) {
  int code = kExitOk;
  for (const auto& report : reports) {
    const int own = exit_code(report);
    code = worst(code, own == kExitInterrupted && signal != 0 ? kSignalExitBase + signal : own);
    has_warnings = has_warnings || !report.warnings.empty();
  }
  return warn_error && has_warnings ? worst(code, kExitWarnings) : code;
}

std::string run_record(const std::string& file, const Plan* plan,
                       const std::vector<RunReport>& reports,
                       const std::vector<Diagnostic>& diagnostics, int exit_code) {
  JsonWriter json;
  begin_record(json, "flowrun.run/1", file);
  json.field("pipeline", plan == nullptr ? std::string() : plan->name)
      .field("plan_hash", plan == nullptr ? std::string() : plan->hash)
      .field("exit_code", exit_code);
  write_diagnostics(json, diagnostics);
  json.key("runs").begin_array();
  for (const auto& report : reports) write_report(json, report);
  json.end_array().end_object();
  return json.str() + "\n";
}

}  // namespace flowrun::command
