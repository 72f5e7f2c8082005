#include "base/text.hpp"

#include <openssl/evp.h>

namespace natskv::text {
namespace {

unsigned char* raw(char* text) { return reinterpret_cast<unsigned char*>(text); }
const unsigned char* raw(const char* text) { return reinterpret_cast<const unsigned char*>(text); }

}  // namespace

void base64(std::string_view bytes, std::string& out) {
  const std::size_t start = out.size();
  out.resize(start + (bytes.size() + 2) / 3 * 4 + 1);  // and the NUL at its end
  EVP_EncodeBlock(raw(out.data() + start), raw(bytes.data()), static_cast<int>(bytes.size()));
  out.pop_back();
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  if (EVP_DecodeBlock(raw(bytes.data()), raw(text.data()), static_cast<int>(text.size())) < 0)
    return std::nullopt;
  if (!text.empty()) bytes.resize(bytes.size() - (text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0));
  // OpenSSL takes more (blanks around it, bits beyond the last byte): each value has one spelling.
  std::string again;
  base64(bytes, again);
  return again == text ? std::optional(std::move(bytes)) : std::nullopt;
}

}  // namespace natskv::text
