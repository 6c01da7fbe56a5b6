#include "engine/plan/test_spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "engine/plan/moment.h"
#include "engine/plan/option_check.h"
#include "engine/plan/pipeline_file.h"
#include "engine/plan/side_files.h"
#include "engine/plan/toml_reader.h"

namespace flowrun {
namespace {

/// A scalar as a person would write it on the command line.
std::string scalar_text(const OptionValue& value) {
  return value.is_text() ? value.text() : toml_text(value);
}

class TestReader {
 public:
  TestReader(const PipelineFile& file, Diagnostics& diagnostics)
      : file_(file), diagnostics_(diagnostics) {}

  void read(const OptionValue& table) {
    if (!table.is_table()) {
      return problem("wrong-type", table.span, "[[test]] must be a table", "write [[test]]");
    }
    what_ = "test";
    auto checked = check(table, table.span, test_section().options);
    if (!checked) return;
    test_ = {};
    test_.span = checked->raw("name")->span;
    test_.name = checked->text("name");
    what_ = fmt::format("test \"{}\"", test_.name);
    if (!names_.insert(test_.name).second) {
      problem("duplicate-name", test_.span, what_ + " is there twice", "give each its own name");
    }
    read_moment(*checked);
    test_.error = checked->text_or("error", "");
    each(*checked, "params", [&](const std::string& name, const OptionValue& value) {
      test_.params[name] = scalar_text(value);
    });
    each(*checked, "matrix", [&](const std::string& axis, const OptionValue& value) {
      test_.matrix[axis].push_back(scalar_text(value));
    });
    each(*checked, "sources",
         [&](const std::string& name, const OptionValue& value) { read_source(name, value); });
    each(*checked, "expect", [&](const std::string& name, const OptionValue& value) {
      read_expectations(name, value);
    });
    if (test_.expect.empty() && test_.error.empty()) {
      problem("missing-option", test_.span, what_ + " expects nothing",
              "say what comes out: [test.expect.NODE], or error = \"…\"");
    }
    tests_.push_back(std::move(test_));
  }

  [[nodiscard]] std::vector<TestSpec> take() { return std::move(tests_); }

 private:
  void problem(std::string code, const SourceSpan& span, std::string message, std::string hint) {
    diagnostics_.error(std::move(code), span, std::move(message), std::move(hint));
  }

  std::optional<Options> check(const OptionValue& table, const SourceSpan& owner,
                               const std::vector<OptionSpec>& specs) {
    auto checked = check_table(table, owner, {what_, specs, {}, {}}, diagnostics_);
    if (!checked.usable) return std::nullopt;
    return Options(std::move(checked.values), owner);
  }

  template <typename Visit>
  void each(const Options& options, const std::string& option, const Visit& visit) {
    const auto* value = options.raw(option);
    if (value == nullptr) return;
    if (!value->is_table()) {
      return problem(
          "wrong-type", value->span,
          fmt::format("{}: \"{}\" must be a table, not {}", what_, option, kind_of(*value)), "");
    }
    for (const auto& [name, entry] : value->table()) visit(name, entry);
  }

  void read_moment(const Options& options) {
    if (!options.has("now")) return;
    const auto moment = parse_moment(options.text("now"), 0);
    if (moment && !moment->relative) {
      test_.now = moment->at;
    } else {
      problem("bad-value", options.span("now"), what_ + ": option \"now\" is no moment",
              "write it as \"2026-01-01T00:00:00Z\"");
    }
  }

  const NodeDecl* find(const std::string& name) const {
    const auto found = std::find_if(file_.nodes.begin(), file_.nodes.end(),
                                    [&](const NodeDecl& node) { return node.name == name; });
    return found == file_.nodes.end() ? nullptr : &*found;
  }

  std::vector<std::string> names(bool sources_only) const {
    std::vector<std::string> names;
    for (const auto& node : file_.nodes) {
      if (!sources_only || node.kind == NodeKind::source) names.push_back(node.name);
    }
    return names;
  }

  void read_source(const std::string& name, const OptionValue& value) {
    const auto* node = find(name);
    if (node == nullptr || node->kind != NodeKind::source) {
      return problem("unknown-node", value.key_span,
                     fmt::format("{}: there is no source \"{}\"", what_, name),
                     suggest(name, names(true)));
    }
    if (!is_known_table(value)) return;
    const auto options = check(value, value.key_span, test_rows_section().options);
    if (!options) return;
    auto rows = read_rows(*options, value.key_span);
    if (options->has("count") || options->boolean("ordered")) {
      problem("unknown-option", value.key_span,
              fmt::format("{}: a source has rows, and neither \"count\" nor \"ordered\"", what_),
              "");
    }
    if (rows) {
      test_.sources.emplace_back(name, std::move(*rows));
    } else {
      problem("missing-option", value.key_span,
              fmt::format("{}: source \"{}\" has no rows", what_, name),
              "write rows = […], csv, file or raw");
    }
  }

  bool is_known_table(const OptionValue& value) {
    if (value.is_table()) return true;
    problem("wrong-type", value.span,
            fmt::format("{}: rows stand in a table, not in {}", what_, kind_of(value)),
            "write { rows = […] }");
    return false;
  }

  /// `[test.expect.by_system.rejected]` is a table in a table; so is a quoted "by_system.rejected"
  /// not.
  void read_expectations(const std::string& name, const OptionValue& value) {
    if (!is_known_table(value)) return;
    const auto& known = test_rows_section().options;
    OptionValue own = value;
    auto& entries = std::get<OptionValue::Table>(own.value);
    std::erase_if(entries, [](const auto& entry) { return entry.second.is_table(); });
    for (const auto& [port, nested] : value.table()) {
      const bool is_option =
          std::any_of(known.begin(), known.end(),
                      [&, key = port](const OptionSpec& option) { return option.name == key; });
      if (nested.is_table() && !is_option) read_expectation(name + "." + port, nested);
    }
    if (!entries.empty() || value.table().empty()) read_expectation(name, own);
  }

  void read_expectation(const std::string& port, const OptionValue& value) {
    const auto node = port.substr(0, port.find('.'));
    if (find(node) == nullptr) {
      return problem("unknown-node", value.key_span,
                     fmt::format("{}: there is no node \"{}\"", what_, node),
                     suggest(node, names(false)));
    }
    const auto options = check(value, value.key_span, test_rows_section().options);
    if (!options) return;
    TestExpectation expected{.port = port, .rows = {}, .span = value.key_span};
    expected.rows = read_rows(*options, value.key_span);
    if (expected.rows && expected.rows->form == TestRows::Form::raw) {
      problem("unknown-option", expected.rows->span,
              fmt::format("{}: \"raw\" is for sources", what_), "write rows, csv or file");
    }
    if (options->has("count")) expected.count = options->integer("count");
    expected.ordered = options->boolean("ordered");
    if (!expected.rows && !expected.count) {
      problem("missing-option", value.key_span,
              fmt::format("{}: \"{}\" says nothing of what comes out", what_, port),
              "write rows = […], csv, file or count");
    }
    test_.expect.push_back(std::move(expected));
  }

  std::optional<TestRows> read_rows(const Options& options, const SourceSpan& span) {
    static const std::vector<std::pair<std::string, TestRows::Form>> kForms{
        {"rows", TestRows::Form::rows},
        {"csv", TestRows::Form::csv},
        {"file", TestRows::Form::file},
        {"raw", TestRows::Form::raw}};
    std::optional<TestRows> found;
    for (const auto& [name, form] : kForms) {
      const auto* value = options.raw(name);
      if (value == nullptr) continue;
      if (found) {
        problem("conflicting-options", span, what_ + ": rows are given twice",
                "leave all but one of rows, csv, file and raw out");
        return found;
      }
      found.emplace();
      found->form = form;
      found->span = value->span;
      if (form != TestRows::Form::rows) {
        found->text = form == TestRows::Form::file ? resolve_path(file_.directory, value->text())
                                                   : value->text();
        continue;
      }
      read_inline(*value, *found);
    }
    return found;
  }

  void read_inline(const OptionValue& value, TestRows& rows) {
    if (!value.is_list()) {
      return problem("wrong-type", value.span, what_ + ": \"rows\" must be a list of tables",
                     "write rows = [{ column = 1 }]");
    }
    for (const auto& row : value.list()) {
      if (!row.is_table()) {
        problem("wrong-type", row.span,
                fmt::format("{}: a row is a table, not {}", what_, kind_of(row)),
                "write { column = 1 }");
        continue;
      }
      rows.rows.push_back(row);
    }
  }

  const PipelineFile& file_;
  Diagnostics& diagnostics_;
  std::string what_;
  TestSpec test_;
  std::set<std::string> names_;
  std::vector<TestSpec> tests_;
};

}  // namespace

std::vector<TestSpec> read_tests(const PipelineFile& file, Diagnostics& diagnostics) {
  const auto* tests = file.root.find("test");
  if (tests == nullptr || !tests->is_list()) return {};
  TestReader reader(file, diagnostics);
  for (const auto& test : tests->list()) reader.read(test);
  return reader.take();
}

}  // namespace flowrun
