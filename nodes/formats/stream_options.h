// The options of file sources that say how bytes become text.
#pragma once

#include "engine/spec/node_type.h"
#include "nodes/formats/byte_stream.h"

namespace flowrun::nodes {

/// The rows of the option table.
[[nodiscard]] OptionSpec encoding_option();
[[nodiscard]] OptionSpec compression_option();

/// Reads both.
[[nodiscard]] StreamFormat stream_format(const Options& options);

}  // namespace flowrun::nodes
