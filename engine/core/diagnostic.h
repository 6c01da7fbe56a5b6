// What is wrong with something that a person wrote: collected with its position, never thrown.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace flowrun {

/// A text that positions refer to. Spans keep it alive, so that a caret can be drawn at any time.
struct SourceText {
  std::string path;  ///< as the user wrote it
  std::string text;
};

/// A stretch of a source text: 1-based line and column (columns count code points), length in code
/// points on that line (0: unknown, drawn as one caret). A span without a text has no position.
struct SourceSpan {
  std::shared_ptr<const SourceText> source;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::uint32_t length = 0;

  /// Returns "file:line:col", or "file", or "" where there is no position.
  [[nodiscard]] std::string location() const;
};

enum class Severity { error, warning };

struct Diagnostic {
  Severity severity = Severity::error;
  SourceSpan span;
  std::string message;  ///< what is wrong, lower case, no full stop
  std::string hint;     ///< what to do next ("did you mean \"columns\"?"); may be empty
  std::string code;     ///< a stable name for tests and --json, such as "unknown-option"
};

/// Collects the diagnostics of a phase. Used by one thread.
class Diagnostics {
 public:
  Diagnostic& add(Diagnostic diagnostic);

  /// Adds an error; the message is taken as it is (format it with fmt where needed).
  Diagnostic& error(std::string code, SourceSpan span, std::string message, std::string hint = {});
  Diagnostic& warning(std::string code, SourceSpan span, std::string message,
                      std::string hint = {});

  [[nodiscard]] bool has_errors() const;
  [[nodiscard]] const std::vector<Diagnostic>& all() const { return items_; }
  [[nodiscard]] bool empty() const { return items_.empty(); }

  /// Orders by file, line and column; equal ones are kept once.
  void sort();

 private:
  std::vector<Diagnostic> items_;
};

/// Renders as "file:line:col: error: message" with the source line, a caret line and the hint
/// below. Tabs in the source line are kept in the caret line, so that the caret stands under its
/// text.
[[nodiscard]] std::string render(const Diagnostic& diagnostic, bool color = false);

/// Returns the closest of `candidates` to `name` (edit distance, at most a third of its length), if
/// any.
[[nodiscard]] std::optional<std::string> closest(std::string_view name,
                                                 const std::vector<std::string>& candidates);

/// Returns "did you mean \"x\"?" for the closest candidate, else "one of: a, b, c" (capped), else
/// "".
[[nodiscard]] std::string suggest(std::string_view name,
                                  const std::vector<std::string>& candidates);

}  // namespace flowrun
