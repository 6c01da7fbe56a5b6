#include "nodes/sources/csv_options.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

#include "nodes/formats/stream_options.h"

namespace flowrun::nodes {
namespace {

/// Reads the options one by one and remembers whether one was wrong.
class FormatOptions {
 public:
  explicit FormatOptions(BindContext& context) : context_(context), options_(context.options()) {}

  std::optional<CsvFormat> read() {
    CsvFormat format;
    auto& dialect = format.dialect;
    dialect.delimiter = mark("delimiter").value_or(',');
    dialect.quote = options_.has("quote") ? mark("quote") : '"';
    dialect.comment = mark("comment");
    const auto escape = mark("escape");
    dialect.escape = escape.value_or(dialect.quote.value_or('"'));
    if (ok_) check_marks(dialect, escape.has_value());
    format.header = !options_.has("header") || options_.boolean("header");
    if (options_.has("nulls")) format.nulls = options_.names("nulls");
    format.stream = stream_format(options_);
    return ok_ ? std::optional(format) : std::nullopt;
  }

 private:
  void error(std::string_view option, std::string message) {
    context_.error(option, "option-value", std::move(message));
    ok_ = false;
  }

  /// The one character of a mark's option; nothing for "" and where the option is absent.
  std::optional<char> mark(std::string_view name) {
    const auto text = options_.text_or(name, "");
    if (text.empty()) {
      if (name == "delimiter" && options_.has(name)) error(name, "\"delimiter\" is empty");
      return std::nullopt;
    }
    const char c = text.front();
    const bool ascii = static_cast<unsigned char>(c) < 0x80;
    if (text.size() != 1 || !ascii || c == '\n' || c == '\r' || c == '\0') {
      error(name, fmt::format("\"{}\" must be one ASCII character, and not a line end", name));
      return std::nullopt;
    }
    return c;
  }

  void check_marks(const CsvDialect& dialect, bool escaped) {
    if (dialect.quote == dialect.delimiter) {
      error("quote", "\"quote\" and \"delimiter\" are the same character");
    }
    if (dialect.comment &&
        (dialect.comment == dialect.delimiter || dialect.comment == dialect.quote)) {
      error("comment", "\"comment\" is the same character as \"delimiter\" or \"quote\"");
    }
    if (escaped && !dialect.quote) {
      error("escape", "\"escape\" stands inside quoted fields, and \"quote\" is \"\"");
    }
    if (escaped && dialect.escape == dialect.delimiter) {
      error("escape", "\"escape\" and \"delimiter\" are the same character");
    }
  }

  BindContext& context_;
  const Options& options_;
  bool ok_ = true;
};

}  // namespace

std::optional<CsvFormat> csv_format(BindContext& context) { return FormatOptions(context).read(); }

}  // namespace flowrun::nodes
