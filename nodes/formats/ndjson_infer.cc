#include "nodes/formats/ndjson_infer.h"

#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "nodes/formats/ndjson_reader.h"

namespace flowrun::nodes {
namespace {

namespace dom = simdjson::dom;

/// The values seen of one key.
class KeyGuess {
 public:
  explicit KeyGuess(std::string_view key) : name(key) {}

  void add(dom::element value) {
    switch (value.type()) {
      case dom::element_type::NULL_VALUE:
        return;
      case dom::element_type::BOOL:
        booleans_ = true;
        return;
      case dom::element_type::INT64:
        integers_ = true;
        return;
      case dom::element_type::DOUBLE:
        fractions_ = true;
        return;
      case dom::element_type::STRING:
        strings_ = true;
        texts_.add(value.get_string().value_unsafe());
        return;
      default:
        others_ = true;  // arrays, objects, and integers beyond int64
    }
  }

  [[nodiscard]] Type type() const {
    const bool numbers = integers_ || fractions_;
    const int kinds = (booleans_ ? 1 : 0) + (numbers ? 1 : 0) + (strings_ ? 1 : 0);
    if (others_ || kinds != 1) return kString;
    if (booleans_) return kBoolean;
    if (numbers) return fractions_ ? kFloat64 : kInt64;
    const auto type = texts_.type();
    return type.is_number() ? kString : type;  // what is written as a text is one
  }

  std::string name;

 private:
  bool booleans_ = false;
  bool integers_ = false;
  bool fractions_ = false;
  bool strings_ = false;
  bool others_ = false;
  TypeGuess texts_;
};

struct KeyGuesses {
  std::vector<KeyGuess> keys;
  std::int64_t rows = 0;
  dom::parser parser;

  void add(std::string_view line) {
    dom::object object;
    // What is no object is left to the run, which reports it.
    if (parser.parse(line.data(), line.size()).get(object) != simdjson::SUCCESS) return;
    ++rows;
    for (const auto field : object) {
      const auto known = std::find_if(keys.begin(), keys.end(),
                                      [&](const KeyGuess& key) { return key.name == field.key; });
      if (known != keys.end()) {
        known->add(field.value);
      } else {
        keys.emplace_back(field.key);
        keys.back().add(field.value);
      }
    }
  }
};

void sample_file(const Input& file, const StreamFormat& stream, KeyGuesses& guesses) {
  auto cutter = cut_lines(file, stream, kMaxRowBytes, csv_kernels(chosen_simd()));
  for (std::size_t bytes = 0; bytes < kSampleBytes;) {
    const auto piece = cutter.next(kSampleBytes, {});
    if (!piece) return;
    std::string_view text(piece->text(), piece->size);
    while (!text.empty()) {
      if (guesses.rows >= kSampleRows) return;
      const auto end = text.find('\n');
      guesses.add(text.substr(0, end));
      text.remove_prefix(end + 1);
    }
    bytes += std::max<std::size_t>(piece->size, 1);
  }
}

}  // namespace

InferredSchema infer_ndjson_schema(const std::vector<Input>& files, const StreamFormat& stream) {
  KeyGuesses guesses;
  InferredSchema out;
  for (std::size_t i = 0; i < files.size() && i < kSampleFiles && guesses.rows < kSampleRows; ++i) {
    sample_file(files[i], stream, guesses);
    out.files.push_back(files[i].name);
  }
  std::vector<Field> fields;
  for (const auto& key : guesses.keys) fields.push_back({key.name, key.type()});
  out.schema = make_schema(std::move(fields));
  out.rows = guesses.rows;
  return out;
}

}  // namespace flowrun::nodes
