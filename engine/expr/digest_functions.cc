// Digests and encodings, by OpenSSL's library.
#include <openssl/evp.h>

#include "engine/data/text.h"
#include "engine/expr/conversion.h"
#include "engine/expr/digest.h"
#include "engine/expr/function.h"

namespace flowrun::expr {
namespace {

/// In hex digits, as PostgreSQL's md5().
Vector md5(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map1<std::string, std::string_view>(out, rows, mask, args,
                                             [](std::string_view a, std::string& r) -> Problem {
                                               append_hex(r, digest(DigestMethod::md5, a));
                                               return nullptr;
                                             });
}
/// As bytes, as PostgreSQL's sha256().
Vector sha256(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map1<std::string, std::string_view>(out, rows, mask, args,
                                             [](std::string_view a, std::string& r) -> Problem {
                                               r = digest(DigestMethod::sha256, a);
                                               return nullptr;
                                             });
}

Vector encode(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map2<std::string, std::string_view, std::string_view>(
      out, rows, mask, args,
      [](std::string_view a, std::string_view form, std::string& r) -> Problem {
        if (form == "hex") {
          append_hex(r, a);
          return nullptr;
        }
        if (form != "base64") return "no such encoding; there are hex and base64";
        r.resize((a.size() + 2) / 3 * 4 + 1);
        const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(r.data()),
                                         reinterpret_cast<const unsigned char*>(a.data()),
                                         static_cast<int>(a.size()));
        r.resize(static_cast<std::size_t>(size));
        return nullptr;
      });
}
Vector decode(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map2<std::string, std::string_view, std::string_view>(
      out, rows, mask, args,
      [](std::string_view a, std::string_view form, std::string& r) -> Problem {
        if (form != "hex") return "no such encoding; there is hex";
        return read_hex(a, r);
      });
}

constexpr auto S = Family::string;
constexpr auto B = Family::bytes;

}  // namespace

std::span<const Function> digest_functions() {
  static const std::vector<Function> functions{
      {"md5", {S}, gives<Family::string>, md5},
      {"md5", {B}, gives<Family::string>, md5},
      {"sha256", {B}, gives<Family::bytes>, sha256},
      {"sha256", {S}, gives<Family::bytes>, sha256},
      {"encode", {B, S}, gives<Family::string>, encode},
      {"decode", {S, S}, gives<Family::bytes>, decode},
  };
  return functions;
}

}  // namespace flowrun::expr
