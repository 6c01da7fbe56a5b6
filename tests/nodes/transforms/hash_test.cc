// Expected digests were computed with Python's hashlib from the texts that the standards prescribe.
#include "nodes/catalog.h"
#include "tests/support/catch.h"
#include "tests/support/run_node.h"

using namespace flowrun;
using namespace flowrun::testing;
using Catch::Matchers::ContainsSubstring;

namespace {

/// The hashes of one column made of `columns` for every row, by commas.
std::string hashes(const std::string& kind, const std::vector<std::string>& columns,
                   const char* fields, const char* rows, BindFake::Given more = {}) {
  more.emplace_back(kind, table({{"h", list(columns)}}));
  BindFake context(nodes::hash(), more, {schema_of(fields)});
  const auto out = transformed(context, {batch_of(fields, rows)});
  std::string found;
  const auto& batch = *out.ports.at(0).at(0);
  const auto& column = batch.column(batch.schema().size() - 1);
  for (std::int64_t row = 0; row < batch.rows(); ++row) {
    found += (row == 0 ? "" : ",") + (column.is_valid(row) ? std::string(column.text(row)) : "~");
  }
  return found;
}

const BindFake::Given kDv2{{"standard", value("dv2")}};

}  // namespace

TEST_CASE("dv2 hash keys and hashdiffs are those of automate-dv") {
  CHECK(hashes("keys", {"k"}, "k string", "\" abc-1 \"", kDv2) ==
        "12FB63C3A951F09E8BBC745F54DE545A");
  CHECK(hashes("keys", {"a", "b", "c"}, "a int64, b string, c string", "1001,,x", kDv2) ==
        "4766DB9FAC7F9490BD31CEE7395AEC85");
  CHECK(hashes("hashdiffs", {"a", "b", "c"}, "a int64, b string, c string", ",,", kDv2) ==
        "3C92E664B39D90428DBC94975B5DDA58");
  CHECK(hashes("keys", {"a", "b"}, "a string, b string", ",\"\"", kDv2) == "~");
}

TEST_CASE("a dv2 hashdiff does not depend on the order in which its columns are written") {
  const auto one = hashes("hashdiffs", {"b", "a"}, "a string, b string", "x,y", kDv2);
  CHECK(one == hashes("hashdiffs", {"a", "b"}, "a string, b string", "x,y", kDv2));
  CHECK(one != hashes("keys", {"b", "a"}, "a string, b string", "x,y", kDv2));
}

TEST_CASE("the flowrun standard tells apart what differs") {
  CHECK(hashes("keys", {"k"}, "k string", "\" abc-1 \"") == "51919C3CB6306AAE593A465808E55B86");
  CHECK(hashes("keys", {"a", "b", "c"}, "a int64, b string, c string", "1001,,x") ==
        "71045B5EF2A8FF3EF9510EF6C21E42D6");
  CHECK(hashes("hashdiffs", {"a", "b", "c"}, "a int64, b string, c string", ",,") ==
        "90AB35DBC2747BCF4CA77A0F0CECCCDF");
  CHECK(hashes("keys", {"a", "b"}, "a string, b string", ",") == "~");
  CHECK(hashes("keys", {"d", "z", "f"}, "d decimal(5,2), z timestamptz, f bool",
               "1.5,2026-01-31T10:20:30Z,true") == "71D854170226ACC907949B2C890257D4");
  const auto pair = hashes("keys", {"a", "b"}, "a string, b string", "a||b,c\na,b||c");
  CHECK(pair.substr(0, 32) != pair.substr(33));
  const auto null = hashes("keys", {"a", "b"}, "a string, b string", "x,^^\nx,");
  CHECK(null.substr(0, 32) != null.substr(33));
}

TEST_CASE("digests are of several kinds, in hex or as bytes") {
  CHECK(hashes("keys", {"a"}, "a int64", "1001", {{"method", value("sha256")}}) ==
        "8C312D3883173780AB22EAA98C5B2805D74CF8F778F3F101193B60030241282F");
  CHECK(hashes("keys", {"a"}, "a int64", "1001", {{"output", value("bytes")}}).size() == 16);
}

TEST_CASE("what is wrong with keys is said at its place") {
  BindFake context(nodes::hash(),
                   {{"keys", table({{"h", list({"aa"})}, {"a", list({"a"})}, {"e", list({})}})}},
                   {schema_of("a int64")});
  static_cast<void>(context.bind());
  CHECK_THAT(context.problems(), ContainsSubstring("there is no column \"aa\"") &&
                                     ContainsSubstring("there is a column \"a\" already") &&
                                     ContainsSubstring("\"e\" has no columns"));
  BindFake none(nodes::hash(), {}, {schema_of("a int64")});
  static_cast<void>(none.bind());
  CHECK_THAT(none.problems(), ContainsSubstring("neither keys nor hashdiffs are given"));
}
