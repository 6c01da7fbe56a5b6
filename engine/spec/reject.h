// Bad rows as data: the one schema of every `rejected` port.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/data/batch.h"

namespace flowrun {

/// A row that a node could not take. `origin` is filled in by the engine from the ordinal where it
/// is empty.
struct Reject {
  std::string reason;  ///< a short phrase: "not a float64", "no route for channel"
  std::string column;  ///< "" where the whole row is bad
  std::string value;   ///< the offending text
  std::string origin;  ///< "path:line:byte" or a key
  std::string record;  ///< the row: raw text from a parser, or a JSON object from an operator
  std::uint64_t ordinal = 0;
};

/// node, reason, column, value, origin, record, unit, run: all strings, in this order.
[[nodiscard]] const SchemaRef& reject_schema();

/// Builds a batch of the reject schema.
[[nodiscard]] BatchRef make_reject_batch(const std::vector<Reject>& rejects,
                                         const std::string& node, const std::string& unit,
                                         const std::string& run);

/// Row `row` as one JSON object, column by column: the `record` of an operator's reject.
[[nodiscard]] std::string record_of(const Batch& batch, std::int64_t row);

/// Appends the value as JSON: numbers, booleans and null bare (decimals too; nan and inf as
/// strings), the rest as strings.
void append_json_value(std::string& out, const Column& column, std::int64_t row);

}  // namespace flowrun
