// Digests of bytes, by OpenSSL's library.
#pragma once

#include <string>
#include <string_view>

namespace flowrun::expr {

enum class DigestMethod { md5, sha1, sha256 };

/// The digest's bytes. Throws Error(plan) where the system's OpenSSL refuses the method.
[[nodiscard]] std::string digest(DigestMethod method, std::string_view data);

}  // namespace flowrun::expr
