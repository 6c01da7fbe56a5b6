#include "nodes/transforms/unpivot_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "engine/data/builder.h"
#include "nodes/kernels/cast.h"
#include "nodes/kernels/routed_columns.h"

namespace flowrun::nodes {
namespace {

using Places = std::vector<std::size_t>;

bool holds(const Places& places, std::size_t place) {
  return std::find(places.begin(), places.end(), place) != places.end();
}

/// Reads the options and remembers whether one was wrong.
class UnpivotReader {
 public:
  UnpivotReader(BindContext& context, Binding& binding)
      : context_(context), binding_(binding), input_(context.input()) {}

  std::shared_ptr<const UnpivotPlan> read() {
    read_index();
    read_columns();
    if (good_ && plan_.columns.empty()) {
      error("columns", "no-columns", "there is no column to turn into rows");
    }
    if (good_) read_value_type();
    if (good_) make_output();
    if (!good_) return nullptr;
    plan_.drops_nulls = context_.options().text("nulls") == "drop";
    ColumnBuilder names(kString);
    for (const auto place : plan_.columns) names.append_text(input_.field(place).name);
    plan_.names = names.finish();
    plan_.names_id = new_dictionary_id();
    return std::make_shared<const UnpivotPlan>(std::move(plan_));
  }

 private:
  void error(std::string_view option, std::string code, std::string message,
             std::string hint = {}) {
    context_.error(option, std::move(code), std::move(message), std::move(hint));
    good_ = false;
  }

  void read_index() {
    for (const auto& name : context_.options().names("index")) {
      const auto place = input_.index_of(name).value();
      if (holds(plan_.index, place)) {
        error("index", "duplicate-column", fmt::format("column \"{}\" stands twice", name));
      } else {
        plan_.index.push_back(place);
      }
    }
  }

  void read_columns() {
    const auto* value = context_.options().raw("columns");
    if (value == nullptr) {
      for (std::size_t place = 0; place < input_.size(); ++place) {
        if (!holds(plan_.index, place)) plan_.columns.push_back(place);
      }
    } else if (value->is_list()) {
      read_list(*value);
    } else {
      read_routed();
    }
  }

  void read_list(const OptionValue& value) {
    for (const auto& item : value.list()) {
      const auto place = item.is_text() ? input_.index_of(item.text()) : std::nullopt;
      if (place) {
        add_column(*place);
        continue;
      }
      good_ = false;
      if (item.is_text()) {
        context_.error_at(item.span, "unknown-column",
                          fmt::format("the input has no column \"{}\"", item.text()),
                          suggest(item.text(), input_.names()));
      } else {
        context_.error_at(item.span, "wrong-type", "a column's name is a string");
      }
    }
  }

  void read_routed() {
    const auto routed = read_routed_columns(context_, "columns");
    if (!routed) {
      good_ = false;
      return;
    }
    for (const auto& name : routed->names) {
      if (const auto place = input_.index_of(name)) add_column(*place);
    }
    binding_.content_hash = routed->hash;
    binding_.notes.push_back(fmt::format("{} of the {} columns of \"{}\" are in the input",
                                         plan_.columns.size(), routed->names.size(),
                                         routed->output));
  }

  void add_column(std::size_t place) {
    const auto& name = input_.field(place).name;
    const bool in_index = holds(plan_.index, place);
    if (in_index || holds(plan_.columns, place)) {
      error("columns", "duplicate-column",
            fmt::format("column \"{}\" {}", name,
                        in_index ? "is in the index, too" : "stands twice"));
    } else {
      plan_.columns.push_back(place);
    }
  }

  void read_value_type() {
    const auto& first = input_.field(plan_.columns.front());
    plan_.value_type = first.type;
    if (!context_.options().has("value_type")) {
      for (const auto place : plan_.columns) {
        const auto& other = input_.field(place);
        if (other.type == first.type) continue;
        error("columns", "wrong-type",
              fmt::format("column \"{}\" is {}, column \"{}\" is {}", first.name,
                          to_string(first.type), other.name, to_string(other.type)),
              "say what they become: value_type = \"float64\"");
        return;
      }
      return;
    }
    const auto& text = context_.options().text("value_type");
    const auto type = parse_type(text);
    if (!type) {
      error("value_type", "unknown-type", fmt::format("there is no type \"{}\"", text),
            fmt::format("types: {}", type_names()));
      return;
    }
    plan_.value_type = *type;
    for (const auto place : plan_.columns) {
      const auto& field = input_.field(place);
      if (can_cast(field.type, *type)) continue;
      error("value_type", "impossible-cast",
            fmt::format("column \"{}\" cannot be cast from {} to {}", field.name,
                        to_string(field.type), to_string(*type)));
    }
  }

  void make_output() {
    std::vector<Field> fields;
    for (const auto place : plan_.index) fields.push_back(input_.field(place));
    const auto add = [&](std::string_view option, Type type) {
      const auto& name = context_.options().text(option);
      const auto same = [&](const Field& field) { return field.name == name; };
      if (name.empty()) {
        error(option, "option-value", fmt::format("\"{}\" is empty", option));
      } else if (std::any_of(fields.begin(), fields.end(), same)) {
        error(option, "duplicate-column", fmt::format("there is a column \"{}\" already", name),
              fmt::format("give it another name by \"{}\"", option));
      }
      fields.push_back({name, type});
    };
    add("name", kString);
    add("value", plan_.value_type);
    if (good_) plan_.output = make_schema(std::move(fields));
  }

  BindContext& context_;
  Binding& binding_;
  const Schema& input_;
  UnpivotPlan plan_;
  bool good_ = true;
};

/// Values of fixed width.
template <typename T>
BufferRef gather(const std::vector<ColumnRef>& values, const UnpivotCells& cells) {
  std::vector<const T*> starts;
  for (const auto& column : values) starts.push_back(column->values<T>().data());
  auto out = Buffer::allocate(cells.rows.size() * sizeof(T));
  auto* to = out->mutable_as<T>();
  for (std::size_t i = 0; i < cells.rows.size(); ++i) {
    to[i] = starts[static_cast<std::size_t>(cells.columns[i])][cells.rows[i]];
  }
  return out;
}

void gather_validity(const std::vector<ColumnRef>& values, const UnpivotCells& cells,
                     ColumnParts& parts) {
  auto bits = Buffer::allocate(bytes_for_bits(parts.length));
  std::memset(bits->mutable_data(), 0xFF, bits->size());
  for (std::size_t i = 0; i < cells.rows.size(); ++i) {
    if (values[static_cast<std::size_t>(cells.columns[i])]->is_valid(cells.rows[i])) continue;
    set_bit(bits->mutable_data(), static_cast<std::int64_t>(i), false);
    ++parts.null_count;
  }
  if (parts.null_count > 0) parts.validity = std::move(bits);
}

/// Texts and booleans, value by value.
ColumnRef gather_by_builder(Type type, const std::vector<ColumnRef>& values,
                            const UnpivotCells& cells) {
  ColumnBuilder builder(type);
  builder.reserve(static_cast<std::int64_t>(cells.rows.size()));
  for (std::size_t i = 0; i < cells.rows.size(); ++i) {
    builder.append_from(*values[static_cast<std::size_t>(cells.columns[i])], cells.rows[i]);
  }
  return builder.finish();
}

}  // namespace

std::shared_ptr<const UnpivotPlan> plan_unpivot(BindContext& context, Binding& binding) {
  return UnpivotReader(context, binding).read();
}

ColumnRef name_column(const UnpivotPlan& plan, const UnpivotCells& cells) {
  auto codes = Buffer::allocate(cells.columns.size() * sizeof(std::int32_t));
  std::memcpy(codes->mutable_data(), cells.columns.data(), codes->size());
  ColumnParts parts{.type = kString, .length = static_cast<std::int64_t>(cells.columns.size())};
  parts.values = std::move(codes);
  parts.dictionary = plan.names;
  parts.dictionary_id = plan.names_id;
  return std::make_shared<const Column>(std::move(parts));
}

ColumnRef value_column(Type type, const std::vector<ColumnRef>& values, const UnpivotCells& cells) {
  if (type.width() == 0) return gather_by_builder(type, values, cells);
  ColumnParts parts{.type = type, .length = static_cast<std::int64_t>(cells.rows.size())};
  if (type.width() == 16) {
    parts.values = gather<Int128>(values, cells);
  } else if (type.width() == 4) {
    parts.values = gather<std::int32_t>(values, cells);
  } else {
    parts.values = gather<std::int64_t>(values, cells);
  }
  gather_validity(values, cells, parts);
  return std::make_shared<const Column>(std::move(parts));
}

}  // namespace flowrun::nodes
