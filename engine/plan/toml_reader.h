// TOML with positions: the only place that knows the TOML library.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "engine/spec/option.h"

namespace flowrun {

/// Reads a TOML 1.0 document as one table; entries of tables stand in file order, dates and times
/// as the text they are written in. A diagnostic for the first syntax error, and nothing, where it
/// is no TOML.
[[nodiscard]] std::optional<OptionValue> read_toml(const std::shared_ptr<const SourceText>& source,
                                                   Diagnostics& diagnostics);

/// Reads one value ("[1, 2]", "{ a = 1 }"), without positions; nothing where it is none.
[[nodiscard]] std::optional<OptionValue> read_toml_value(std::string_view text);

/// A value in TOML's notation, on one line: `"a"`, `[1, 2]`, `{ a = 1 }`.
[[nodiscard]] std::string toml_text(const OptionValue& value);

}  // namespace flowrun
