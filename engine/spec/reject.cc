#include "engine/spec/reject.h"

#include <fmt/format.h>

#include <cmath>

#include "engine/data/builder.h"
#include "engine/data/text.h"

namespace flowrun {
namespace {

/// Length of the valid UTF-8 sequence at the front of `text`; 0 where there is none (RFC 3629).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto tail = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xC0U) == 0x80U; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return tail(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if (!tail(1) || !tail(2)) return 0;
    if ((first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F)) return 0;
    return 3;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (!tail(1) || !tail(2) || !tail(3)) return 0;
    if ((first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) > 0x8F)) return 0;
    return 4;
  }
  return 0;
}

void append_escaped(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      if (static_cast<unsigned char>(c) < 0x20) {
        out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
      } else {
        out += c;
      }
  }
}

}  // namespace

const SchemaRef& reject_schema() {
  static const SchemaRef schema = make_schema({{"node", kString},
                                               {"reason", kString},
                                               {"column", kString},
                                               {"value", kString},
                                               {"origin", kString},
                                               {"record", kString},
                                               {"unit", kString},
                                               {"run", kString}});
  return schema;
}

BatchRef make_reject_batch(const std::vector<Reject>& rejects, const std::string& node,
                           const std::string& unit, const std::string& run) {
  BatchBuilder builder(reject_schema());
  for (const auto& reject : rejects) {
    std::size_t i = 0;
    for (const std::string* text : {&node, &reject.reason, &reject.column, &reject.value, &reject.origin,
                                    &reject.record, &unit, &run}) {
      builder.column(i++).append_text(*text);
    }
    builder.end_row(reject.ordinal);
  }
  return builder.finish();
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const auto length = utf8_length(text);
    if (length == 0) {
      out += "\xEF\xBF\xBD";
      text.remove_prefix(1);
    } else if (length == 1) {
      append_escaped(out, text.front());
      text.remove_prefix(1);
    } else {
      out.append(text.substr(0, length));
      text.remove_prefix(length);
    }
  }
  out += '"';
}

void append_json_value(std::string& out, const Column& column, std::int64_t row) {
  if (!column.is_valid(row)) {
    out += "null";
    return;
  }
  const auto id = column.type().id;
  const bool finite =
      id != TypeId::float64 || std::isfinite(column.values<double>()[static_cast<std::size_t>(row)]);
  if ((column.type().is_number() && finite) || id == TypeId::boolean) return append_text(out, column, row);
  if (id == TypeId::string) return append_json_string(out, column.text(row));
  append_json_string(out, text_of(column, row));
}

std::string record_of(const Batch& batch, std::int64_t row) {
  std::string out = "{";
  for (std::size_t i = 0; i < batch.schema().size(); ++i) {
    if (i != 0) out += ',';
    append_json_string(out, batch.schema().field(i).name);
    out += ':';
    append_json_value(out, batch.column(i), row);
  }
  return out + "}";
}

}  // namespace flowrun
