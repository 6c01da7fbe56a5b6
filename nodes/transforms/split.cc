// split: sends each row to the output that its key is routed to, or whose condition holds first.
#include <fmt/format.h>

#include <algorithm>

#include "engine/core/hash.h"
#include "engine/data/text.h"
#include "engine/spec/expression_option.h"
#include "nodes/catalog.h"
#include "nodes/kernels/code_map.h"
#include "nodes/kernels/conditions.h"
#include "nodes/kernels/routed_columns.h"
#include "nodes/kernels/scratch.h"
#include "nodes/kernels/text_ids.h"

namespace flowrun::nodes {
namespace {

NodeSpec split_spec() {
  return {.name = "split",
          .summary = "Sends each row to one of several outputs, by routes or by conditions.",
          .notes =
              "There is one output for each name in the second column of the routes file, in order "
              "of first appearance; "
              "downstream it is called `NODE.OUTPUT`. A key that is no string is looked up by its "
              "canonical text. A row "
              "whose key is null or has no route follows `unmatched`.\n\nInstead of `key` and "
              "`routes`, `where` gives each output a condition, an expression in PostgreSQL's "
              "language: a row goes to the first output whose condition holds. One for which a "
              "condition that is asked has no value (a division by zero) is a reject.",
          .options = {{.name = "key",
                       .kind = OptionKind::column,
                       .help = "The column that is looked up in the routes.",
                       .example = "\"channel\""},
                      {.name = "routes",
                       .kind = OptionKind::any,
                       .help = "A CSV file with a header and two columns, value and output; or the "
                               "same as a table.",
                       .example = "\"channels.csv\"",
                       .shape = "PATH, or { OUTPUT = [VALUE, …], … }"},
                      {.name = "where",
                       .kind = OptionKind::expressions,
                       .help = "Outputs and their conditions, asked in this order.",
                       .example = "{ moving = \"speed > 0.5\", at_rest = \"speed <= 0.5\" }"},
                      {.name = "unmatched",
                       .kind = OptionKind::text,
                       .help = "What becomes of rows without a route: \"reject\", \"drop\" "
                               "(counted as filtered), or the name of "
                               "an output for them.",
                       .fallback = "reject",
                       .example = "\"other\""}},
          .example =
              "[transforms.by_system]\ntype   = \"split\"\ninput  = \"readings\"\nkey    = "
              "\"channel\"\n"
              "routes = \"channels.csv\"\n"};
}

/// Where keys go. Constant but for the cache of dictionary codes.
struct SplitRoutes {
  static constexpr std::int32_t kReject = TextNumbers::kNone;
  static constexpr std::int32_t kDrop = -2;

  TextNumbers outputs_by_key;
  std::vector<std::string> outputs;
  std::int32_t unmatched = kReject;
  CodeMap by_code;

  [[nodiscard]] std::int32_t find(std::string_view key) const {
    const auto output = outputs_by_key.find(key);
    return output == TextNumbers::kNone ? unmatched : output;
  }
};

class Split final : public Transform {
 public:
  Split(std::size_t key, std::string key_name, std::shared_ptr<SplitRoutes> routes)
      : key_(key), key_name_(std::move(key_name)), routes_(std::move(routes)) {}
  void apply(const BatchRef& batch, Output& out) const override;

 private:
  void find_outputs(const Column& keys, std::int32_t* outputs) const;
  void reject_row(const Batch& batch, std::int64_t row, Output& out) const;

  std::size_t key_;
  std::string key_name_;
  std::shared_ptr<SplitRoutes> routes_;
};

std::int32_t output_number(SplitRoutes& routes, const std::string& name) {
  const auto found = std::find(routes.outputs.begin(), routes.outputs.end(), name);
  const auto at = found - routes.outputs.begin();
  if (found == routes.outputs.end()) routes.outputs.push_back(name);
  return static_cast<std::int32_t>(at);
}

/// Reads `routes = { engine = ["ch1", "ch2"] }`.
void read_table(BindContext& context, const OptionValue& table, SplitRoutes& routes) {
  for (const auto& [output, values] : table.table()) {
    const auto number = output_number(routes, output);
    const bool texts =
        values.is_list() && std::all_of(values.list().begin(), values.list().end(),
                                        [](const auto& value) { return value.is_text(); });
    if (!texts) {
      context.error_at(values.span, "wrong-type",
                       fmt::format("routes of \"{}\" are not a list of strings", output));
      continue;
    }
    for (const auto& value : values.list()) {
      if (routes.outputs_by_key.add(value.text(), number)) continue;
      context.error_at(value.span, "bad-routes",
                       fmt::format("\"{}\" has two routes", value.text()));
    }
  }
  if (table.table().empty()) context.error_at(table.span, "bad-routes", "there is no route");
}

/// Reads the option `routes`; false after a diagnostic.
bool read_option(BindContext& context, SplitRoutes& routes, Binding& binding) {
  const auto& value = *context.options().raw("routes");
  if (value.is_table()) {
    read_table(context, value, routes);
    return !routes.outputs.empty();
  }
  if (!value.is_text()) {
    context.error_at(value.span, "wrong-type", "\"routes\" is neither a path nor a table");
    return false;
  }
  const auto file = read_routes(context, "routes", value);
  if (!file) return false;
  for (const auto& route : file->routes) {
    routes.outputs_by_key.add(route.value, output_number(routes, route.output));
  }
  binding.content_hash = file->hash;
  return true;
}

void read_unmatched(BindContext& context, SplitRoutes& routes) {
  const auto& unmatched = context.options().text("unmatched");
  if (unmatched == "drop") {
    routes.unmatched = SplitRoutes::kDrop;
  } else if (unmatched == kRejected || unmatched.empty()) {
    context.error("unmatched", "bad-output",
                  fmt::format("\"{}\" is no name for an output", unmatched),
                  "write \"reject\" to send rows to the rejected port");
  } else if (unmatched != "reject") {
    routes.unmatched = output_number(routes, unmatched);
  }
}

/// Ports for all outputs; reports a name that no output can have.
std::vector<Port> ports_of(BindContext& context, const std::vector<std::string>& outputs,
                           std::string_view option) {
  std::vector<Port> ports;
  for (const auto& output : outputs) {
    if (output == kRejected) {
      context.error(option, "bad-output",
                    "an output cannot be called \"rejected\": every node has that port");
    }
    ports.push_back(unchanged_port(context.input_ref(), output));
  }
  return ports;
}

/// Sends rows by conditions.
class SplitWhere final : public Transform {
 public:
  SplitWhere(std::vector<expr::Expression> conditions, std::int32_t unmatched)
      : conditions_(std::move(conditions)), unmatched_(unmatched) {}

  void apply(const BatchRef& batch, Output& out) const override {
    auto left = batch;
    for (std::size_t i = 0; i < conditions_.size() && left->rows() > 0; ++i) {
      const auto rows = rows_where(conditions_[i], *left, out);
      if (!rows.holding.empty()) out.emit(i, take(*left, rows.holding));
      left = take(*left, rows.others);
    }
    if (left->rows() == 0) return;
    if (unmatched_ >= 0) {
      out.emit(static_cast<std::size_t>(unmatched_), left);
    } else if (unmatched_ == SplitRoutes::kDrop) {
      out.filtered(left->rows());
    } else {
      for (std::int64_t row = 0; row < left->rows(); ++row) {
        out.reject({.reason = "no condition holds",
                    .record = record_of(*left, row),
                    .ordinal = left->ordinal(row)});
      }
    }
  }

 private:
  std::vector<expr::Expression> conditions_;
  std::int32_t unmatched_;
};

Binding bind_where(BindContext& context) {
  Binding binding;
  for (const auto* other : {"key", "routes"}) {
    if (context.options().raw(other) != nullptr) {
      context.error(other, "conflicting-options",
                    fmt::format("both \"where\" and \"{}\" are given", other),
                    "rows go by routes or by conditions");
    }
  }
  SplitRoutes routes;
  std::vector<expr::Expression> conditions;
  for (const auto& [output, value] : context.options().raw("where")->table()) {
    static_cast<void>(output_number(routes, output));
    if (auto condition = compile_condition(context, value, context.input())) {
      conditions.push_back(std::move(*condition));
    }
  }
  if (routes.outputs.empty()) context.error("where", "bad-routes", "there is no condition");
  read_unmatched(context, routes);
  binding.outputs = ports_of(context, routes.outputs, "where");
  binding.make_transform = [conditions, unmatched = routes.unmatched] {
    return std::make_unique<SplitWhere>(conditions, unmatched);
  };
  return binding;
}

Binding bind_split(BindContext& context) {
  if (context.options().has("where")) return bind_where(context);
  Binding binding;
  const auto& input = context.input();
  for (const auto* option : {"key", "routes"}) {
    if (context.options().raw(option) != nullptr) continue;
    context.error(option, "missing-option", fmt::format("option \"{}\" is missing", option),
                  "give key and routes, or where = { OUTPUT = \"condition\" }");
    return binding;
  }
  const auto key = input.index_of(context.options().text("key")).value();
  auto routes = std::make_shared<SplitRoutes>();
  if (!read_option(context, *routes, binding)) return binding;
  read_unmatched(context, *routes);
  binding.outputs = ports_of(context, routes->outputs, "routes");
  binding.make_transform = [key, name = input.field(key).name, routes] {
    return std::make_unique<Split>(key, name, routes);
  };
  return binding;
}

void Split::find_outputs(const Column& keys, std::int32_t* outputs) const {
  const auto rows = keys.length();
  const auto find = [&](std::string_view text) { return routes_->find(text); };
  if (keys.is_dictionary() && (keys.dictionary_id() != 0 || keys.dictionary()->length() <= rows)) {
    const auto by_code = routes_->by_code.of(keys, find);
    const auto codes = keys.codes();
    for (std::int64_t row = 0; row < rows; ++row) {
      outputs[row] =
          keys.is_valid(row)
              ? (*by_code)[static_cast<std::size_t>(codes[static_cast<std::size_t>(row)])]
              : routes_->unmatched;
    }
    return;
  }
  for (std::int64_t row = 0; row < rows; ++row) {
    if (!keys.is_valid(row)) {
      outputs[row] = routes_->unmatched;
    } else {
      outputs[row] =
          keys.type().id == TypeId::string ? find(keys.text(row)) : find(text_of(keys, row));
    }
  }
}

void Split::reject_row(const Batch& batch, std::int64_t row, Output& out) const {
  const auto& keys = batch.column(key_);
  out.reject({.reason = keys.is_valid(row) ? "no route" : "the key is null",
              .column = key_name_,
              .value = text_of(keys, row),
              .record = record_of(batch, row),
              .ordinal = batch.ordinal(row)});
}

void Split::apply(const BatchRef& batch, Output& out) const {
  const auto rows = static_cast<std::size_t>(batch->rows());
  Scratch<std::int32_t> outputs(rows);
  find_outputs(batch->column(key_), outputs.data());
  std::vector<std::vector<std::uint32_t>> by_output(routes_->outputs.size());
  std::int64_t dropped = 0;
  for (std::uint32_t row = 0; row < rows; ++row) {
    const auto output = outputs[row];
    if (output >= 0) {
      by_output[static_cast<std::size_t>(output)].push_back(row);
    } else if (output == SplitRoutes::kDrop) {
      ++dropped;
    } else {
      reject_row(*batch, row, out);
    }
  }
  out.filtered(dropped);
  for (std::size_t port = 0; port < by_output.size(); ++port) {
    if (by_output[port].empty()) continue;
    out.emit(port, by_output[port].size() == rows ? batch : take(*batch, by_output[port]));
  }
}

}  // namespace

NodeType split() { return {split_spec(), bind_split}; }

}  // namespace flowrun::nodes
