// Numbers as people read them.
#pragma once

#include <cstdint>
#include <string>

namespace flowrun {

/// "1,234,567".
[[nodiscard]] std::string with_commas(std::int64_t number);

/// Three digits and a unit: "950", "4.21 M", "19.3 k".
[[nodiscard]] std::string short_count(double number);

/// Bytes in decimal units, as disks and networks count them: "193 MB", "1.20 GB".
[[nodiscard]] std::string short_bytes(double bytes);

/// A share of one as "54 %"; "<1 %" for what is little but not nothing.
[[nodiscard]] std::string percent(double share);

/// "1 window", "12 windows"; the plural is made with an s.
[[nodiscard]] std::string counted(std::int64_t number, const std::string& noun);

}  // namespace flowrun
