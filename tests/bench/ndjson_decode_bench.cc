// How fast a file of NDJSON is read and decoded by one thread, with and without the short cut for
// lines that look alike.
//   ndjson_decode_bench FILE [COLUMNS] [CHUNK_BYTES]      COLUMNS: "name type, name type" (of the
//   narrow readings by default)
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "nodes/formats/ndjson_reader.h"

namespace {

using namespace flowrun;
using namespace flowrun::nodes;

constexpr int kRounds = 7;
constexpr std::string_view kNarrow = "ts timestamptz, device string, channel string, value float64";

class Count final : public Output {
 public:
  void emit(std::size_t /*port*/, BatchRef batch) override { rows += batch->rows(); }
  void reject(Reject reject) override {
    if (rejects++ == 0)
      std::fprintf(stderr, "%s: %s\n", reject.origin.c_str(), reject.reason.c_str());
  }
  std::int64_t rows = 0;
  std::int64_t rejects = 0;
};

std::shared_ptr<const NdjsonLayout> layout_from(std::string_view text) {
  std::vector<Field> fields;
  std::vector<std::vector<std::string>> paths;
  while (!text.empty()) {
    const auto comma = text.find(", ");
    const auto item = text.substr(0, comma);
    const auto space = item.find(' ');
    fields.push_back(
        {std::string(item.substr(0, space)), parse_type(item.substr(space + 1)).value()});
    paths.push_back({fields.back().name});
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 2);
  }
  return std::make_shared<const NdjsonLayout>(make_schema(std::move(fields)), paths);
}

/// Seconds of this thread's processor time: what other programs take does not count.
double now() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

struct Times {
  double read = 0;
  double decode = 0;
  std::int64_t rows = 0;
  std::int64_t rejects = 0;
};

Times run(const std::string& path, const std::shared_ptr<const NdjsonLayout>& layout,
          std::int64_t bytes, bool fast) {
  auto table = std::make_shared<NdjsonTable>(StreamFormat{}, layout, chosen_simd());
  table->fast = fast;
  const auto reader = open_ndjson({.name = path, .path = path}, 0, std::move(table));
  Count count;
  Times times;
  const ReadRequest request{.bytes = bytes};
  for (;;) {
    const double start = now();
    const auto chunk = reader->read(request, {});
    const double middle = now();
    times.read += middle - start;
    if (!chunk) break;
    reader->decode(*chunk, request, count);
    times.decode += now() - middle;
  }
  times.rows = count.rows;
  times.rejects = count.rejects;
  return times;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: ndjson_decode_bench FILE [COLUMNS] [CHUNK_BYTES]\n");
    return 2;
  }
  const auto layout =
      layout_from(argc > 2 && *argv[2] != '\0' ? std::string_view(argv[2]) : kNarrow);
  const std::int64_t bytes = argc > 3 ? std::atoll(argv[3]) : kMaxBatchBytes;
  for (const bool fast : {true, false}) {
    Times best;
    for (int round = 0; round < kRounds; ++round) {
      const auto times = run(argv[1], layout, bytes, fast);
      if (round == 0) best = times;
      best.read = std::min(best.read, times.read);
      best.decode = std::min(best.decode, times.decode);
    }
    const auto rows = static_cast<double>(std::max<std::int64_t>(best.rows + best.rejects, 1));
    std::printf("%-9s %10lld rows, %lld rejected: read %5.2f ns/row, decode %6.2f ns/row\n",
                fast ? "alike" : "each", static_cast<long long>(best.rows),
                static_cast<long long>(best.rejects), best.read * 1e9 / rows,
                best.decode * 1e9 / rows);
  }
  return 0;
}
