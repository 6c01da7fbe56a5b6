#include "nodes/sources/postgres_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace flowrun::nodes {
namespace {

using postgres::FilterTerm;

class OptionsReader {
 public:
  explicit OptionsReader(BindContext& context) : context_(context), options_(context.options()) {}

  std::optional<PostgresOptions> read() {
    read_relation();
    if (const auto* written = options_.raw("columns")) read_columns(*written);
    if (const auto* written = options_.raw("filter")) read_filter(*written);
    wish().order_by = options_.names("order_by");
    wish().window_column = context_.window_column();
    found_.has_types = !found_.columns.empty() &&
                       std::all_of(found_.columns.begin(), found_.columns.end(),
                                   [](const auto& column) { return column.type.has_value(); });
    return ok_ ? std::optional(std::move(found_)) : std::nullopt;
  }

 private:
  postgres::RelationWish& wish() { return found_.wish; }

  void error(std::string_view option, std::string code, std::string message,
             std::string hint = {}) {
    context_.error(option, std::move(code), std::move(message), std::move(hint));
    ok_ = false;
  }
  void error_at(const OptionValue& value, std::string code, std::string message,
                std::string hint = {}) {
    context_.error_at(value.span, std::move(code), std::move(message), std::move(hint));
    ok_ = false;
  }

  void read_relation() {
    if (options_.has("table") == options_.has("query")) {
      const bool none = !options_.has("table");
      return error(none ? "url" : "query", none ? "missing-option" : "conflicting-options",
                   none ? "neither \"table\" nor \"query\" says what to read"
                        : "both \"table\" and \"query\" are given",
                   "give one of them");
    }
    if (const auto* query = options_.raw("query"); query != nullptr) {
      wish().query = options_.text("query");
      wish().bound = query->bound;
      return;
    }
    wish().table = postgres::parse_table_name(options_.text("table"));
    if (!wish().table) {
      error("table", "bad-name", fmt::format("no name of a table: \"{}\"", options_.text("table")),
            "write \"schema.table\" or \"table\"; a part with dots in it in double quotes");
    }
  }

  void add_column(const OptionValue& at, const std::string& name, std::optional<Type> type) {
    const auto& columns = found_.columns;
    if (std::any_of(columns.begin(), columns.end(),
                    [&](const auto& c) { return c.name == name; })) {
      return error_at(at, "duplicate-column", fmt::format("column \"{}\" stands here twice", name));
    }
    found_.columns.push_back({name, type, at.span});
  }

  void read_columns(const OptionValue& written) {
    if (written.is_list()) {
      for (const auto& item : written.list()) {
        if (!item.is_text()) return bad_columns(item);
        add_column(item, item.text(), std::nullopt);
      }
    } else if (written.is_table()) {
      for (const auto& [name, item] : written.table()) {
        const auto type = item.is_text() ? parse_type(item.text()) : std::nullopt;
        if (!item.is_text()) return bad_columns(item);
        if (!type) {
          error_at(item, "unknown-type", fmt::format("there is no type \"{}\"", item.text()),
                   fmt::format("types are {}", type_names()));
        } else {
          add_column(item, name, type);
        }
      }
    } else {
      return bad_columns(written);
    }
    if (found_.columns.empty() && ok_) {
      error_at(written, "option-value", "\"columns\" names no column",
               "leave it out to read all there are");
    }
  }

  void bad_columns(const OptionValue& at) {
    error_at(at, "wrong-type", "\"columns\" is a list of names, or a table of names and types",
             "for example: [\"id\", \"total\"] or { id = \"int64\", total = \"decimal(12,2)\" }");
  }

  void read_filter(const OptionValue& written) {
    if (!written.is_table()) {
      return error_at(written, "wrong-type", "\"filter\" is a table of columns and their values",
                      "for example: { ship_id = \"x\", kind = [\"a\", \"b\"] }");
    }
    for (const auto& [name, value] : written.table()) {
      FilterTerm term{.column = name};
      found_.filter_columns.emplace_back(name, value.key_span);
      if (value.is_table()) {
        read_null(value, term);
      } else if (value.is_list()) {
        for (const auto& item : value.list()) read_value(item, term);
        if (value.list().empty()) {
          error_at(value, "option-value", fmt::format("the filter of \"{}\" has no value", name));
        }
      } else {
        read_value(value, term);
      }
      wish().filter.push_back(std::move(term));
    }
  }

  /// { null = true }
  void read_null(const OptionValue& value, FilterTerm& term) {
    const auto* null = value.find("null");
    const bool* is_null = null == nullptr ? nullptr : std::get_if<bool>(&null->value);
    if (is_null == nullptr || value.table().size() != 1) {
      return error_at(
          value, "option-value",
          fmt::format("the filter of \"{}\" is no value, list of values or {{ null = … }}",
                      term.column),
          "write { null = true } for rows without a value, { null = false } for those "
          "with one");
    }
    term.kind = *is_null ? FilterTerm::Kind::is_null : FilterTerm::Kind::is_not_null;
  }

  void read_value(const OptionValue& value, FilterTerm& term) {
    std::string text;
    if (value.is_text()) {
      text = value.text();
    } else if (const auto* flag = std::get_if<bool>(&value.value)) {
      text = *flag ? "true" : "false";
    } else if (const auto* integer = std::get_if<std::int64_t>(&value.value)) {
      text = std::to_string(*integer);
    } else if (const auto* real = std::get_if<double>(&value.value)) {
      text = fmt::format("{}", *real);
    } else {
      return error_at(value, "wrong-type",
                      fmt::format("a value in the filter of \"{}\" is a string, a number or a "
                                  "boolean",
                                  term.column));
    }
    found_.filter_values.push_back({term.column, text, value.span});
    term.values.push_back(std::move(text));
  }

  BindContext& context_;
  const Options& options_;
  PostgresOptions found_;
  bool ok_ = true;
};

}  // namespace

std::optional<PostgresOptions> read_postgres_options(BindContext& context) {
  return OptionsReader(context).read();
}

}  // namespace flowrun::nodes
