// ndjson: writes rows as lines of JSON.
#include <memory>

#include "nodes/catalog.h"
#include "nodes/files/output.h"
#include "nodes/formats/ndjson_writer.h"

namespace flowrun::nodes {
namespace {

constexpr const char* kNotes =
    "One object a line with the columns in order: numbers, booleans and null as such (decimals "
    "with all their digits; nan "
    "and inf as texts), everything else as text. Invalid UTF-8 becomes U+FFFD.\n\n";

NodeSpec ndjson_spec() {
  return {.name = "ndjson",
          .kind = NodeKind::sink,
          .summary = "Writes rows to a file of JSON lines.",
          .notes = std::string(kNotes) + file_sink_notes(),
          .options = {file_path_option("\"rejected.ndjson\"")},
          .many_inputs = true,
          .example =
              "[sinks.bad_rows]\ntype   = \"ndjson\"\ninputs = [\"readings.rejected\", "
              "\"by_system.rejected\"]\n"
              "path   = \"rejected.ndjson\"\n"};
}

Binding bind_ndjson(BindContext& context) {
  const auto writer = std::make_shared<const NdjsonWriter>(context.input());
  return bind_file_sink(context, {.format = "ndjson", .encode = [writer](const Batch& batch) {
                                    return writer->lines(batch);
                                  }});
}

}  // namespace

NodeType ndjson_sink() { return {ndjson_spec(), bind_ndjson}; }

}  // namespace flowrun::nodes
