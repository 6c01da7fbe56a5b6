// hash: adds hash keys and hashdiffs, as a Data Vault has them.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/data/builder.h"
#include "engine/data/text.h"
#include "engine/expr/digest.h"
#include "engine/expr/utf8.h"
#include "nodes/catalog.h"

namespace flowrun::nodes {
namespace {

NodeSpec hash_spec() {
  return {
      .name = "hash",
      .summary = "Adds hash keys and hashdiffs, as a Data Vault has them.",
      .notes =
          "A key of one column is null where that is null; a key of several is null where all of "
          "them are. A hashdiff is never null. New columns stand behind the others, keys first.\n\n"
          "`standard = \"flowrun\"`: every value as a letter for its type, the length of its "
          "canonical text in bytes, a colon, the text and a semicolon (`s5:hello;`), a null as "
          "`n;`, one behind the other in the order written: no two rows of different values are "
          "hashed alike.\n\n`standard = \"dv2\"`: as automate-dv and dbtvault do, to stand beside "
          "what they loaded. Every value as text, trimmed of blanks and in capitals, an empty one "
          "as null; nulls as `^^`; joined by `||`; the columns of a hashdiff in the order of the "
          "alphabet. Known holes of that standard: (`a||b`, `c`) and (`a`, `b||c`) hash alike, so "
          "do `^^` and null, and a change of case is not seen.",
      .options = {{.name = "keys",
                   .kind = OptionKind::any,
                   .help = "Hash keys, each with its columns.",
                   .example = "{ customer_hk = [\"customer_id\"] }",
                   .shape = "{ NAME = [COLUMN, …], … }"},
                  {.name = "hashdiffs",
                   .kind = OptionKind::any,
                   .help = "Hashdiffs, each with its columns.",
                   .example = "{ customer_hashdiff = [\"name\", \"country\"] }",
                   .shape = "{ NAME = [COLUMN, …], … }"},
                  {.name = "standard",
                   .kind = OptionKind::choice,
                   .help = "How values become the text that is hashed.",
                   .fallback = "flowrun",
                   .choices = {"flowrun", "dv2"},
                   .example = "\"dv2\""},
                  {.name = "method",
                   .kind = OptionKind::choice,
                   .help = "The digest.",
                   .fallback = "md5",
                   .choices = {"md5", "sha1", "sha256"},
                   .example = "\"sha256\""},
                  {.name = "output",
                   .kind = OptionKind::choice,
                   .help = "Hex digits in capitals as a string, or bytes.",
                   .fallback = "hex",
                   .choices = {"hex", "bytes"},
                   .example = "\"bytes\""}},
      .example =
          "[transforms.hashed]\ntype      = \"hash\"\ninput     = \"customers\"\n"
          "keys      = { customer_hk = [\"customer_id\"] }\n"
          "hashdiffs = { customer_hashdiff = [\"name\", \"country\"] }\n"};
}

struct HashColumn {
  std::string name;
  std::vector<std::size_t> from;
  bool may_be_null = false;
};

struct HashPlan {
  SchemaRef schema;
  std::vector<HashColumn> columns;
  bool dv2 = false;
  bool as_bytes = false;
  expr::DigestMethod method = expr::DigestMethod::md5;
};

/// A letter for each type, in the order of TypeId.
constexpr std::string_view kTypeLetters = "bifdsDtzx";

/// The text of row `row` in the flowrun standard; true where every value is null.
bool append_plain(const HashColumn& column, const Batch& batch, std::int64_t row,
                  std::string& out) {
  bool all_null = true;
  std::string text;
  for (const auto from : column.from) {
    const auto& values = batch.column(from);
    if (!values.is_valid(row)) {
      out += "n;";
      continue;
    }
    all_null = false;
    text.clear();
    append_text(text, values, row);
    out += kTypeLetters[static_cast<std::size_t>(values.type().id)];
    out += fmt::format("{}:{};", text.size(), text);
  }
  return all_null;
}

/// The same in the dv2 standard.
bool append_dv2(const HashColumn& column, const Batch& batch, std::int64_t row, std::string& out) {
  bool all_null = true;
  std::string text;
  for (std::size_t i = 0; i < column.from.size(); ++i) {
    if (i > 0) out += "||";
    text.clear();
    const auto& values = batch.column(column.from[i]);
    if (values.is_valid(row)) append_text(text, values, row);
    const auto begin = text.find_first_not_of(' ');
    if (begin == std::string::npos) {
      out += "^^";
      continue;
    }
    all_null = false;
    const auto end = text.find_last_not_of(' ') + 1;
    expr::append_upper(std::string_view(text).substr(begin, end - begin), out);
  }
  return all_null;
}

class Hash final : public Transform {
 public:
  explicit Hash(std::shared_ptr<const HashPlan> plan) : plan_(std::move(plan)) {}

  void apply(const BatchRef& batch, Output& out) const override {
    auto columns = batch->columns();
    for (const auto& column : plan_->columns) columns.push_back(hashed(column, *batch));
    out.emit(0, std::make_shared<const Batch>(plan_->schema, std::move(columns), batch->rows(),
                                              batch->ordinals()));
  }

 private:
  [[nodiscard]] ColumnRef hashed(const HashColumn& column, const Batch& batch) const {
    ColumnBuilder builder(plan_->as_bytes ? kBytes : kString);
    builder.reserve(batch.rows());
    std::string text;
    std::string hex;
    for (std::int64_t row = 0; row < batch.rows(); ++row) {
      text.clear();
      const bool all_null = plan_->dv2 ? append_dv2(column, batch, row, text)
                                       : append_plain(column, batch, row, text);
      if (all_null && column.may_be_null) {
        builder.append_null();
        continue;
      }
      const auto bytes = expr::digest(plan_->method, text);
      if (plan_->as_bytes) {
        builder.append_text(bytes);
      } else {
        hex.clear();
        append_hex(hex, bytes, true);
        builder.append_text(hex);
      }
    }
    return builder.finish();
  }

  std::shared_ptr<const HashPlan> plan_;
};

/// Reads one entry of `keys` or `hashdiffs`.
void read_column(BindContext& context, const std::string& name, const OptionValue& value,
                 bool is_key, HashPlan& plan) {
  HashColumn column{.name = name, .may_be_null = is_key};
  const auto add = [&](const OptionValue& item) {
    const auto at = item.is_text() ? context.input().index_of(item.text()) : std::nullopt;
    if (at) {
      column.from.push_back(*at);
      return;
    }
    context.error_at(item.span, "unknown-column",
                     item.is_text() ? fmt::format("there is no column \"{}\"", item.text())
                                    : "a column's name is wanted",
                     item.is_text() ? suggest(item.text(), context.input().names()) : "");
  };
  if (value.is_list()) {
    for (const auto& item : value.list()) add(item);
  } else {
    add(value);
  }
  if (value.is_list() && value.list().empty()) {
    context.error_at(value.span, "no-columns", fmt::format("\"{}\" has no columns", name));
  }
  const bool taken = context.input().index_of(name).has_value() ||
                     std::any_of(plan.columns.begin(), plan.columns.end(),
                                 [&](const HashColumn& each) { return each.name == name; });
  if (taken) {
    context.error_at(value.key_span, "duplicate-column",
                     fmt::format("there is a column \"{}\" already", name));
  }
  if (!is_key && plan.dv2) {
    std::sort(column.from.begin(), column.from.end(), [&](std::size_t a, std::size_t b) {
      return context.input().field(a).name < context.input().field(b).name;
    });
  }
  plan.columns.push_back(std::move(column));
}

Binding bind_hash(BindContext& context) {
  const auto& options = context.options();
  auto plan = std::make_shared<HashPlan>();
  plan->dv2 = options.text("standard") == "dv2";
  plan->as_bytes = options.text("output") == "bytes";
  const auto& method = options.text("method");
  plan->method = method == "sha1"     ? expr::DigestMethod::sha1
                 : method == "sha256" ? expr::DigestMethod::sha256
                                      : expr::DigestMethod::md5;
  for (const auto* option : {"keys", "hashdiffs"}) {
    const auto* value = options.raw(option);
    if (value == nullptr) continue;
    if (!value->is_table()) {
      context.error(option, "wrong-type", fmt::format("\"{}\" is no table", option),
                    fmt::format("write {} = {{ NAME = [\"column\"] }}", option));
      continue;
    }
    for (const auto& [name, columns] : value->table()) {
      read_column(context, name, columns, option == std::string_view("keys"), *plan);
    }
  }
  if (plan->columns.empty() && !options.has("keys") && !options.has("hashdiffs")) {
    context.error("keys", "missing-option", "neither keys nor hashdiffs are given");
  }
  std::vector<Field> fields = context.input().fields();
  Binding binding;
  auto port = unchanged_port(context.input_ref());
  for (const auto& column : plan->columns) {
    fields.push_back({column.name, plan->as_bytes ? kBytes : kString});
    port.unchanged_from.emplace_back();
  }
  if (context.diagnostics().has_errors()) return binding;
  port.schema = plan->schema = make_schema(std::move(fields));
  binding.outputs.push_back(std::move(port));
  binding.make_transform = [plan] { return std::make_unique<Hash>(plan); };
  return binding;
}

}  // namespace

NodeType hash() { return {hash_spec(), bind_hash}; }

}  // namespace flowrun::nodes
