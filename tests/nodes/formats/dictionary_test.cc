#include "nodes/formats/dictionary.h"

#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "tests/support/catch.h"

namespace {

using namespace flowrun;
using namespace flowrun::nodes;

std::shared_ptr<DictionaryBudget> budget(std::int64_t bytes = DictionaryBudget::kUsual) {
  return std::make_shared<DictionaryBudget>(bytes);
}

std::int32_t code_of(Dictionary& dictionary, const std::string& text) {
  const auto padded = text + std::string(8, '?');
  const DictionaryKey key(padded.data(), static_cast<std::uint32_t>(text.size()));
  const auto hash = key.hash();
  const auto found = Dictionary::find(*dictionary.table(), key, hash);
  return found != Dictionary::kNone ? found : dictionary.add(key, hash);
}

}  // namespace

TEST_CASE("a dictionary gives each text one code, in order of arrival") {
  Dictionary dictionary(budget());
  const std::vector<std::string> texts = {"",
                                          "a",
                                          "b",
                                          "ab",
                                          "12345678",
                                          "123456789",
                                          std::string(16, 'x'),
                                          std::string(17, 'x'),
                                          std::string(300, 'y'),
                                          std::string(299, 'y') + "z"};
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 0; i < texts.size(); ++i) {
      CHECK(code_of(dictionary, texts[i]) == static_cast<std::int32_t>(i));
    }
  }
  const auto values = dictionary.values();
  REQUIRE(values->length() == static_cast<std::int64_t>(texts.size()));
  for (std::size_t i = 0; i < texts.size(); ++i) {
    CHECK(values->text(static_cast<std::int64_t>(i)) == texts[i]);
  }
}

TEST_CASE("texts that differ in one byte only are told apart") {
  Dictionary dictionary(budget());
  for (const std::size_t length : {5U, 8U, 12U, 16U, 17U, 24U, 40U}) {
    for (std::size_t at = 0; at < length; ++at) {
      std::string text(length, 'x');
      text[at] = 'y';
      const auto code = code_of(dictionary, text);
      CHECK(dictionary.values()->text(code) == text);
      CHECK(code_of(dictionary, text) == code);
    }
  }
  CHECK(dictionary.values()->length() == 5 + 8 + 12 + 16 + 17 + 24 + 40);
}

TEST_CASE("a column handed out early keeps its entries while the dictionary grows") {
  Dictionary dictionary(budget());
  for (int i = 0; i < 10; ++i) (void)code_of(dictionary, "early " + std::to_string(i));
  const auto early = dictionary.values();
  for (int i = 0; i < 20'000; ++i)
    (void)code_of(dictionary, "late entry number " + std::to_string(i));
  REQUIRE(early->length() == 10);
  for (int i = 0; i < 10; ++i) CHECK(early->text(i) == "early " + std::to_string(i));
  CHECK(dictionary.values()->length() == 20'010);
  CHECK(dictionary.values()->text(20'009) == "late entry number 19999");
}

TEST_CASE("a full dictionary says so and keeps its codes") {
  Dictionary dictionary(budget());
  for (std::size_t i = 0; i < Dictionary::kMostEntries; ++i) {
    REQUIRE(code_of(dictionary, std::to_string(i)) == static_cast<std::int32_t>(i));
  }
  CHECK_FALSE(dictionary.given_up());
  CHECK(code_of(dictionary, "one more") == Dictionary::kNone);
  CHECK(dictionary.given_up());
  CHECK(code_of(dictionary, "4711") == 4711);
}

TEST_CASE("a dictionary gives up on long texts and on columns in which hardly a text comes twice") {
  Dictionary heavy(budget());
  std::int32_t code = 0;
  for (int i = 0; code != Dictionary::kNone && i < 100; ++i) {
    code =
        code_of(heavy, std::string(100'000, static_cast<char>('a' + i % 26)) + std::to_string(i));
  }
  CHECK(heavy.given_up());

  Dictionary unique(budget());
  for (int i = 0; i < 5'000; ++i) (void)code_of(unique, std::to_string(i));
  unique.note_rows(20'000);
  CHECK_FALSE(unique.given_up());
  for (int i = 0; i < 15'000; ++i) (void)code_of(unique, std::to_string(i) + "x");
  unique.note_rows(15'000);
  CHECK(unique.given_up());
}

TEST_CASE("threads that add the same texts agree on their codes") {
  Dictionary dictionary(budget());
  constexpr int kTexts = 5'000;
  std::vector<std::unordered_map<std::string, std::int32_t>> seen(4);
  std::vector<std::thread> threads;
  for (std::size_t thread = 0; thread < seen.size(); ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kTexts; ++i) {
        const int number =
            static_cast<int>((static_cast<std::size_t>(i) * 7919 + thread * 1237) % kTexts);
        const auto text = "some rather long channel name " + std::to_string(number);
        seen[thread][text] = code_of(dictionary, text);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  const auto values = dictionary.values();
  CHECK(values->length() == kTexts);
  for (const auto& codes : seen) {
    CHECK(codes.size() == kTexts);
    for (const auto& [text, code] : codes) REQUIRE(values->text(code) == text);
  }
}

TEST_CASE("dictionaries share a budget, and those that find it used up give up") {
  const auto shared = budget(700'000);
  Dictionary first(shared);
  for (int i = 0; i < 3'000; ++i) (void)code_of(first, "entry " + std::to_string(i));
  CHECK_FALSE(first.given_up());
  Dictionary second(shared);
  for (int i = 0; i < 3'000; ++i) (void)code_of(second, "entry " + std::to_string(i));
  CHECK(second.given_up());
  CHECK(first.values()->length() == 3'000);
  CHECK(second.values()->text(10) == "entry 10");
}
