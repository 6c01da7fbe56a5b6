// gzip and zstd as layers over a stream of bytes.
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/core/error.h"
#include "nodes/formats/byte_stream.h"

namespace flowrun::nodes {
namespace {

constexpr std::size_t kInputBytes = 128U << 10U;
constexpr int kGzipWindow = 15 + 16;  // the largest window; expect gzip's own frame

/// The compressed bytes at hand and those that follow.
class Compressed {
 public:
  Compressed(std::unique_ptr<ByteStream> below, std::string name)
      : below_(std::move(below)), name_(std::move(name)), buffer_(kInputBytes) {}

  /// What is at hand, read anew where all was used; empty at the end or when asked to stop.
  std::span<char> at_hand(const std::stop_token& stop) {
    if (from_ == until_) {
      from_ = 0;
      until_ = below_->read(buffer_, stop);
    }
    return std::span(buffer_).subspan(from_, until_ - from_);
  }
  void use(std::size_t count) { from_ += count; }
  [[nodiscard]] std::int64_t taken() const { return below_->taken(); }
  [[nodiscard]] const std::string& name() const { return name_; }

  [[noreturn]] void truncated() const {
    throw Error(Errc::data,
                "{} ends in the middle of its compressed data; it was cut off, fetch it again",
                name_);
  }
  [[noreturn]] void broken(const char* why) const {
    throw Error(Errc::data, "{} cannot be decompressed after {} of its bytes: {}", name_, taken(),
                why);
  }

 private:
  std::unique_ptr<ByteStream> below_;
  std::string name_;
  std::vector<char> buffer_;
  std::size_t from_ = 0;
  std::size_t until_ = 0;
};

class Gunzip final : public ByteStream {
 public:
  Gunzip(std::unique_ptr<ByteStream> below, std::string name)
      : in_(std::move(below), std::move(name)) {
    if (inflateInit2(&zlib_, kGzipWindow) != Z_OK) throw std::bad_alloc();
  }
  ~Gunzip() override { inflateEnd(&zlib_); }
  Gunzip(const Gunzip&) = delete;
  Gunzip& operator=(const Gunzip&) = delete;

  std::size_t read(std::span<char> out, const std::stop_token& stop) override {
    for (;;) {
      const auto input = in_.at_hand(stop);
      if (input.empty()) {
        if (!stop.stop_requested() && (inside_ || members_ == 0)) in_.truncated();
        return 0;
      }
      if (!inside_ && !next_member(input)) continue;
      if (const auto made = inflate_some(input, out); made > 0) return made;
    }
  }
  [[nodiscard]] std::int64_t taken() const override { return in_.taken(); }

 private:
  /// Between members; false where all at hand was the padding of zeros that some tools append.
  bool next_member(std::span<char> input) {
    if (members_ > 0 && input.front() == 0) {
      const auto padding = std::find_if(input.begin(), input.end(), [](char c) { return c != 0; });
      in_.use(static_cast<std::size_t>(padding - input.begin()));
      return false;
    }
    inside_ = true;
    return true;
  }

  std::size_t inflate_some(std::span<char> input, std::span<char> out) {
    constexpr std::size_t kMost = 1U << 30U;
    zlib_.next_in = reinterpret_cast<Bytef*>(input.data());
    zlib_.avail_in = static_cast<uInt>(input.size());
    zlib_.next_out = reinterpret_cast<Bytef*>(out.data());
    zlib_.avail_out = static_cast<uInt>(std::min(out.size(), kMost));
    const auto room = zlib_.avail_out;
    const int status = ::inflate(&zlib_, Z_NO_FLUSH);
    in_.use(input.size() - zlib_.avail_in);
    if (status == Z_STREAM_END) {
      ++members_;
      inside_ = false;
      inflateReset2(&zlib_, kGzipWindow);
    } else if (status == Z_DATA_ERROR || status == Z_NEED_DICT) {
      in_.broken(zlib_.msg != nullptr ? zlib_.msg : "it is not gzip");
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
      throw std::bad_alloc();
    }
    return room - zlib_.avail_out;
  }

  Compressed in_;
  z_stream zlib_{};
  bool inside_ = false;  ///< a member has begun and not ended
  std::int64_t members_ = 0;
};

class Unzstd final : public ByteStream {
 public:
  Unzstd(std::unique_ptr<ByteStream> below, std::string name)
      : in_(std::move(below), std::move(name)), zstd_(ZSTD_createDStream(), &ZSTD_freeDStream) {
    if (!zstd_) throw std::bad_alloc();
  }

  std::size_t read(std::span<char> out, const std::stop_token& stop) override {
    for (;;) {
      const auto input = in_.at_hand(stop);
      if (input.empty() && wanted_ == 0) return 0;
      ZSTD_inBuffer from{.src = input.data(), .size = input.size(), .pos = 0};
      ZSTD_outBuffer to{.dst = out.data(), .size = out.size(), .pos = 0};
      // At the end of the input the decoder may still hold output that did not fit before.
      const auto wanted = ZSTD_decompressStream(zstd_.get(), &to, &from);
      if (ZSTD_isError(wanted) != 0) in_.broken(ZSTD_getErrorName(wanted));
      in_.use(from.pos);
      wanted_ = wanted;
      if (to.pos > 0) return to.pos;
      if (input.empty() && stop.stop_requested()) return 0;
      if (input.empty() && wanted_ != 0) in_.truncated();
    }
  }
  [[nodiscard]] std::int64_t taken() const override { return in_.taken(); }

 private:
  Compressed in_;
  std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> zstd_;
  std::size_t wanted_ = 1;  ///< 0 between frames; before the first one something is wanted
};

}  // namespace

std::unique_ptr<ByteStream> gunzip(std::unique_ptr<ByteStream> below, std::string name) {
  return std::make_unique<Gunzip>(std::move(below), std::move(name));
}

std::unique_ptr<ByteStream> unzstd(std::unique_ptr<ByteStream> below, std::string name) {
  return std::make_unique<Unzstd>(std::move(below), std::move(name));
}

}  // namespace flowrun::nodes
