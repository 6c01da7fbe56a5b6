#include "engine/plan/settings.h"

#include <fmt/format.h>

#include "engine/plan/node_options.h"
#include "engine/plan/option_check.h"
#include "engine/plan/side_files.h"

namespace flowrun {
namespace {

/// Below this no batch could move.
constexpr std::int64_t kLeastMemory = 16 << 20;
constexpr std::string_view kSqlite = "sqlite:";
constexpr Micros kLeastHeartbeat = 100'000;
/// Less could take a lease from a holder that was only slow.
constexpr Micros kBeatsOfTtl = 3;

class SettingsReader {
 public:
  SettingsReader(const PipelineFile& file, Interpolator& variables, Plan& plan,
                 Diagnostics& diagnostics)
      : file_(file), variables_(variables), plan_(plan), diagnostics_(diagnostics) {}

  RejectLimits read(const PlanOptions& options) {
    const auto state = section(state_section());
    read_state(state);
    read_state_times(state);
    read_retry(section(retry_section()));
    read_memory(section(limits_section()), options);
    read_schedule(section(schedule_section()));
    read_logs(section(logs_section()));
    const auto rejects = section(rejects_section());
    return rejects ? read_reject_limits(*rejects, {}, "[rejects]", diagnostics_) : RejectLimits{};
  }

 private:
  /// The checked options of a section; nothing where it is not written, or wrong.
  std::optional<Options> section(const SectionSpec& grammar) {
    const auto* written = file_.section(grammar.name);
    if (written == nullptr) return std::nullopt;
    const auto resolved = variables_.apply(*written, Form::resolved);
    auto checked =
        check_table(resolved, written->key_span,
                    {"[" + grammar.name + "]", grammar.options, {}, grammar.later}, diagnostics_);
    if (!checked.usable) return std::nullopt;
    return Options(std::move(checked.values), written->key_span);
  }

  void read_state(const std::optional<Options>& options) {
    plan_.state_url = std::string(kSqlite) + resolve_path(file_.directory, ".flowrun/state.db");
    if (!options || !options->has("url")) return;
    const auto& url = options->text("url");
    if (url.compare(0, kSqlite.size(), kSqlite) == 0 && url.size() > kSqlite.size()) {
      auto path = std::string_view(url).substr(kSqlite.size());
      if (path.substr(0, 2) == "//") path.remove_prefix(2);
      plan_.state_url = std::string(kSqlite) + resolve_path(file_.directory, path);
      return;
    }
    if (url.starts_with("postgresql://") || url.starts_with("postgres://")) {
      plan_.state_url = url;
      return;
    }
    // Not at the value: the line may hold a password.
    diagnostics_.error("bad-value", options->node_span(),
                       "[state]: option \"url\" names no journal",
                       "write url = \"sqlite:PATH\", or \"postgresql://USER@HOST/DATABASE\"");
  }

  /// What is beside the url.
  void read_state_times(const std::optional<Options>& options) {
    if (!options) return;
    auto& state = plan_.state;
    if (options->has("retention")) state.retention = options->duration("retention");
    if (options->has("heartbeat")) state.heartbeat = options->duration("heartbeat");
    if (options->has("ttl")) state.ttl = options->duration("ttl");
    const auto fault = [&](const char* option, const std::string& what) {
      diagnostics_.error("bad-value", options->span(option),
                         fmt::format("[state]: option \"{}\" {}", option, what));
    };
    if (state.retention && *state.retention <= 0) fault("retention", "must be more than nothing");
    if (state.heartbeat < kLeastHeartbeat || state.heartbeat > kHour) {
      fault("heartbeat", "must be from 100ms to 1h");
    } else if (state.ttl && *state.ttl < kBeatsOfTtl * state.heartbeat) {
      fault("ttl", fmt::format("must be {} at least, three times `heartbeat`",
                               format_duration(kBeatsOfTtl * state.heartbeat)));
    }
    if (!plan_.state_url.starts_with(kSqlite)) return;
    for (const char* option : {"heartbeat", "ttl"}) {
      if (options->has(option)) fault(option, "is for journals on a server");
    }
  }

  void read_retry(const std::optional<Options>& options) {
    if (!options) return;
    const auto attempts = options->integer("attempts");
    if (attempts < 1 || attempts > 1000) {
      diagnostics_.error(
          "bad-value", options->span("attempts"),
          fmt::format("[retry]: option \"attempts\" must be from 1 to 1000: {}", attempts));
    } else {
      plan_.retry.attempts = static_cast<int>(attempts);
    }
    const auto& text = options->text("backoff");
    const auto dots = text.find("..");
    const auto first = parse_duration(text.substr(0, dots));
    const auto last = dots == std::string::npos ? first : parse_duration(text.substr(dots + 2));
    if (!first || !last || *first < 0 || *last < *first) {
      diagnostics_.error("bad-value", options->span("backoff"),
                         fmt::format("[retry]: option \"backoff\" is no pause: \"{}\"", text),
                         "write \"2s\", or \"2s..2m\" for one that grows");
      return;
    }
    plan_.retry.first_backoff = *first;
    plan_.retry.last_backoff = *last;
  }

  void read_logs(const std::optional<Options>& options) {
    plan_.log_folder = resolve_path(file_.directory, ".flowrun/logs");
    if (!options) return;
    const auto& folder = options->text("folder");
    plan_.log_folder = folder == "-" ? "" : resolve_path(file_.directory, folder);
    plan_.log_size = options->size("size");
    plan_.log_keep = options->duration("keep");
    for (const char* option : {"size", "keep"}) {
      const bool good =
          option == std::string_view("size") ? plan_.log_size > 0 : plan_.log_keep > 0;
      if (good) continue;
      diagnostics_.error("bad-value", options->span(option),
                         fmt::format("[logs]: option \"{}\" must be more than nothing", option));
    }
  }

  void read_schedule(const std::optional<Options>& options) {
    if (!options) return;
    plan_.every = options->duration("every");
    if (*plan_.every >= kSecond) return;
    diagnostics_.error("bad-value", options->span("every"),
                       "[schedule]: option \"every\" must be a second at least");
  }

  void read_memory(const std::optional<Options>& options, const PlanOptions& given) {
    SourceSpan span;
    std::string what = "--max-memory";
    if (given.max_memory) {
      plan_.max_memory = *given.max_memory;
    } else if (options) {
      plan_.max_memory = options->size("memory");
      span = options->span("memory");
      what = "[limits]: option \"memory\"";
    }
    if (plan_.max_memory >= kLeastMemory) return;
    diagnostics_.error("bad-value", span,
                       fmt::format("{} is too little: {}", what, format_size(plan_.max_memory)),
                       fmt::format("give it at least {}", format_size(kLeastMemory)));
  }

  const PipelineFile& file_;
  Interpolator& variables_;
  Plan& plan_;
  Diagnostics& diagnostics_;
};

}  // namespace

RejectLimits read_settings(const PipelineFile& file, const PlanOptions& options,
                           Interpolator& variables, Plan& plan, Diagnostics& diagnostics) {
  return SettingsReader(file, variables, plan, diagnostics).read(options);
}

}  // namespace flowrun
