// What an instance's run says in its log file, beside what it says on the screen.
#pragma once

#include <memory>
#include <string>

#include "engine/core/log.h"
#include "engine/observe/log_file.h"
#include "engine/plan/plan.h"
#include "engine/run/runner.h"

namespace flowrun {

/// Hands out options and services for one instance: what its nodes say, and every unit that becomes
/// visible, goes into the instance's log file as well. Dry runs have none. Any thread.
class InstanceLog {
 public:
  /// Says so in the log where the file cannot be opened, and goes on without.
  InstanceLog(const Plan& plan, const InstancePlan& instance, const RunOptions& options,
              const RunServices& services);
  InstanceLog(const InstanceLog&) = delete;
  InstanceLog& operator=(const InstanceLog&) = delete;

  [[nodiscard]] const RunOptions& options() const { return options_; }
  [[nodiscard]] const RunServices& services() const { return services_; }

  /// The run has its id.
  void begin(const std::string& run, const InstancePlan& instance);
  void end(const RunReport& report);

 private:
  void write(LogLevel level, std::string_view text) const;
  void write_unit(const UnitDone& done) const;

  std::unique_ptr<LogFile> file_;
  std::string run_ = "-";
  Log log_;
  RunOptions options_;
  RunServices services_;
};

}  // namespace flowrun
