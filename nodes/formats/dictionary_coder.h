// Codes of texts, looked up one after the other.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "nodes/formats/dictionary.h"

namespace flowrun::nodes {

/// Looks up one text after another. One thread.
class DictionaryCoder {
 public:
  explicit DictionaryCoder(Dictionary& dictionary)
      : dictionary_(dictionary), table_(dictionary.table()) {}

  /// The code of a text that stays where it is as long as this coder; kNone where the dictionary is
  /// full.
  std::int32_t code_of(const DictionaryKey& key) {
    // Neighbours often share their value: cheaper than a hash.
    if (last_code_ != Dictionary::kNone && key.same_ends(last_) &&
        (key.is_short() || std::memcmp(key.text, last_.text, key.length) == 0)) {
      return last_code_;
    }
    last_ = key;
    return last_code_ = look_up(key);
  }
  /// The code of a text that may go away.
  std::int32_t code_of_passing(std::string_view text) {
    return look_up(DictionaryKey(text.data(), static_cast<std::uint32_t>(text.size())));
  }

 private:
  std::int32_t look_up(const DictionaryKey& key) {
    const auto hash = key.hash();
    const auto code = Dictionary::find(*table_, key, hash);
    if (code != Dictionary::kNone) return code;
    const auto added = dictionary_.add(key, hash);
    table_ = dictionary_.table();
    return added;
  }

  Dictionary& dictionary_;
  const Dictionary::Table* table_;
  DictionaryKey last_;
  std::int32_t last_code_ = Dictionary::kNone;
};

}  // namespace flowrun::nodes
