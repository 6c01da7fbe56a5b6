// How a run ended, for machines: the exit code, and the record that --json prints.
#pragma once

#include <string>
#include <vector>

#include "engine/core/diagnostic.h"
#include "engine/plan/plan.h"
#include "engine/run/runner.h"

namespace flowrun::command {

/// The highest-ranked of several exit codes: 70, then a signal's, 1, 2, 3, 75, 4, 0.
[[nodiscard]] int worst(int a, int b);

/// The exit code of all instances together. `signal` is the signal that stopped the run (0: none);
/// with `warn_error` a run that is fine but for warnings counts as 4.
[[nodiscard]] int exit_code_of(const std::vector<RunReport>& reports, bool has_warnings, int signal,
                               bool warn_error);

/// The record {"schema":"flowrun.run/1", …} on one line. `plan` is null where planning failed.
[[nodiscard]] std::string run_record(const std::string& file, const Plan* plan,
                                     const std::vector<RunReport>& reports,
                                     const std::vector<Diagnostic>& diagnostics, int exit_code);

}  // namespace flowrun::command
