#include "nodes/formats/ndjson_walk.h"

#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <new>
#include <string>

#include "nodes/formats/csv_scan.h"

namespace flowrun::nodes {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr std::size_t kFirstCapacity = 4096;
static_assert(kScanSlack >= simdjson::SIMDJSON_PADDING,
              "what stands behind a piece is its padding");

constexpr const char* kNoObject = "not a JSON object";
constexpr const char* kBroken = "not valid JSON";
constexpr const char* kTooDeep = "nested too deeply";

std::string_view without_space(std::string_view text) {
  while (!text.empty() && is_json_space(text.back())) text.remove_suffix(1);
  while (!text.empty() && is_json_space(text.front())) text.remove_prefix(1);
  return text;
}

/// One line. simdjson finds its structure; the scalars and keys, which it would skip unseen, are
/// checked here.
class LineWalk {
 public:
  LineWalk(ondemand::document& document, NdjsonRow& row, std::vector<NdjsonWalk::Seen>& seen)
      : document_(document), row_(row), layout_(row.layout()), seen_(seen) {}

  /// The whole line.
  bool read() {
    ondemand::object root;
    if (document_.get_object().get(root) != simdjson::SUCCESS) return row_.fail(kBroken);
    if (!object(root, 0, 1)) return false;
    const char* next = nullptr;
    if (document_.current_location().get(next) == simdjson::SUCCESS) {
      return row_.fail("text behind the object");
    }
    if (!only_scalars_) seen_.clear();
    return true;
  }

 private:
  bool object(ondemand::object object, std::uint32_t node, int depth) {
    if (depth > kMostJsonDepth) return row_.fail(kTooDeep);
    std::size_t expected = 0;
    for (auto entry : object) {
      ondemand::field field;
      if (std::move(entry).get(field) != simdjson::SUCCESS) return row_.fail(kBroken);
      const char* key = field.key().raw();
      bool escaped = false;
      const char* end = scan_string(key, escaped);
      if (end == nullptr) return row_.fail(kBroken);
      auto child = NdjsonLayout::kNone;
      if (node != NdjsonLayout::kNone) {
        child = find({key, static_cast<std::size_t>(end - key)}, escaped, node, expected);
      }
      if (!value(field.value(), child, depth)) return false;
    }
    return true;
  }

  bool array(ondemand::array array, std::uint32_t node, int depth) {
    if (depth > kMostJsonDepth) return row_.fail(kTooDeep);
    std::uint32_t number = 0;
    for (auto entry : array) {
      ondemand::value item;
      if (std::move(entry).get(item) != simdjson::SUCCESS) return row_.fail(kBroken);
      auto child = NdjsonLayout::kNone;
      if (node != NdjsonLayout::kNone) child = layout_.element(layout_.node(node), number);
      if (!value(item, child, depth)) return false;
      ++number;
    }
    return true;
  }

  bool value(ondemand::value value, std::uint32_t node, int depth) {
    if (node != NdjsonLayout::kNone && !row_.visit(node)) {
      return row_.fail("the key \"" + layout_.node(node).key + "\" comes twice");
    }
    const auto raw = std::string_view(value.raw_json_token());
    if (raw.starts_with('{') || raw.starts_with('[')) return container(value, raw, node, depth);
    const auto text = without_space(raw);
    const auto token = scan_scalar(text.data());
    // A string in front of a colon would be skipped as a key.
    const char next = raw.data()[raw.size()];
    const bool ends = next == ',' || next == '}' || next == ']';
    if (token.end != text.data() + text.size() || !ends) return row_.fail(kBroken);
    seen_.push_back({token, node});
    return node == NdjsonLayout::kNone || row_.put(node, token);
  }

  bool container(ondemand::value value, std::string_view raw, std::uint32_t node, int depth) {
    const bool is_object = raw.front() == '{';
    if (is_object) {
      ondemand::object members;
      if (value.get_object().get(members) != simdjson::SUCCESS) return row_.fail(kBroken);
      if (!object(members, node, depth + 1)) return false;
    } else {
      ondemand::array elements;
      if (value.get_array().get(elements) != simdjson::SUCCESS) return row_.fail(kBroken);
      if (!array(elements, node, depth + 1)) return false;
    }
    if (node == NdjsonLayout::kNone || layout_.node(node).columns.empty()) return true;
    only_scalars_ = false;
    const char* next = nullptr;  // the token behind it: there is one, the object's own end at least
    if (document_.current_location().get(next) != simdjson::SUCCESS) return row_.fail(kBroken);
    auto text = std::string_view(raw.data(), static_cast<std::size_t>(next - raw.data()));
    text = without_space(text);
    return row_.put(
        node,
        {.begin = text.data(), .end = text.data() + text.size(), .kind = JsonKind::container});
  }

  /// The child of a node under a key as it is written.
  std::uint32_t find(std::string_view key, bool escaped, std::uint32_t node,
                     std::size_t& expected) {
    const auto& parent = layout_.node(node);
    if (!escaped) return layout_.child(parent, key, expected);
    scratch_.resize(key.size());
    const auto text = unescape(key, scratch_.data());
    if (text.problem != nullptr) return NdjsonLayout::kNone;  // no pointer can name it
    return layout_.child(
        parent, {scratch_.data(), static_cast<std::size_t>(text.end - scratch_.data())}, expected);
  }

  ondemand::document& document_;
  NdjsonRow& row_;
  const NdjsonLayout& layout_;
  std::vector<NdjsonWalk::Seen>& seen_;
  bool only_scalars_ = true;
  std::string scratch_;
};

}  // namespace

class NdjsonWalk::Parser {
 public:
  ondemand::parser parser;
};

NdjsonWalk::NdjsonWalk() = default;
NdjsonWalk::~NdjsonWalk() = default;

bool NdjsonWalk::read(std::string_view line, NdjsonRow& row) {
  seen_.clear();
  const auto text = without_space(line);
  if (!text.starts_with('{')) return row.fail(kNoObject);
  if (!parser_) parser_ = std::make_unique<Parser>();
  auto& parser = parser_->parser;
  // By powers of two, or each line that is a little longer than all before it would allocate anew.
  if (parser.capacity() < text.size() &&
      parser.allocate(std::max(kFirstCapacity, std::bit_ceil(text.size()))) != simdjson::SUCCESS) {
    throw std::bad_alloc();
  }
  ondemand::document document;
  const auto error =
      parser.iterate(text.data(), text.size(), text.size() + simdjson::SIMDJSON_PADDING)
          .get(document);
  if (error == simdjson::UNCLOSED_STRING) return row.fail("a string is not closed");
  if (error == simdjson::UNESCAPED_CHARS) return row.fail("a control character in a string");
  if (error != simdjson::SUCCESS) return row.fail(kBroken);
  return LineWalk(document, row, seen_).read();
}

}  // namespace flowrun::nodes
