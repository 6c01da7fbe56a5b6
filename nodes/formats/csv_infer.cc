#include "nodes/formats/csv_infer.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "engine/core/time.h"
#include "engine/data/text.h"
#include "nodes/formats/csv_reader.h"

namespace flowrun::nodes {
namespace {

// Bits of TypeGuess, the narrowest type first.
constexpr unsigned kInteger = 1U << 0U;
constexpr unsigned kFloat = 1U << 1U;
constexpr unsigned kDay = 1U << 2U;
constexpr unsigned kWallTime = 1U << 3U;
constexpr unsigned kInstant = 1U << 4U;
constexpr std::array<std::pair<unsigned, Type>, 5> kTypes{{{kInteger, kInt64},
                                                           {kFloat, kFloat64},
                                                           {kDay, kDate},
                                                           {kWallTime, kTimestamp},
                                                           {kInstant, kTimestamptz}}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// "007" and "+49 30" are names, not numbers.
bool is_name(std::string_view text) {
  if (text.front() == '+') return true;
  if (text.front() == '-') text.remove_prefix(1);
  return text.size() > 1 && text[0] == '0' && is_digit(text[1]);
}

unsigned types_of(std::string_view text) {
  if (parse_date(text)) return kDay | kWallTime;
  if (const auto time = parse_timestamp(text)) return time->offset ? kInstant : kWallTime;
  if (is_name(text)) return 0;
  if (parse_int64(text)) return kInteger | kFloat;
  const bool whole =
      std::all_of(text.begin(), text.end(), [](char c) { return is_digit(c) || c == '-'; });
  if (!whole && parse_float64(text)) return kFloat;
  return 0;
}

/// Keeps the batches of a sample.
class Sample final : public Output {
 public:
  void emit(std::size_t /*port*/, BatchRef batch) override { batches.push_back(std::move(batch)); }
  void reject(Reject /*reject*/) override {}  // the run will report it
  std::vector<BatchRef> batches;
};

/// The columns of the first file, each with what its values allow.
struct Guesses {
  std::vector<std::string> names;
  std::vector<TypeGuess> types;
  std::int64_t rows = 0;

  void add(const Batch& batch, const NullTexts& nulls) {
    for (std::int64_t row = 0; row < batch.rows() && rows < kSampleRows; ++row, ++rows) {
      for (std::size_t i = 0; i < batch.columns().size(); ++i) {
        const auto& column = batch.column(i);
        const auto known = std::find(names.begin(), names.end(), batch.schema().field(i).name);
        if (known == names.end() || !column.is_valid(row) || nulls.contain(column.text(row)))
          continue;
        if (column.text(row).empty()) continue;
        types[static_cast<std::size_t>(known - names.begin())].add(column.text(row));
      }
    }
  }
};

/// Reads the first rows of a file, all columns as strings.
void sample_file(const Input& file, const CsvFormat& format, Guesses& guesses) {
  const auto simd = chosen_simd();
  CsvFile header(file.path, file.name, format, csv_kernels(simd));
  if (!header.read_header(kSampleBytes, {}) || header.columns().empty()) return;
  std::vector<Field> fields;
  for (const auto& name : header.columns()) fields.push_back({name, kString});
  if (guesses.names.empty()) {
    guesses.names = header.columns();
    guesses.types.resize(guesses.names.size());
  }
  auto table =
      std::make_shared<const CsvTable>(format, make_schema(std::move(fields)), simd, false);
  const auto reader = open_csv(file, 0, table);
  const NullTexts nulls(format.nulls);
  const ReadRequest request{.bytes = static_cast<std::int64_t>(kSampleBytes)};
  for (std::size_t bytes = 0; bytes < kSampleBytes && guesses.rows < kSampleRows;) {
    const auto chunk = reader->read(request, {});
    if (!chunk) return;
    Sample sample;
    reader->decode(*chunk, request, sample);
    for (const auto& batch : sample.batches) guesses.add(*batch, nulls);
    bytes += static_cast<std::size_t>(request.bytes);
  }
}

}  // namespace

void TypeGuess::add(std::string_view value) {
  if (possible_ != 0) possible_ &= types_of(value);
  any_ = true;
}

Type TypeGuess::type() const {
  if (!any_) return kString;
  for (const auto& [bit, type] : kTypes) {
    if ((possible_ & bit) != 0) return type;
  }
  return kString;
}

InferredSchema infer_csv_schema(const std::vector<Input>& files, const CsvFormat& format) {
  Guesses guesses;
  InferredSchema out;
  for (std::size_t i = 0; i < files.size() && i < kSampleFiles && guesses.rows < kSampleRows; ++i) {
    sample_file(files[i], format, guesses);
    out.files.push_back(files[i].name);
  }
  std::vector<Field> fields;
  for (std::size_t i = 0; i < guesses.names.size(); ++i) {
    fields.push_back({guesses.names[i], guesses.types[i].type()});
  }
  out.schema = make_schema(std::move(fields));
  out.rows = guesses.rows;
  return out;
}

}  // namespace flowrun::nodes
