// How fast a file of NDJSON is read and decoded by one thread, with and without the short cut for
// lines that look alike.
//   ndjson_decode_bench FILE [COLUMNS] [CHUNK_BYTES]
#include <string>
#include <vector>

#include "engine/core/cpu.h"
#include "nodes/formats/ndjson_reader.h"
#include "tests/bench/decode_bench.h"

using namespace flowrun;
using namespace flowrun::nodes;

int main(int argc, char** argv) {
  constexpr int kRounds = 7;
  const auto bench = testing::decode_bench(argc, argv);
  std::vector<std::vector<std::string>> paths;
  for (const auto& name : bench.schema->names()) paths.push_back({name});
  const auto layout = std::make_shared<const NdjsonLayout>(bench.schema, paths);
  for (const bool fast : {true, false}) {
    testing::measure_decode(bench, fast ? "alike" : "each", kRounds, [&](const Input& input) {
      auto table = std::make_shared<NdjsonTable>(StreamFormat{}, layout, chosen_simd());
      table->fast = fast;
      return open_ndjson(input, 0, std::move(table));
    });
  }
  return 0;
}
