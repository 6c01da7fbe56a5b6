// A table of a real server, and sources that read it.
#pragma once

#include <string>
#include <vector>

#include "nodes/catalog.h"
#include "nodes/postgres/connection.h"
#include "tests/nodes/formats/csv_testing.h"
#include "tests/nodes/postgres/server.h"
#include "tests/support/bind_fake.h"
#include "tests/support/catch.h"

namespace flowrun::testing {

/// What the node is bound with, but for its url.
using Given = BindFake::Given;

inline OptionValue entries(const std::vector<std::pair<std::string, std::string>>& pairs) {
  OptionValue::Table rows;
  for (const auto& [name, text] : pairs) rows.emplace_back(name, value(text));
  return table(std::move(rows));
}

inline BindFake postgres_source_of(Given options, const std::string& window = "") {
  options.emplace_back("url", value(test::postgres_url()));
  BindFake context(nodes::postgres_source(), options);
  context.window = window;
  return context;
}

inline void execute(const std::string& sql) {
  postgres::Connection connection(test::postgres_address());
  connection.execute_all(sql);
}

/// What binding complains about.
inline std::string problems_of(const Given& options, const std::string& window = "") {
  auto context = postgres_source_of(options, window);
  static_cast<void>(context.bind());
  return context.problems();
}

/// All rows of one reader.
inline ReadRows read_all(Reader& reader, ReadRequest request = {}) {
  CollectedRows out;
  while (const auto chunk = reader.read(request, {})) reader.decode(*chunk, request, out);
  CHECK(reader.read(request, {}) == nullptr);
  return out.take();
}

inline ReadRows read_source(Source& source, const Interval* range = nullptr,
                            ReadRequest request = {}) {
  Log log;
  const auto input = source.inputs({.log = &log}).at(0);
  CHECK(input.fingerprint.empty());
  const auto reader = source.open(input, 2, range);
  return read_all(*reader, request);
}

inline ReadRows read_table(const Given& options, ReadRequest request = {}) {
  auto context = postgres_source_of(options);
  const auto binding = context.bind();
  REQUIRE(context.problems() == "");
  return read_source(*binding.make_source(), nullptr, request);
}

}  // namespace flowrun::testing
