#include "engine/data/arrow_c.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/core/error.h"
#include "engine/data/builder.h"

namespace flowrun {
namespace {

// -----------------------------------------------------------------------------------------------
// export

std::string format_of(Type type) {
  switch (type.id) {
    case TypeId::boolean:
      return "b";
    case TypeId::int64:
      return "l";
    case TypeId::float64:
      return "g";
    case TypeId::decimal:
      return fmt::format("d:{},{}", type.precision, type.scale);
    case TypeId::string:
      return "u";
    case TypeId::date:
      return "tdD";
    case TypeId::timestamp:
      return "tsu:";
    case TypeId::timestamptz:
      return "tsu:UTC";
    case TypeId::bytes:
      return "z";
  }
  return "";
}

/// What an exported schema points into.
struct SchemaData {
  std::string format;
  std::string name;
  std::vector<ArrowSchema> children;
  std::vector<ArrowSchema*> child_pointers;
  ArrowSchema dictionary{};
};

/// What an exported array points into.
struct ArrayData {
  ColumnRef column;
  std::array<const void*, 3> buffers{};
  std::vector<ArrowArray> children;
  std::vector<ArrowArray*> child_pointers;
  ArrowArray dictionary{};
};

/// Releases children that nobody has moved away, then the data itself; the same for both
/// structures.
template <typename Exported, typename Data>
void release(Exported* exported) {
  for (std::int64_t i = 0; i < exported->n_children; ++i) {
    auto* child = exported->children[i];
    if (child->release != nullptr) child->release(child);
  }
  auto* dictionary = exported->dictionary;
  if (dictionary != nullptr && dictionary->release != nullptr) dictionary->release(dictionary);
  delete static_cast<Data*>(exported->private_data);
  exported->release = nullptr;
}

void fill_schema(std::unique_ptr<SchemaData> data, ArrowSchema* out) {
  for (auto& child : data->children) data->child_pointers.push_back(&child);
  *out =
      ArrowSchema{.format = data->format.c_str(),
                  .name = data->name.c_str(),
                  .metadata = nullptr,
                  .flags = data->format == "+s" ? 0 : ARROW_FLAG_NULLABLE,
                  .n_children = static_cast<std::int64_t>(data->children.size()),
                  .children = data->children.empty() ? nullptr : data->child_pointers.data(),
                  .dictionary = data->dictionary.release != nullptr ? &data->dictionary : nullptr,
                  .release = release<ArrowSchema, SchemaData>,
                  .private_data = data.get()};
  (void)data.release();  // owned by *out from here on
}

void export_type(Type type, bool dictionary, const std::string& name, ArrowSchema* out) {
  auto data = std::make_unique<SchemaData>();
  data->format = dictionary ? "i" : format_of(type);
  data->name = name;
  if (dictionary) export_type(type, false, "", &data->dictionary);
  fill_schema(std::move(data), out);
}

void fill_array(std::unique_ptr<ArrayData> data, const ArrowArray& shape, ArrowArray* out) {
  for (auto& child : data->children) data->child_pointers.push_back(&child);
  *out = shape;
  out->n_children = static_cast<std::int64_t>(data->children.size());
  out->buffers = data->buffers.data();
  out->children = data->children.empty() ? nullptr : data->child_pointers.data();
  out->dictionary = data->dictionary.release != nullptr ? &data->dictionary : nullptr;
  out->release = release<ArrowArray, ArrayData>;
  out->private_data = data.release();
}

void export_values(const ColumnRef& column, ArrowArray* out) {
  auto data = std::make_unique<ArrayData>();
  data->column = column;
  const auto& parts = column->parts();
  const auto at = [](const BufferRef& buffer) { return buffer ? buffer->data() : nullptr; };
  data->buffers = {parts.null_count != 0 ? at(parts.validity) : nullptr, at(parts.values),
                   at(parts.data)};
  if (parts.dictionary) export_values(parts.dictionary, &data->dictionary);
  const bool has_data = parts.type.is_text() && !parts.dictionary;
  fill_array(std::move(data),
             {.length = parts.length,
              .null_count = parts.null_count,
              .offset = parts.offset,
              .n_buffers = has_data ? 3 : 2},
             out);
}

// -----------------------------------------------------------------------------------------------
// import

[[noreturn]] void unsupported(const ArrowSchema& schema, std::string_view why) {
  const std::string_view name = schema.name != nullptr ? schema.name : "";
  throw Error(Errc::data, "column \"{}\": {}, its Arrow format is \"{}\"", name, why,
              schema.format);
}

std::optional<Type> parse_decimal_format(std::string_view text) {
  std::array<int, 3> numbers{0, 0, 128};  // precision, scale, width
  std::size_t count = 0;
  for (; count < numbers.size(); ++count) {
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), numbers[count]);
    if (error != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.empty()) break;
    if (text.front() != ',') return std::nullopt;
    text.remove_prefix(1);
  }
  const auto [precision, scale, width] = numbers;
  if (count == 0 || width != 128 || precision < 1 || precision > 38) return std::nullopt;
  if (scale < 0 || scale > precision) return std::nullopt;
  return decimal_type(precision, scale);
}

Type import_type(const ArrowSchema& schema) {
  if (schema.dictionary != nullptr) {
    if (std::strcmp(schema.format, "i") != 0 || std::strcmp(schema.dictionary->format, "u") != 0) {
      unsupported(schema, "only int32 codes of utf8 strings are supported as a dictionary");
    }
    return kString;
  }
  const std::string_view format = schema.format;
  for (const auto type : {kBoolean, kInt64, kFloat64, kString, kDate, kTimestamp, kBytes}) {
    if (format == format_of(type)) return type;
  }
  if (format.substr(0, 4) == "tsu:") return kTimestamptz;  // values are UTC whatever zone is named
  if (format.substr(0, 2) == "d:") {
    if (const auto type = parse_decimal_format(format.substr(2))) return *type;
  }
  unsupported(schema, "it has no type here");
}

/// An array that was taken over; released when the last buffer that points into it goes.
struct OwnedArray {
  ArrowArray array;
  explicit OwnedArray(ArrowArray* taken) : array(*taken) { taken->release = nullptr; }
  ~OwnedArray() {
    if (array.release != nullptr) array.release(&array);
  }
  OwnedArray(const OwnedArray&) = delete;
  OwnedArray& operator=(const OwnedArray&) = delete;
};
using Owner = std::shared_ptr<const OwnedArray>;

/// Wraps `size` bytes of a foreign buffer; copies them where they are not aligned to `width`.
BufferRef import_buffer(const void* data, std::size_t size, std::size_t width, const Owner& owner) {
  if (data != nullptr && reinterpret_cast<std::uintptr_t>(data) % width == 0) {
    return Buffer::wrap(data, size, owner);
  }
  auto copy = Buffer::allocate(size);
  std::memset(copy->mutable_data(), 0, data == nullptr ? size : 0);
  if (data != nullptr) std::memcpy(copy->mutable_data(), data, size);
  return copy;
}

/// A column whose null rows hold no text, as the rest of the engine takes for granted.
ColumnRef without_text_under_nulls(ColumnRef column) {
  if (!column->has_nulls()) return column;
  bool clean = true;
  for (std::int64_t i = 0; i < column->length(); ++i) {
    clean = clean && (column->is_valid(i) || column->text(i).empty());
  }
  if (clean) return column;
  ColumnBuilder builder(column->type());
  for (std::int64_t i = 0; i < column->length(); ++i) builder.append_from(*column, i);
  return builder.finish();
}

/// Plain strings, null where the code or the dictionary's entry is.
ColumnRef decode(const Column& codes, const Column& dictionary) {
  ColumnBuilder builder(kString);
  for (std::int64_t i = 0; i < codes.length(); ++i) {
    if (codes.is_valid(i)) {
      builder.append_from(dictionary, codes.codes()[static_cast<std::size_t>(i)]);
    } else {
      builder.append_null();
    }
  }
  return builder.finish();
}

/// Rows [from, from + length) of `array`.
ColumnRef import_values(const ArrowArray& array, const ArrowSchema& schema, std::int64_t from,
                        std::int64_t length, const Owner& owner) {
  const auto type = import_type(schema);
  const bool coded = schema.dictionary != nullptr;
  ColumnParts parts{.type = type, .length = length, .offset = array.offset + from};
  const auto rows = static_cast<std::size_t>(parts.offset + length);
  const auto* validity = static_cast<const std::uint8_t*>(array.buffers[0]);
  if (validity != nullptr && array.null_count != 0) {
    parts.null_count = length - count_bits(validity, parts.offset, length);
    parts.validity = Buffer::wrap(validity, bytes_for_bits(parts.offset + length), owner);
  }
  if (type.is_text()) {
    const auto count = rows + (coded ? 0 : 1);
    const auto* source =
        rows == 0 ? nullptr : array.buffers[1];  // some leave out the one offset of no rows
    parts.values = import_buffer(source, count * sizeof(std::int32_t), 4, owner);
  } else if (type.width() == 0) {
    parts.values = import_buffer(array.buffers[1], bytes_for_bits(parts.offset + length), 1, owner);
  } else {
    const auto width = static_cast<std::size_t>(type.width());
    parts.values = import_buffer(array.buffers[1], rows * width, width, owner);
  }
  if (!coded && type.is_text()) {
    const auto size = parts.values->as<std::int32_t>()[rows];
    parts.data = import_buffer(array.buffers[2], static_cast<std::size_t>(size), 1, owner);
    return without_text_under_nulls(std::make_shared<const Column>(std::move(parts)));
  }
  if (!coded) return std::make_shared<const Column>(std::move(parts));
  const auto dictionary =
      import_values(*array.dictionary, *schema.dictionary, 0, array.dictionary->length, owner);
  if (dictionary->has_nulls()) return decode(Column(std::move(parts)), *dictionary);
  parts.dictionary = dictionary;
  return std::make_shared<const Column>(std::move(parts));
}

}  // namespace

void export_schema(const Schema& schema, ArrowSchema* out) {
  auto data = std::make_unique<SchemaData>();
  data->format = "+s";
  data->children.resize(schema.size());
  for (std::size_t i = 0; i < schema.size(); ++i) {
    export_type(schema.field(i).type, false, schema.field(i).name, &data->children[i]);
  }
  fill_schema(std::move(data), out);
}

void export_column(const ColumnRef& column, const std::string& name, ArrowSchema* schema,
                   ArrowArray* array) {
  export_type(column->type(), column->is_dictionary(), name, schema);
  export_values(column, array);
}

void export_batch(const Batch& batch, ArrowSchema* schema, ArrowArray* array) {
  auto types = std::make_unique<SchemaData>();
  auto values = std::make_unique<ArrayData>();
  types->format = "+s";
  types->children.resize(batch.columns().size());
  values->children.resize(batch.columns().size());
  for (std::size_t i = 0; i < batch.columns().size(); ++i) {
    export_column(batch.column_ref(i), batch.schema().field(i).name, &types->children[i],
                  &values->children[i]);
  }
  fill_schema(std::move(types), schema);
  fill_array(std::move(values), {.length = batch.rows(), .n_buffers = 1}, array);
}

SchemaRef import_schema(const ArrowSchema& schema) {
  if (std::strcmp(schema.format, "+s") != 0) unsupported(schema, "a batch must be a struct");
  std::vector<Field> fields;
  for (std::int64_t i = 0; i < schema.n_children; ++i) {
    const auto& child = *schema.children[i];
    fields.push_back({child.name != nullptr ? child.name : "", import_type(child)});
  }
  return make_schema(std::move(fields));
}

ColumnRef import_column(ArrowArray* array, const ArrowSchema& schema) {
  const auto owner = std::make_shared<const OwnedArray>(array);
  return import_values(owner->array, schema, 0, owner->array.length, owner);
}

BatchRef import_batch(ArrowArray* array, const ArrowSchema& schema, Ordinals ordinals) {
  const auto owner = std::make_shared<const OwnedArray>(array);
  const auto& top = owner->array;
  auto fields = import_schema(schema);
  const auto* validity =
      top.n_buffers > 0 ? static_cast<const std::uint8_t*>(top.buffers[0]) : nullptr;
  if (validity != nullptr && top.null_count != 0 &&
      count_bits(validity, top.offset, top.length) != top.length) {
    unsupported(schema, "a batch cannot have rows that are null as a whole");
  }
  std::vector<ColumnRef> columns;
  for (std::int64_t i = 0; i < top.n_children; ++i) {
    columns.push_back(
        import_values(*top.children[i], *schema.children[i], top.offset, top.length, owner));
  }
  return std::make_shared<const Batch>(std::move(fields), std::move(columns), top.length,
                                       std::move(ordinals));
}

}  // namespace flowrun
