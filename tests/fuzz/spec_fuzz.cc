// spec: a text is planned as a pipeline file, offline, with the real nodes, and drawn. Whatever it
// says, planning ends with a plan or with problems that can be shown, where they are in the text.
//
// A pipeline file may name any file of the machine, a device or a pipe among them. Here nodes get
// at files of one folder only, and texts whose `${file:…}` could leave it are not tried.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/core/clock.h"
#include "engine/core/error.h"
#include "engine/plan/graph_export.h"
#include "engine/plan/pipeline_file.h"
#include "engine/plan/plan.h"
#include "nodes/catalog.h"
#include "tests/fuzz/confined_context.h"
#include "tests/fuzz/fuzzing.h"

namespace {

using namespace flowrun;
using namespace flowrun::fuzzing;

/// 2026-07-15T10:20:30Z.
constexpr Micros kNow = 1'784'110'830 * kSecond;

/// More instances of a matrix are more of the same.
constexpr std::size_t kMostDrawn = 3;

/// What pipeline files of the seeds read at plan time.
const PipelineFolder& folder() {
  static const PipelineFolder made({
      {"in.csv", "id,at,name,value\n1,2026-01-01T00:00:00Z,a,1.5\n2,2026-01-02T00:00:00Z,b,\n"},
      {"in.ndjson", "{\"id\":1,\"at\":\"2026-01-01T00:00:00Z\",\"in\":{\"v\":1.5}}\n"},
      {"routes.csv", "channel,output\nch_00,engine\nch_01,hull\n"},
      {"channels.csv", "channel,output\nch_00,engine\nch_01,hull\n"},
      {"rules.toml", "[[rules]]\nname = \"some\"\nexpr = \"value > 0\"\n"},
      {"secret.txt", "secret\n"},
  });
  return made;
}

bool may_leave(const OptionValue& value) {
  if (value.is_list()) return std::any_of(value.list().begin(), value.list().end(), may_leave);
  if (value.is_table()) {
    return std::any_of(value.table().begin(), value.table().end(),
                       [](const auto& entry) { return may_leave(entry.second); });
  }
  if (!value.is_text()) return false;
  const std::string_view text = value.text();
  const auto file = text.find("file:");
  return file != text.npos && text.find('/', file) != text.npos;
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

/// A span lies in its text; just behind the end of a line is where something is missing.
void check_span(const Diagnostic& found) {
  const auto& span = found.span;
  if (!span.source || span.line == 0) return;
  std::string_view text = span.source->text;
  const auto breaks = static_cast<std::uint32_t>(std::count(text.begin(), text.end(), '\n'));
  if (span.line > breaks + 1) broken("a problem's line is in the text", render(found));
  for (std::uint32_t line = 1; line < span.line; ++line) static_cast<void>(take_until(text, '\n'));
  const auto width = characters(take_until(text, '\n'));
  if (span.column == 0 || span.column > width + 1 || span.column - 1 + span.length > width) {
    const bool behind = span.column == width + 1 && span.length <= 1;
    if (!behind) {
      broken("a problem's column is in its line",
             render(found) + "\nlength " + std::to_string(span.length));
    }
  }
}

void check_diagnostics(const std::vector<Diagnostic>& all) {
  for (const auto& found : all) {
    if (found.message.empty() || found.code.empty()) broken("a problem says what is wrong");
    check_span(found);
    if (render(found).empty() || render(found, true).empty()) broken("a problem can be shown");
  }
}

void draw(const Plan& plan) {
  for (std::size_t i = 0; i < std::min(plan.instances.size(), kMostDrawn); ++i) {
    const auto& instance = plan.instances[i];
    const auto drawn =
        export_dot(instance, plan) + export_mermaid(instance, plan) + export_json(instance, plan);
    if (drawn.empty()) broken("a plan can be drawn");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Registry registry(confined(nodes::builtin_nodes(), folder()));
  static const FixedClock clock(kNow);
  const auto source = std::make_shared<const SourceText>(
      SourceText{folder().path() + "/p.toml", {reinterpret_cast<const char*>(data), size}});
  Diagnostics ignored;
  const auto file = read_pipeline(source, ignored);
  if (file && may_leave(file->root)) return 0;
  PlanServices services;
  services.registry = &registry;
  services.clock = &clock;
  Diagnostics problems;
  const auto plan = make_plan(source, {.offline = true}, services, problems);
  check_diagnostics(problems.all());
  if (!plan && !problems.has_errors()) broken("there is a plan or a problem");
  if (!plan) return 0;
  check_diagnostics(plan->warnings);
  draw(*plan);
  return 0;
}
