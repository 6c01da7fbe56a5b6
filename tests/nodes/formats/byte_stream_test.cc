#include "nodes/formats/byte_stream.h"

#include <zlib.h>
#include <zstd.h>

#include <cstring>
#include <stdexcept>
#include <string>

#include "engine/core/error.h"
#include "tests/nodes/formats/csv_testing.h"
#include "tests/support/catch.h"

namespace {

using namespace flowrun;
using namespace flowrun::nodes;
using flowrun::testing::TempFolder;
using flowrun::testing::write_file;

std::string gzip(const std::string& text) {
  z_stream stream{};
  if (deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::bad_alloc();
  std::string input = text;
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstd(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

std::string read_all(const std::string& content, const StreamFormat& format = {},
                     std::size_t step = 1000) {
  const TempFolder folder;
  const auto path = write_file(folder / "in.dat", content);
  const auto stream = open_byte_stream(path, "in.dat", format);
  std::string out;
  std::string piece(step, '\0');
  while (const auto got = stream->read(piece, {})) out.append(piece, 0, got);
  CHECK(stream->taken() == static_cast<std::int64_t>(content.size()));
  return out;
}

std::string long_text() {
  std::string text;
  for (int i = 0; i < 60'000; ++i) text += "line " + std::to_string(i * 7919 % 10'007) + "\n";
  return text;
}

}  // namespace

TEST_CASE("compression is told by the first bytes") {
  const auto text = long_text();
  CHECK(read_all(text) == text);
  CHECK(read_all(gzip(text)) == text);
  CHECK(read_all(zstd(text)) == text);
  CHECK(read_all("") == "");
  CHECK(read_all("\x1f") == "\x1f");
  CHECK(read_all(gzip("abc"), {.compression = Compression::none}) == gzip("abc"));
  CHECK(read_all(gzip("")) == "");
  CHECK(read_all(zstd("")) == "");
}

TEST_CASE("several members or frames in a row are one stream, in pieces of any size") {
  const auto text = long_text();
  for (const std::size_t step : {1U, 7U, 100'000U}) {
    if (step == 1) {
      CHECK(read_all(gzip("one,") + gzip("") + gzip("two"), {}, step) == "one,two");
      CHECK(read_all(zstd("one,") + zstd("") + zstd("two"), {}, step) == "one,two");
      continue;
    }
    CHECK(read_all(gzip(text) + gzip(text), {}, step) == text + text);
    CHECK(read_all(zstd(text) + zstd(text), {}, step) == text + text);
  }
  CHECK(read_all(gzip("padded") + std::string(300, '\0')) == "padded");
}

TEST_CASE("compressed input that is cut off or broken ends the run with the file's name") {
  const auto text = long_text();
  for (const auto& whole : {gzip(text), zstd(text)}) {
    for (const std::size_t cut : {whole.size() - 1, whole.size() / 2, std::size_t{5}}) {
      CHECK_THROWS_WITH(read_all(whole.substr(0, cut)),
                        Catch::Matchers::ContainsSubstring("in.dat ends in the middle"));
    }
    auto broken = whole;
    broken[whole.size() / 2] = static_cast<char>(broken[whole.size() / 2] ^ 0x55);
    broken[whole.size() / 2 + 1] = static_cast<char>(broken[whole.size() / 2 + 1] ^ 0x55);
    CHECK_THROWS_AS(read_all(broken), Error);
  }
  CHECK_THROWS_WITH(read_all(gzip("a") + "junk"),
                    Catch::Matchers::ContainsSubstring("in.dat cannot be decompressed"));
  CHECK_THROWS_WITH(read_all("plain", {.compression = Compression::gzip}),
                    Catch::Matchers::ContainsSubstring("cannot be decompressed"));
  CHECK_THROWS_WITH(read_all("", {.compression = Compression::zstd}),
                    Catch::Matchers::ContainsSubstring("ends in the middle"));
}

TEST_CASE("latin-1 becomes UTF-8") {
  CHECK(read_all("caf\xE9,\xFC\xDF\n", {.encoding = Encoding::latin1}) == "café,üß\n");
  const auto stretched =
      read_all(std::string(200'000, '\xE9'), {.encoding = Encoding::latin1}, 999);
  CHECK(stretched.size() == 400'000);
}

TEST_CASE("UTF-16 becomes UTF-8 by its mark or as it is told") {
  const std::string little(
      "\xFF\xFE"
      "a\0\xE9\0=\xD8\x00\xDE\n\0",
      12);
  const std::string big(
      "\xFE\xFF"
      "\0a\0\xE9\xD8=\xDE\x00\0\n",
      12);
  const std::string text = "aé😀\n";
  for (const std::size_t step : {1U, 1000U}) {
    CHECK(read_all(little, {.encoding = Encoding::utf16}, step) == text);
    CHECK(read_all(big, {.encoding = Encoding::utf16}, step) == text);
    CHECK(read_all(little.substr(2), {.encoding = Encoding::utf16le}, step) == text);
    CHECK(read_all(big.substr(2), {.encoding = Encoding::utf16be}, step) == text);
    CHECK(read_all(big, {.encoding = Encoding::utf16be}, step) == text);
  }
  CHECK_THROWS_WITH(read_all(little.substr(2), {.encoding = Encoding::utf16}),
                    Catch::Matchers::ContainsSubstring("no byte-order mark"));
}

TEST_CASE("half a character of UTF-16 becomes invalid UTF-8 and nothing else changes") {
  const std::string lone_high(
      "=\xD8"
      "a\0",
      4);
  const std::string lone_low(
      "\x00\xDE"
      "a\0",
      4);
  const std::string odd("a\0b", 3);
  const std::string cut("a\0=\xD8", 4);
  CHECK(read_all(lone_high, {.encoding = Encoding::utf16le}) ==
        "\xFF"
        "a");
  CHECK(read_all(lone_low, {.encoding = Encoding::utf16le}) ==
        "\xFF"
        "a");
  CHECK(read_all(odd, {.encoding = Encoding::utf16le}) == "a\xFF");
  CHECK(read_all(cut, {.encoding = Encoding::utf16le}) == "a\xFF");
}

TEST_CASE("a file that is not there and a folder are errors that say what to do") {
  CHECK_THROWS_WITH(open_byte_stream("/nowhere/at/all.csv", "all.csv", {}),
                    Catch::Matchers::ContainsSubstring("cannot open all.csv"));
  const TempFolder folder;
  CHECK_THROWS_WITH(open_byte_stream(folder / "", "data", {}),
                    Catch::Matchers::ContainsSubstring("data is a folder"));
}
