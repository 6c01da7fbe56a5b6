// Plans texts with the fake node types, for the tests of this folder.
#pragma once

#include "engine/plan/plan.h"

namespace flowrun::testing {

/// 2026-07-15T10:20:30Z.
inline constexpr Micros kNow = 1'784'110'830 * kSecond;

/// What make_plan() gave for a text.
struct Planned {
  std::optional<Plan> plan;
  Diagnostics diagnostics;

  /// All diagnostics as the user sees them, one after the other.
  [[nodiscard]] std::string shown() const;
  /// The only instance.
  [[nodiscard]] const InstancePlan& instance() const { return plan.value().instances.at(0); }
  [[nodiscard]] const PlanNode& node(const std::string& name) const;
};

/// Plans a text as the file "p.toml" of `directory` (by default one without such a file).
[[nodiscard]] Planned plan_text(const std::string& text, const PlanOptions& options = {},
                                const std::string& path = "p.toml", Micros now = kNow);
[[nodiscard]] Planned plan_text(const std::string& text, const PlanOptions& options,
                                const std::string& path, const PlanServices& services);

/// The services of plan_text(): the fake registry and a clock that stands still at kNow.
[[nodiscard]] PlanServices fake_services();

/// A small sound pipeline, `[sources.in]` and `[sinks.out]`, with `more` between its name and its
/// nodes.
[[nodiscard]] std::string small_pipeline(const std::string& more = "");

/// A new folder, removed with all its files at the end.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }
  void write(const std::string& name, const std::string& text) const;

 private:
  std::string path_;
};

}  // namespace flowrun::testing
