#include "engine/plan/matrix.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "engine/plan/grammar.h"
#include "engine/plan/option_check.h"
#include "engine/plan/toml_reader.h"

namespace flowrun {
namespace {

/// Far more instances than anybody runs on one machine; a slip multiplies quickly.
constexpr std::size_t kMaxInstances = 10'000;

class MatrixReader {
 public:
  MatrixReader(Interpolator& variables, Diagnostics& diagnostics)
      : variables_(variables), diagnostics_(diagnostics) {}

  Matrix read(const OptionValue& section) {
    for (const auto& [key, value] : section.table()) {
      if (key == "parallel") {
        read_parallel(value);
      } else if (key == "rows") {
        multiply(read_rows(value), value);
      } else {
        multiply(read_axis(key, value), value);
      }
    }
    if (matrix_.axes.empty() && good_) {
      problem("missing-option", section.key_span, "[matrix] has no axis",
              "write one as name = [\"a\", \"b\"], or rows = [{ … }, …]");
    }
    if (!good_) matrix_.cells = {{}};
    return std::move(matrix_);
  }

  [[nodiscard]] bool good() const { return good_; }

 private:
  void problem(std::string code, const SourceSpan& span, std::string message,
               std::string hint = {}) {
    diagnostics_.error(std::move(code), span, std::move(message), std::move(hint));
    good_ = false;
  }

  void read_parallel(const OptionValue& value) {
    const auto* count = std::get_if<std::int64_t>(&value.value);
    if (count == nullptr || *count < 1 || *count > 1024) {
      problem(count == nullptr ? "wrong-type" : "bad-value", value.span,
              "[matrix]: \"parallel\" must be a whole number from 1 to 1024");
      return;
    }
    matrix_.parallel = static_cast<int>(*count);
  }

  bool add_axis(const std::string& name, const SourceSpan& span) {
    if (!is_name(name) || name == "window") {
      problem("bad-name", span, fmt::format("[matrix]: \"{}\" cannot be the name of an axis", name),
              name == "window" ? "${window} has a meaning of its own" : std::string(kNameRule));
      return false;
    }
    if (variables_.variables().count(name) != 0) {
      problem("duplicate-name", span, fmt::format("[matrix]: \"{}\" is a parameter too", name),
              "give one of them another name; ${…} could not tell them apart");
      return false;
    }
    if (matrix_.spans.count(name) != 0) {
      problem("duplicate-name", span,
              fmt::format("[matrix]: the axis \"{}\" is there twice", name));
      return false;
    }
    matrix_.axes.push_back(name);
    matrix_.spans.emplace(name, span);
    return true;
  }

  /// A scalar as text, variables resolved; nothing after a diagnostic.
  std::optional<std::string> scalar(const OptionValue& value, std::string_view axis) {
    const auto resolved = variables_.apply(value, Form::resolved);
    if (is_broken(resolved)) {
      good_ = false;
      return std::nullopt;
    }
    if (resolved.is_list() || resolved.is_table()) {
      problem("wrong-type", value.span,
              fmt::format("[matrix]: a value of \"{}\" must be a scalar, not {}", axis,
                          kind_of(value)));
      return std::nullopt;
    }
    return resolved.is_text() ? resolved.text() : toml_text(resolved);
  }

  std::vector<MatrixCell> read_axis(const std::string& name, const OptionValue& value) {
    if (!add_axis(name, value.key_span)) return {};
    if (!value.is_list() || value.list().empty()) {
      problem("wrong-type", value.span,
              fmt::format("[matrix]: the axis \"{}\" must be a list of values{}", name,
                          value.is_list() ? ", and it is empty" : ""),
              fmt::format("write {} = [\"a\", \"b\"]", name));
      return {};
    }
    std::vector<MatrixCell> cells;
    for (const auto& item : value.list()) {
      const auto text = scalar(item, name);
      if (text) add_cell(cells, {{name, *text}}, item.span);
    }
    return cells;
  }

  std::vector<MatrixCell> read_rows(const OptionValue& value) {
    const bool is_rows = value.is_list() && !value.list().empty() &&
                         std::all_of(value.list().begin(), value.list().end(),
                                     [](const OptionValue& row) { return row.is_table(); });
    if (!is_rows) {
      problem("wrong-type", value.span, "[matrix]: \"rows\" must be a list of tables",
              "write rows = [{ hull = \"H1\", ship = \"A\" }, …]");
      return {};
    }
    for (const auto& [axis, entry] : value.list().front().table()) add_axis(axis, entry.key_span);
    std::vector<MatrixCell> cells;
    for (const auto& row : value.list()) {
      MatrixCell cell;
      for (const auto& [axis, entry] : row.table()) {
        if (const auto text = scalar(entry, axis)) cell.emplace(axis, *text);
      }
      if (row.table().size() != value.list().front().table().size() ||
          !same_keys(row, value.list().front())) {
        problem("bad-value", row.span,
                "[matrix]: every row must name the same values as the first one",
                fmt::format("the first row names: {}", names_of(value.list().front())));
      }
      add_cell(cells, std::move(cell), row.span);
    }
    return cells;
  }

  static bool same_keys(const OptionValue& row, const OptionValue& first) {
    return std::all_of(row.table().begin(), row.table().end(),
                       [&](const auto& entry) { return first.find(entry.first) != nullptr; });
  }

  static std::string names_of(const OptionValue& row) {
    std::string names;
    for (const auto& [axis, entry] : row.table()) names += (names.empty() ? "" : ", ") + axis;
    return names;
  }

  void add_cell(std::vector<MatrixCell>& cells, MatrixCell cell, const SourceSpan& span) {
    if (std::find(cells.begin(), cells.end(), cell) != cells.end()) {
      std::string shown;
      for (const auto& [axis, text] : cell) {
        shown += fmt::format("{}{} = {}", shown.empty() ? "" : ", ", axis, text);
      }
      problem("duplicate-value", span, fmt::format("[matrix]: there twice: {}", shown));
    }
    cells.push_back(std::move(cell));
  }

  void multiply(const std::vector<MatrixCell>& factor, const OptionValue& value) {
    if (factor.empty() || !good_) return;
    if (matrix_.cells.size() * factor.size() > kMaxInstances) {
      problem("too-many-instances", value.key_span,
              fmt::format("[matrix]: more than {} instances", kMaxInstances),
              "axes multiply; values that belong together stand in rows = [{ … }, …]");
      return;
    }
    std::vector<MatrixCell> product;
    product.reserve(matrix_.cells.size() * factor.size());
    for (const auto& cell : matrix_.cells) {
      for (const auto& more : factor) {
        product.push_back(cell);
        product.back().insert(more.begin(), more.end());
      }
    }
    matrix_.cells = std::move(product);
  }

  Interpolator& variables_;
  Diagnostics& diagnostics_;
  Matrix matrix_;
  bool good_ = true;
};

/// Keeps the cells that --only asks for.
void select_cells(Matrix& matrix, const PlanOptions& options, Diagnostics& diagnostics) {
  for (const auto& [axis, values] : options.only) {
    if (matrix.spans.count(axis) == 0) {
      diagnostics.error(
          "unknown-axis", {},
          fmt::format("--only {}: the pipeline's matrix has no axis \"{}\"", axis, axis),
          matrix.axes.empty() ? "it has no [matrix] at all" : suggest(axis, matrix.axes));
      continue;
    }
    std::vector<std::string> known;
    for (const auto& cell : matrix.cells) {
      const auto& text = cell.at(axis);
      if (std::find(known.begin(), known.end(), text) == known.end()) known.push_back(text);
    }
    for (const auto& text : values) {
      if (std::find(known.begin(), known.end(), text) != known.end()) continue;
      diagnostics.error("unknown-value", {},
                        fmt::format("--only {}={}: the axis has no such value", axis, text),
                        suggest(text, known));
    }
  }
  if (diagnostics.has_errors()) return;
  std::erase_if(matrix.cells, [&](const MatrixCell& cell) {
    return std::any_of(options.only.begin(), options.only.end(), [&](const auto& only) {
      const auto& wanted = only.second;
      return std::find(wanted.begin(), wanted.end(), cell.at(only.first)) == wanted.end();
    });
  });
  if (matrix.cells.empty()) {
    diagnostics.error("unknown-value", {}, "--only leaves no instance of the matrix",
                      "no row has all of these values");
  }
}

}  // namespace

void append_escaped(std::string& out, std::string_view value) {
  for (const char c : value) {
    if (c == ',' || c == '=' || c == '%' || static_cast<unsigned char>(c) < ' ') {
      out += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      out += c;
    }
  }
}

Matrix expand_matrix(const OptionValue* section, const PlanOptions& options,
                     Interpolator& variables, Diagnostics& diagnostics) {
  Matrix matrix;
  bool good = true;
  if (section != nullptr) {
    MatrixReader reader(variables, diagnostics);
    matrix = reader.read(*section);
    good = reader.good();
  }
  if (good) select_cells(matrix, options, diagnostics);
  if (matrix.cells.empty()) matrix.cells = {{}};
  return matrix;
}

}  // namespace flowrun
