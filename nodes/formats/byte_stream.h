// Bytes from files and stdin: decompressed and brought into UTF-8 while they are read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <string>

namespace flowrun::nodes {

enum class Compression { automatic, none, gzip, zstd };

/// utf16 goes by its byte-order mark; utf16le and utf16be need none.
enum class Encoding { utf8, latin1, utf16, utf16le, utf16be };

struct StreamFormat {
  Compression compression = Compression::automatic;
  Encoding encoding = Encoding::utf8;
};

/// A stream of bytes, read from start to end by one thread.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  /// Reads at most `out.size()` bytes (not 0) and returns how many; 0 at the end, or where `stop`
  /// was requested while waiting for input. Throws Error(io) where reading fails and Error(data)
  /// where compressed input is broken.
  [[nodiscard]] virtual std::size_t read(std::span<char> out, const std::stop_token& stop) = 0;
  /// Bytes of the file taken so far (compressed ones, where it is compressed).
  [[nodiscard]] virtual std::int64_t taken() const = 0;
};

/// Opens a file, or stdin for "-". Compression is told by the first bytes where it is automatic;
/// several gzip members or zstd frames in a row are one stream. What is not UTF-8 is brought into
/// UTF-8; characters that have no UTF-8 form (half a surrogate pair) become invalid UTF-8, so that
/// the row that holds them can be refused. A UTF-8 byte-order mark stays. `name` is what messages
/// call the input. Throws Error(io) where there is no such file.
[[nodiscard]] std::unique_ptr<ByteStream> open_byte_stream(const std::string& path,
                                                           const std::string& name,
                                                           const StreamFormat& format);

/// Layers of the above; each takes over `below`.
[[nodiscard]] std::unique_ptr<ByteStream> gunzip(std::unique_ptr<ByteStream> below,
                                                 std::string name);
[[nodiscard]] std::unique_ptr<ByteStream> unzstd(std::unique_ptr<ByteStream> below,
                                                 std::string name);
[[nodiscard]] std::unique_ptr<ByteStream> recode(std::unique_ptr<ByteStream> below,
                                                 std::string name, Encoding encoding);

}  // namespace flowrun::nodes
