#include "engine/spec/check.h"

namespace flowrun {

const char* to_string(OnFail on_fail) {
  switch (on_fail) {
    case OnFail::reject:
      return "reject";
    case OnFail::warn:
      return "warn";
    case OnFail::error:
      return "error";
  }
  return "";
}

std::optional<OnFail> parse_on_fail(const std::string& text) {
  for (const auto each : {OnFail::reject, OnFail::warn, OnFail::error}) {
    if (text == to_string(each)) return each;
  }
  return std::nullopt;
}

}  // namespace flowrun
