// csv: writes rows as lines of a CSV file.
#include <fmt/format.h>

#include <optional>
#include <utility>

#include "nodes/catalog.h"
#include "nodes/files/output.h"
#include "nodes/formats/csv_writer.h"

namespace flowrun::nodes {
namespace {

constexpr const char* kNotes =
    "Fields are quoted where they hold the delimiter, the quote or a line end, begin or end with a "
    "space, or equal the "
    "text for null; an empty text is `\"\"`, so that it differs from null. Numbers have the fewest "
    "digits that read back to "
    "the same value, times are as in RFC 3339, bytes are hexadecimal.\n\n";

NodeSpec csv_spec() {
  return {
      .name = "csv",
      .kind = NodeKind::sink,
      .summary = "Writes rows to a CSV file.",
      .notes = std::string(kNotes) + file_sink_notes(),
      .options =
          {file_path_option("\"wide.csv\""),
           {.name = "header",
            .kind = OptionKind::boolean,
            .help = "Whether the file begins with the names of the columns.",
            .fallback = "true",
            .example = "false"},
           {.name = "delimiter",
            .help = "The character between fields.",
            .fallback = ",",
            .example = "\"\\t\""},
           {.name = "quote",
            .help = "The character around fields that need it.",
            .fallback = "\"",
            .example = "\"'\""},
           {.name = "escape",
            .help = "The character in front of a quote inside a quoted field. Where absent, such a "
                    "quote is doubled.",
            .example = "\"\\\\\""},
           {.name = "nulls",
            .help = "What is written for null.",
            .fallback = "",
            .example = "\"NA\""},
           {.name = "quoting",
            .kind = OptionKind::choice,
            .help =
                "Which fields are quoted: those that need it, texts too, or all that are not null.",
            .fallback = "needed",
            .choices = {"needed", "text", "all"},
            .example = "\"all\""},
           {.name = "line_end",
            .kind = OptionKind::choice,
            .help = "What ends a line.",
            .fallback = "lf",
            .choices = {"lf", "crlf"},
            .example = "\"crlf\""},
           {.name = "escape_formulas",
            .kind = OptionKind::boolean,
            .help = "Puts ' in front of texts that a spreadsheet would run as a formula (=, +, -, "
                    "@, tab, CR).",
            .fallback = "false",
            .example = "true"}},
      .many_inputs = true,
      .example = "[sinks.wide]\ntype  = \"csv\"\ninput = \"engine_wide\"\npath  = \"wide.csv\"\n"};
}

/// Reads the options and reports what is wrong with them.
class StyleReader {
 public:
  explicit StyleReader(BindContext& context) : context_(context) {}

  std::optional<CsvStyle> read() {
    const auto& options = context_.options();
    CsvStyle style;
    style.dialect.delimiter = mark("delimiter", ',');
    style.dialect.quote = mark("quote", '"');
    style.dialect.escape = mark("escape", *style.dialect.quote);
    style.nulls = options.text_or("nulls", "");
    style.line_end = options.text("line_end") == "crlf" ? "\r\n" : "\n";
    const auto& quoting = options.text("quoting");
    style.quoting = quoting == "all"    ? CsvQuoting::all
                    : quoting == "text" ? CsvQuoting::text
                                        : CsvQuoting::needed;
    style.escape_formulas = options.boolean("escape_formulas");
    check(style);
    if (!ok_) return std::nullopt;
    return style;
  }

 private:
  void error(std::string_view option, std::string message) {
    context_.error(option, "option-value", std::move(message));
    ok_ = false;
  }

  /// The one character of an option.
  char mark(std::string_view name, char otherwise) {
    if (!context_.options().has(name)) return otherwise;
    const auto& text = context_.options().text(name);
    const bool good = text.size() == 1 && static_cast<unsigned char>(text.front()) < 0x80 &&
                      text != "\n" && text != "\r" && text.front() != '\0';
    if (!good)
      error(name, fmt::format("\"{}\" must be one ASCII character, and not a line end", name));
    return good ? text.front() : otherwise;
  }

  void check(const CsvStyle& style) {
    const char delimiter = style.dialect.delimiter;
    const char quote = *style.dialect.quote;
    if (quote == delimiter) error("quote", "\"quote\" and \"delimiter\" are the same character");
    if (style.dialect.escape == delimiter)
      error("escape", "\"escape\" and \"delimiter\" are the same character");
    const std::string marks{delimiter, quote, '\n', '\r'};
    if (style.nulls.find_first_of(marks) != std::string::npos) {
      error("nulls",
            "\"nulls\" is never quoted, so it cannot hold the delimiter, the quote or a line end");
    }
    if (style.nulls.empty() && context_.input().size() == 1) {
      context_.warning("nulls", "blank-lines",
                       "a null is a blank line where there is one column, and readers skip those",
                       "set nulls = \"NA\" or the like");
    }
  }

  BindContext& context_;
  bool ok_ = true;
};

Binding bind_csv(BindContext& context) {
  const auto style = StyleReader(context).read();
  if (!style) return {};
  const auto writer = std::make_shared<const CsvWriter>(context.input_ref(), *style);
  return bind_file_sink(
      context, {.header = context.options().boolean("header") ? writer->header() : std::string(),
                .format = fmt::format("csv {} {} {} {}|{}| {} {}", int{style->dialect.delimiter},
                                      int{*style->dialect.quote}, int{style->dialect.escape},
                                      style->nulls, style->line_end,
                                      static_cast<int>(style->quoting), style->escape_formulas),
                .encode = [writer](const Batch& batch) { return writer->lines(batch); }});
}

}  // namespace

NodeType csv_sink() { return {csv_spec(), bind_csv}; }

}  // namespace flowrun::nodes
