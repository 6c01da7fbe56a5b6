// Processor nanoseconds per input row of pivot and dedup, without a graph: add() and finish() on
// readings made beforehand.
//   pivot_bench [ROWS] [THREADS] [PART OF A NAME]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <thread>

#include "nodes/catalog.h"
#include "tests/support/batches.h"
#include "tests/support/bind_fake.h"

using namespace flowrun;
using namespace flowrun::testing;

namespace {

std::string_view only;  ///< part of the names of what is measured

/// Counts what it is given and keeps nothing.
class Counter final : public Output {
 public:
  void emit(std::size_t, BatchRef batch) override { rows += batch->rows(); }
  void reject(Reject) override { ++rejects; }
  std::int64_t rows = 0;
  std::int64_t rejects = 0;
};

std::vector<BatchRef> readings(const BindFake::Given& options) {
  BindFake context(nodes::generate_source(), options);
  const auto source = context.bind().make_source();
  const auto reader = source->open(source->inputs({}).front(), 0, nullptr);
  Collected out;
  while (auto chunk = reader->read({}, {})) reader->decode(*chunk, {}, out);
  return out.ports.at(0);
}

std::vector<BatchRef> with_plain_texts(const std::vector<BatchRef>& batches) {
  std::vector<BatchRef> plain;
  for (const auto& batch : batches) {
    auto columns = batch->columns();
    for (auto& column : columns) column = decode_dictionary(column);
    plain.push_back(std::make_shared<const Batch>(batch->schema_ref(), columns, batch->rows(),
                                                  batch->ordinals()));
  }
  return plain;
}

/// Seconds that all threads of this process were at work: other processes have no say.
double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void measure(const char* what, const NodeType& type, const BindFake::Given& options,
             const std::vector<BatchRef>& batches, std::size_t threads) {
  if (std::string_view(what).find(only) == std::string_view::npos) return;
  BindFake context(type, options, {batches.front()->schema_ref()});
  const auto binding = context.bind();
  if (!context.problems().empty()) {
    std::fputs(context.problems().c_str(), stderr);
    std::exit(EXIT_FAILURE);
  }
  const auto accumulator = binding.make_accumulator(INT64_MAX);
  double best_add = 1e9;
  double best_finish = 1e9;
  double memory = 0;
  Counter out;
  std::int64_t rows = 0;
  for (const auto& batch : batches) rows += batch->rows();
  for (int round = 0; round < 3; ++round) {
    const auto state = accumulator->begin({});
    const auto start = cpu_seconds();
    std::vector<std::jthread> workers;
    for (std::size_t t = 0; t < threads; ++t) {
      workers.emplace_back([&, t] {
        Counter ignored;
        for (auto i = t; i < batches.size(); i += threads) state->add(batches[i], ignored);
      });
    }
    workers.clear();
    best_add = std::min(best_add, cpu_seconds() - start);
    memory = static_cast<double>(state->memory());
    out = {};
    const auto flush = cpu_seconds();
    state->finish(out);
    best_finish = std::min(best_finish, cpu_seconds() - flush);
  }
  const auto count = static_cast<double>(rows);
  std::printf("%-34s %8.1f %8.1f %8.1f  %10lld %10lld %8.1f\n", what, best_add / count * 1e9,
              best_finish / count * 1e9, (best_add + best_finish) / count * 1e9,
              static_cast<long long>(rows), static_cast<long long>(out.rows), memory / count);
}

}  // namespace

int main(int argc, char** argv) {
  const auto rows = argc > 1 ? std::atoll(argv[1]) : 4'000'000LL;
  const auto threads = argc > 2 ? static_cast<std::size_t>(std::atoll(argv[2])) : 1;
  if (argc > 3) only = argv[3];
  const auto count = value(std::int64_t{rows});
  const auto pivot = nodes::pivot();
  const auto dedup = nodes::dedup();
  const auto wide = [&](std::int64_t channels) {
    std::vector<std::string> names;
    for (std::int64_t i = 0; i < channels; ++i)
      names.push_back((i < 10 ? "ch_0" : "ch_") + std::to_string(i));
    return list(names);
  };
  std::printf("%-34s %8s %8s %8s  %10s %10s %8s\n", "ns per input row", "add", "finish", "both",
              "rows in", "rows out", "B/row");
  const auto index = list({"ts", "device"});
  const auto pivoted = [&](const char* what, const std::vector<BatchRef>& batches,
                           std::int64_t channels) {
    measure(what, pivot,
            {{"index", index},
             {"name", value("channel")},
             {"value", value("value")},
             {"columns", wide(channels)}},
            batches, threads);
  };
  {
    const auto sorted = readings({{"rows", count}});
    pivoted("pivot sorted", sorted, 20);
    pivoted("pivot plain texts, sorted", with_plain_texts(sorted), 20);
    measure("dedup 20K keys", dedup, {{"key", list({"device", "channel"})}}, sorted, threads);
    measure("dedup all distinct", dedup, {{"key", list({"device", "channel", "ts"})}}, sorted,
            threads);
    measure("dedup plain texts, all distinct", dedup, {{"key", list({"device", "channel", "ts"})}},
            with_plain_texts(sorted), threads);
  }
  {
    const auto shuffled = readings({{"rows", count},
                                    {"disorder", value(200'000)},
                                    {"missing", value(0.05)},
                                    {"duplicates", value(0.02)}});
    pivoted("pivot shuffled", shuffled, 20);
    pivoted("pivot plain texts, shuffled", with_plain_texts(shuffled), 20);
    measure("dedup shuffled, distinct", dedup, {{"key", list({"device", "channel", "ts"})}},
            shuffled, threads);
  }
  {
    const auto chaos = readings({{"rows", count}, {"disorder", count}});
    pivoted("pivot in random order", chaos, 20);
    measure("dedup in random order, 20K keys", dedup, {{"key", list({"device", "channel"})}}, chaos,
            threads);
  }
  {
    const auto sparse = readings({{"rows", count},
                                  {"channels", value(650)},
                                  {"devices", value(5)},
                                  {"missing", value(0.9)}});
    pivoted("pivot 650 columns, a tenth filled", sparse, 650);
    const auto full = readings({{"rows", count}, {"channels", value(650)}, {"devices", value(5)}});
    pivoted("pivot 650 columns, all filled", full, 650);
  }
}
