// [[test]]: rows in, rows out, in the pipeline file itself.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/time.h"
#include "engine/spec/option.h"

namespace flowrun {

/// Rows as a test writes them.
struct TestRows {
  /// inline tables; CSV text; a CSV file; the bytes of the file that the source itself reads.
  enum class Form { rows, csv, file, raw };
  Form form = Form::rows;
  OptionValue::List rows;
  std::string text;  ///< of `csv` and `raw`; of `file`: its path, absolute
  SourceSpan span;
};

/// What must leave a node's port, or arrive at a sink.
struct TestExpectation {
  std::string port;  ///< "wide", "by_system.rejected", or a sink's name
  std::optional<TestRows> rows;
  std::optional<std::int64_t> count;
  bool ordered = false;
  SourceSpan span;
};

struct TestSpec {
  std::string name;
  SourceSpan span;
  std::optional<Micros> now;
  std::map<std::string, std::string> params;
  std::map<std::string, std::vector<std::string>> matrix;  ///< chooses the instance
  std::vector<std::pair<std::string, TestRows>> sources;   ///< those not named have no rows
  std::vector<TestExpectation> expect;
  std::string error;  ///< the run must end with an error that contains this; "" for none
};

struct PipelineFile;

/// Reads the tests of a file: names, keys, forms; whether columns and values fit is seen when a
/// test runs.
[[nodiscard]] std::vector<TestSpec> read_tests(const PipelineFile& file, Diagnostics& diagnostics);

}  // namespace flowrun
