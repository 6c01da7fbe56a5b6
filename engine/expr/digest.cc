#include "engine/expr/digest.h"

#include <openssl/evp.h>

#include <array>

#include "engine/core/error.h"

namespace flowrun::expr {

std::string digest(DigestMethod method, std::string_view data) {
  const auto* algorithm = method == DigestMethod::md5    ? EVP_md5()
                          : method == DigestMethod::sha1 ? EVP_sha1()
                                                         : EVP_sha256();
  std::array<unsigned char, EVP_MAX_MD_SIZE> value{};
  unsigned int size = 0;
  if (EVP_Digest(data.data(), data.size(), value.data(), &size, algorithm, nullptr) != 1) {
    throw Error(Errc::plan, "the system's OpenSSL does not provide this digest");
  }
  return {value.begin(), value.begin() + size};
}

std::string hex_of(std::string_view bytes, bool upper) {
  const std::string_view digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
  std::string out;
  out.reserve(2 * bytes.size());
  for (const char c : bytes) {
    out += digits[static_cast<unsigned char>(c) >> 4U];
    out += digits[static_cast<unsigned char>(c) & 15U];
  }
  return out;
}

}  // namespace flowrun::expr
