// [params] and --param.
#pragma once

#include <map>
#include <string>

#include "engine/plan/plan.h"
#include "engine/plan/variables.h"

namespace flowrun {

/// Gives every parameter of `section` (null: none are declared) its value: --param, else its
/// default, and sets it in `variables`. A parameter without a value is set as broken after a
/// diagnostic. Returns those that may be shown.
std::map<std::string, std::string> resolve_params(const OptionValue* section,
                                                  const PlanOptions& options, Micros now,
                                                  Interpolator& variables,
                                                  Diagnostics& diagnostics);

}  // namespace flowrun
