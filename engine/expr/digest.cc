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

}  // namespace flowrun::expr
