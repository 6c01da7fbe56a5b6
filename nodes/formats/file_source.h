// What sources of files have in common: their files, their columns, and what is said where neither
// are there yet.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/spec/node.h"
#include "engine/spec/node_type.h"
#include "nodes/formats/input_files.h"

namespace flowrun::nodes {

/// Opens one file; `number` is what its rows' ordinals carry as input.
using OpenFile = std::function<std::unique_ptr<Reader>(const Input& input, std::uint64_t number)>;

/// A source that reads each file of some patterns from start to end.
[[nodiscard]] std::unique_ptr<Source> make_file_source(std::vector<PathPattern> patterns,
                                                       OpenFile open);

/// The option `path`.
[[nodiscard]] OptionSpec files_option(std::string example);

/// The schema that the option `columns` declares; null after a diagnostic, where it declares none.
[[nodiscard]] SchemaRef declared_columns(BindContext& context);

/// Notes a schema that was found by looking at the first rows of files: `rows` "1,000 rows".
void note_sample(Binding& binding, const std::string& rows, const std::vector<std::string>& files,
                 const Schema& schema);

/// Reports that there is no file of `pattern` to find the columns from.
void report_no_sample(BindContext& context, const PathPattern& pattern);

}  // namespace flowrun::nodes
