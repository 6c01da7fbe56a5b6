#include "engine/run/instance_log.h"

#include "engine/core/error.h"
#include "engine/observe/numbers.h"

namespace flowrun {
namespace {

void hand_on(Log* log, LogLevel level, std::string_view line) {
  switch (level) {
    case LogLevel::debug:
      return log->debug("{}", line);
    case LogLevel::info:
      return log->info("{}", line);
    case LogLevel::warning:
      return log->warning("{}", line);
    case LogLevel::error:
      return log->error("{}", line);
  }
}

std::string shown(const std::optional<Micros>& moment) {
  return moment ? format_timestamptz(*moment) : "";
}

}  // namespace

InstanceLog::InstanceLog(const Plan& plan, const InstancePlan& instance, const RunOptions& options,
                         const RunServices& services)
    : log_(LogLevel::debug,
           [this, outer = services.log](LogLevel level, std::string_view line) {
             write(level, line);
             hand_on(outer, level, line);
           }),
      options_(options),
      services_(services) {
  services_.log = &log_;
  if (options.dry_run || plan.log_folder.empty()) return;
  options_.on_unit = [this, outer = options.on_unit](const UnitDone& done) {
    write_unit(done);
    if (outer) outer(done);
  };
  static const SystemClock system;
  try {
    file_ =
        std::make_unique<LogFile>(log_path(plan.log_folder, plan.name, instance.name),
                                  LogLimits{.size = plan.log_size, .keep = plan.log_keep}, system);
  } catch (const Error& error) {
    services.log->warning("there is no log file: {}", error.what());
  }
}

void InstanceLog::write(LogLevel level, std::string_view text) const {
  if (file_) file_->write(run_, level, text);
}

void InstanceLog::write_unit(const UnitDone& done) const {
  write(done.rejected > 0 ? LogLevel::warning : LogLevel::info,
        fmt::format("{}: {} written, {} rejected, {:.2f} s", done.unit.shown(),
                    counted(done.rows, "row"), with_commas(done.rejected), done.seconds));
}

void InstanceLog::begin(const std::string& run, const InstancePlan& instance) {
  run_ = run;
  std::string bounds;
  if (instance.window && (instance.window->from || instance.window->until)) {
    bounds = " of " + shown(instance.window->from) + ".." + shown(instance.window->until);
  }
  write(LogLevel::info, "the run begins" + bounds);
}

void InstanceLog::end(const RunReport& report) {
  const auto level =
      report.code && *report.code != Errc::cancelled ? LogLevel::error : LogLevel::info;
  write(level, fmt::format("the run ends: {}{}; {} committed, {} there already, {:.2f} s",
                           report.up_to_date ? "up to date" : to_string(report.state),
                           report.message.empty() ? "" : ": " + report.message,
                           counted(report.units_committed, "unit"),
                           with_commas(report.units_covered), report.seconds));
}

}  // namespace flowrun
