// How fast a reader reads and decodes a file by one thread: what the benchmarks of readers share.
#pragma once

#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>

#include "engine/spec/node.h"
#include "tests/support/batches.h"

namespace flowrun::testing {

/// The command line: FILE [COLUMNS] [CHUNK_BYTES]; COLUMNS as "name type, name type", those of the
/// narrow readings by default.
struct DecodeBench {
  std::string path;
  SchemaRef schema;
  ReadRequest request;
};

[[nodiscard]] inline DecodeBench decode_bench(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s FILE [COLUMNS] [CHUNK_BYTES]\n", argv[0]);
    std::exit(2);
  }
  const bool named = argc > 2 && *argv[2] != '\0';
  return {.path = argv[1],
          .schema = schema_of(
              named ? argv[2] : "ts timestamptz, device string, channel string, value float64"),
          .request = {.bytes = argc > 3 ? std::atoll(argv[3]) : kMaxBatchBytes}};
}

class CountedRows final : public Output {
 public:
  void emit(std::size_t /*port*/, BatchRef batch) override { rows += batch->rows(); }
  void reject(Reject reject) override {
    if (rejects++ == 0)
      std::fprintf(stderr, "%s: %s\n", reject.origin.c_str(), reject.reason.c_str());
  }
  std::int64_t rows = 0;
  std::int64_t rejects = 0;
};

/// Seconds of this thread's processor time: what other programs take does not count.
[[nodiscard]] inline double thread_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

/// Reads the file again and again, and prints the least times under `name`.
inline void measure_decode(const DecodeBench& bench, const char* name, int rounds,
                           const std::function<std::unique_ptr<Reader>(const Input&)>& open) {
  double least_read = 0;
  double least_decode = 0;
  CountedRows count;
  for (int round = 0; round < rounds; ++round) {
    count = CountedRows();
    const auto reader = open({.name = bench.path, .path = bench.path});
    double read = 0;
    double decode = 0;
    for (;;) {
      const double start = thread_seconds();
      const auto chunk = reader->read(bench.request, {});
      const double middle = thread_seconds();
      read += middle - start;
      if (!chunk) break;
      reader->decode(*chunk, bench.request, count);
      decode += thread_seconds() - middle;
    }
    least_read = round == 0 ? read : std::min(least_read, read);
    least_decode = round == 0 ? decode : std::min(least_decode, decode);
  }
  const auto rows = static_cast<double>(std::max<std::int64_t>(count.rows + count.rejects, 1));
  std::printf("%-9s %10lld rows, %lld rejected: read %5.2f ns/row, decode %6.2f ns/row\n", name,
              static_cast<long long>(count.rows), static_cast<long long>(count.rejects),
              least_read * 1e9 / rows, least_decode * 1e9 / rows);
}

}  // namespace flowrun::testing
