// generate: makes readings out of nothing, the same ones every time; for tests and benchmarks.
#include <fmt/format.h>

#include <algorithm>

#include "engine/core/hash.h"
#include "nodes/catalog.h"
#include "nodes/sources/generate_readings.h"

namespace flowrun::nodes {
namespace {

NodeSpec generate_spec() {
  return {
      .name = "generate",
      .kind = NodeKind::source,
      .summary = "Makes sensor readings, the same ones in every run; for tests and benchmarks.",
      .notes =
          "Schema: `ts` timestamptz, `device` string, `channel` string, `value` float64 (0 to 100, "
          "four decimals). For each "
          "moment, `step` apart, there is a reading of each channel of each device. `missing` and "
          "`duplicates` are "
          "drawn for each reading alone, so neither moves the others; a duplicate follows its "
          "reading and has another "
          "value.",
      .options =
          {{.name = "rows",
            .kind = OptionKind::integer,
            .help = "How many readings, before any are missing or doubled.",
            .required = true,
            .example = "1000000"},
           {.name = "start",
            .kind = OptionKind::text,
            .help = "The first moment.",
            .fallback = "2023-11-14T22:13:20Z",
            .example = "\"2024-01-01T00:00:00Z\""},
           {.name = "step",
            .kind = OptionKind::duration,
            .help = "From one moment to the next.",
            .fallback = "1s",
            .example = "\"10s\""},
           {.name = "devices",
            .kind = OptionKind::integer,
            .help = "How many devices: dev-000000, dev-000001, …",
            .fallback = "1000",
            .example = "8"},
           {.name = "channels",
            .kind = OptionKind::integer,
            .help = "How many channels each has: ch_00, ch_01, …",
            .fallback = "20",
            .example = "20"},
           {.name = "seed",
            .kind = OptionKind::integer,
            .help = "Another seed makes other values, gaps, duplicates and order.",
            .fallback = "1",
            .example = "42"},
           {.name = "disorder",
            .kind = OptionKind::integer,
            .help =
                "Shuffles readings within stretches of so many; 0 leaves them in order of time.",
            .fallback = "0",
            .example = "200000"},
           {.name = "duplicates",
            .kind = OptionKind::number,
            .help = "Which part of the readings comes twice, 0 to 1.",
            .fallback = "0",
            .example = "0.02"},
           {.name = "missing",
            .kind = OptionKind::number,
            .help = "Which part of the readings does not come at all, 0 to 1.",
            .fallback = "0",
            .example = "0.05"},
           {.name = "ranges",
            .kind = OptionKind::boolean,
            .help = "Whether windows over `ts` are read one by one, as from a database; else all "
                    "is read once, as "
                    "from a file.",
            .fallback = "true",
            .example = "false"}},
      .example =
          "[sources.readings]\ntype = \"generate\"\nrows = 100000\nstep = \"10s\"\ndevices = 5\n"};
}

constexpr std::int64_t kBytesPerReading = 32;  // of a batch; and what progress counts
constexpr std::int64_t kMostRows = std::int64_t{1} << (Ordinals::kRowBits - 1);

/// Positions [first, end) of the input.
class Stretch final : public Chunk {
 public:
  Stretch(std::int64_t from, std::int64_t until) : first(from), end(until) {
    input_bytes = (until - from) * kBytesPerReading;
  }
  std::int64_t first;
  std::int64_t end;
};

class GenerateReader final : public Reader {
 public:
  /// Readings [from, until) of the input with that number.
  GenerateReader(std::shared_ptr<const ReadingsInput> shared, std::uint64_t number,
                 std::int64_t from, std::int64_t until);
  [[nodiscard]] std::unique_ptr<Chunk> read(const ReadRequest& request,
                                            std::stop_token stop) override;
  void decode(Chunk& chunk, const ReadRequest& request, Output& out) const override;

 private:
  std::shared_ptr<const ReadingsInput> shared_;
  std::uint64_t number_;
  std::int64_t from_;  ///< readings
  std::int64_t until_;
  std::int64_t next_;  ///< positions
  std::int64_t end_;
};

class Generate final : public Source {
 public:
  explicit Generate(const Readings& readings)
      : shared_(std::make_shared<const ReadingsInput>(readings)) {}
  [[nodiscard]] std::vector<Input> inputs(const SourceContext&) override {
    const auto& readings = shared_->readings;
    return {{.name = "generate",
             .fingerprint = fingerprint(readings.fingerprint_text()),
             .bytes = readings.rows * kBytesPerReading}};
  }
  [[nodiscard]] bool reads_ranges() const override { return shared_->readings.ranges; }
  [[nodiscard]] std::unique_ptr<Reader> open(const Input&, std::uint64_t number,
                                             const Interval* range) override;

 private:
  std::shared_ptr<const ReadingsInput> shared_;
};

void check_at_least(BindContext& context, std::string_view option, std::int64_t least) {
  const auto value = context.options().integer(option);
  if (value >= least) return;
  context.error(option, "out-of-range",
                fmt::format("\"{}\" is at least {}: {}", option, least, value));
}

void check_ratio(BindContext& context, std::string_view option) {
  const auto value = context.options().number(option);
  if (value >= 0 && value <= 1) return;
  context.error(option, "out-of-range",
                fmt::format("\"{}\" lies between 0 and 1: {}", option, value));
}

/// Checks that the number of readings and their times stay within what ordinals and timestamps can
/// hold.
void check_extent(BindContext& context, const Readings& readings) {
  if (readings.rows > kMostRows) {
    context.error("rows", "out-of-range",
                  fmt::format("at most {} readings: {}", kMostRows, readings.rows));
  }
  if (readings.devices > 1'000'000 || readings.channels > 1'000'000) {
    const char* option = readings.devices > 1'000'000 ? "devices" : "channels";
    context.error(option, "out-of-range", fmt::format("\"{}\" is at most 1000000", option));
    return;
  }
  const auto moments = static_cast<double>(readings.rows / readings.per_moment() + 1);
  if (moments * static_cast<double>(readings.step) > 9e15 * 100) {
    context.error("step", "out-of-range", "the last reading lies too far in the future");
  }
}

Binding bind_generate(BindContext& context) {
  const auto& options = context.options();
  for (const auto* option : {"rows", "disorder"}) check_at_least(context, option, 0);
  for (const auto* option : {"devices", "channels"}) check_at_least(context, option, 1);
  for (const auto* option : {"duplicates", "missing"}) check_ratio(context, option);
  const auto start = parse_timestamp(options.text("start"));
  if (!start)
    context.error("start", "bad-time", fmt::format("not a time: {}", options.text("start")));
  if (options.duration("step") <= 0)
    context.error("step", "out-of-range", "\"step\" is longer than nothing");

  Binding binding;
  const Readings readings{.rows = options.integer("rows"),
                          .start = start ? start->utc() : 0,
                          .step = options.duration("step"),
                          .devices = std::max<std::int64_t>(1, options.integer("devices")),
                          .channels = std::max<std::int64_t>(1, options.integer("channels")),
                          .seed = static_cast<std::uint64_t>(options.integer("seed")),
                          .disorder = options.integer("disorder"),
                          .duplicates = options.number("duplicates"),
                          .missing = options.number("missing"),
                          .ranges = options.boolean("ranges") && context.window_column() == "ts"};
  check_extent(context, readings);
  binding.outputs.push_back({.schema = readings_schema()});
  binding.make_source = [readings] { return std::make_unique<Generate>(readings); };
  return binding;
}

std::unique_ptr<Reader> Generate::open(const Input&, std::uint64_t number, const Interval* range) {
  const auto& readings = shared_->readings;
  const auto first_at = [&](Micros time) {  // the first reading at `time` or later
    if (time <= readings.start) return std::int64_t{0};
    const auto moment = (time - readings.start + readings.step - 1) / readings.step;
    const auto moments = (readings.rows + readings.per_moment() - 1) / readings.per_moment();
    return std::min(readings.rows, std::min(moment, moments) * readings.per_moment());
  };
  if (range == nullptr) return std::make_unique<GenerateReader>(shared_, number, 0, readings.rows);
  return std::make_unique<GenerateReader>(shared_, number, first_at(range->from),
                                          first_at(range->until));
}

GenerateReader::GenerateReader(std::shared_ptr<const ReadingsInput> shared, std::uint64_t number,
                               std::int64_t from, std::int64_t until)
    : shared_(std::move(shared)),
      number_(number),
      from_(from),
      until_(std::max(from, until)),
      next_(from),
      end_(until_) {
  const auto& readings = shared_->readings;
  if (readings.disorder < 2 || from_ == until_) return;
  next_ = from_ / readings.disorder * readings.disorder;  // shuffled readings stay in their stretch
  end_ = std::min(readings.rows,
                  (until_ + readings.disorder - 1) / readings.disorder * readings.disorder);
}

std::unique_ptr<Chunk> GenerateReader::read(const ReadRequest& request, std::stop_token stop) {
  if (next_ >= end_ || stop.stop_requested()) return nullptr;
  const auto copies = shared_->readings.duplicates > 0 ? 2 : 1;
  const auto most = std::min(request.rows, request.bytes / kBytesPerReading) / copies;
  const auto first = next_;
  next_ = std::min(end_, first + std::max<std::int64_t>(1, most));
  return std::make_unique<Stretch>(first, next_);
}

void GenerateReader::decode(Chunk& chunk, const ReadRequest& request, Output& out) const {
  const auto& stretch = static_cast<Stretch&>(chunk);
  const auto& readings = shared_->readings;
  const std::int64_t copies = readings.duplicates > 0 ? 2 : 1;
  const auto most = std::max<std::int64_t>(1, request.rows);
  for (auto from = stretch.first; from < stretch.end;) {
    const auto until = std::min(stretch.end, from + std::max<std::int64_t>(1, most / copies));
    ReadingRows rows((until - from) * copies);
    for (; from < until; ++from) {
      const auto reading = readings.reading_at(from);
      if (reading < from_ || reading >= until_ ||
          readings.draws(readings.missing, reading, Purpose::missing))
        continue;
      const auto ordinal = Ordinals::pack(number_, static_cast<std::uint64_t>(from * copies));
      rows.add(readings, reading, Purpose::value, ordinal);
      if (readings.draws(readings.duplicates, reading, Purpose::duplicate)) {
        rows.add(readings, reading, Purpose::second_value, ordinal + 1);
      }
    }
    if (auto batch = rows.finish(*shared_); batch->rows() > 0) {
      out.made(batch->rows());
      out.emit(0, std::move(batch));
    }
  }
}

}  // namespace

NodeType generate_source() { return {generate_spec(), bind_generate}; }

}  // namespace flowrun::nodes
