#include "nodes/formats/stream_options.h"

#include <array>
#include <string_view>
#include <utility>

namespace flowrun::nodes {
namespace {

constexpr std::array<std::pair<std::string_view, Encoding>, 5> kEncodings{
    {{"utf-8", Encoding::utf8},
     {"latin-1", Encoding::latin1},
     {"utf-16", Encoding::utf16},
     {"utf-16le", Encoding::utf16le},
     {"utf-16be", Encoding::utf16be}}};
constexpr std::array<std::pair<std::string_view, Compression>, 4> kCompressions{
    {{"auto", Compression::automatic},
     {"none", Compression::none},
     {"gzip", Compression::gzip},
     {"zstd", Compression::zstd}}};

template <typename Table>
std::vector<std::string> names_of(const Table& table) {
  std::vector<std::string> names;
  for (const auto& [name, value] : table) names.emplace_back(name);
  return names;
}

}  // namespace

OptionSpec encoding_option() {
  return {.name = "encoding",
          .kind = OptionKind::choice,
          .help = "How the files' characters are written; utf-16 goes by the byte-order mark.",
          .fallback = "utf-8",
          .choices = names_of(kEncodings),
          .example = "\"latin-1\""};
}

OptionSpec compression_option() {
  return {.name = "compression",
          .kind = OptionKind::choice,
          .help = "How the files are compressed; auto goes by their first bytes.",
          .fallback = "auto",
          .choices = names_of(kCompressions),
          .example = "\"gzip\""};
}

StreamFormat stream_format(const Options& options) {
  StreamFormat stream;
  for (const auto& [name, encoding] : kEncodings) {
    if (options.text_or("encoding", "utf-8") == name) stream.encoding = encoding;
  }
  for (const auto& [name, compression] : kCompressions) {
    if (options.text_or("compression", "auto") == name) stream.compression = compression;
  }
  return stream;
}

}  // namespace flowrun::nodes
