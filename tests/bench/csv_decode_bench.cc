// How fast a CSV file is read and decoded by one thread, in each instruction set (or in the
// one that FLOWRUN_SIMD names).
//   csv_decode_bench FILE [COLUMNS] [CHUNK_BYTES]
#include <cstdlib>
#include <vector>

#include "engine/core/cpu.h"
#include "nodes/formats/csv_reader.h"
#include "tests/bench/decode_bench.h"

using namespace flowrun;
using namespace flowrun::nodes;

int main(int argc, char** argv) {
  constexpr int kRounds = 15;  // many short ones: the least of them is what a quiet machine does
  const auto bench = testing::decode_bench(argc, argv);
  const bool forced = std::getenv("FLOWRUN_SIMD") != nullptr;
  for (const auto simd : forced ? std::vector{chosen_simd()} : available_simd()) {
    testing::measure_decode(bench, to_string(simd), kRounds, [&](const Input& input) {
      return open_csv(input, 0, std::make_shared<const CsvTable>(CsvFormat{}, bench.schema, simd));
    });
  }
  return 0;
}
