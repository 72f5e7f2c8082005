#include "config/word.hpp"

#include "base/ascii.hpp"
#include "base/quote.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>

namespace natskv::config {
namespace {

constexpr std::string_view file_scheme = "file://";

bool base32(char c) { return ascii::capital(c) || (c >= '2' && c <= '7'); }

bool there(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

// Anywhere in the word: a seed of 58 letters, whole or truncated.
bool holds_seed(std::string_view word) {
  constexpr std::size_t least = 20;
  for (std::size_t at = 0; at < word.size();) {
    const auto end = std::find_if_not(word.begin() + static_cast<std::ptrdiff_t>(at), word.end(), base32);
    const auto size = static_cast<std::size_t>(end - word.begin()) - at;
    if (size >= least && word.substr(at, size).find('S') <= size - least) return true;
    at += size + 1;
  }
  return false;
}

bool has_known_ending(std::string_view name) {
  constexpr std::array<std::string_view, 14> endings{"creds", "nk",   "nkey",  "seed", "jwt",
                                                     "pem",   "key",  "crt",   "cert", "cer",
                                                     "txt",   "conf", "token", "json"};
  const std::size_t dot = name.rfind('.');
  return dot != std::string_view::npos &&
         std::find(endings.begin(), endings.end(), name.substr(dot + 1)) != endings.end();
}

}  // namespace

bool like_jwt(std::string_view word) { return word.starts_with("eyJ"); }

bool like_seed(std::string_view word) {
  constexpr std::size_t least = 20;
  return word.starts_with('S') && word.size() >= least && std::all_of(word.begin(), word.end(), base32);
}

bool like_path(std::string_view word) {
  if (word.starts_with(file_scheme)) word.remove_prefix(file_scheme.size());
  const bool blank = std::any_of(word.begin(), word.end(),
                                 [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
  if (word.empty() || blank || word.find("---") != std::string_view::npos || like_jwt(word) ||
      holds_seed(word)) {
    return false;
  }
  const std::size_t slash = word.rfind('/');
  if (slash == std::string_view::npos)
    return has_known_ending(word) && word.find(' ') == std::string_view::npos;
  if (there(std::string(word.substr(0, slash + 1)))) return true;
  // Base64 has slashes too.
  const bool rooted = word.front() == '/' || word.starts_with("./") || word.starts_with("../") ||
                      word.front() == '~' || word.front() == '$';
  const auto base = word.substr(slash + 1);
  return (rooted || has_known_ending(base)) && std::all_of(word.begin(), word.end(), [](char c) {
           return ascii::alnum(c) || std::string_view("/._-~${} ").find(c) != std::string_view::npos;
         });
}

bool names_file(const std::string& word) { return like_path(word) || there(without_scheme(word)); }

std::string without_scheme(const std::string& word) {
  return word.starts_with(file_scheme) ? word.substr(file_scheme.size()) : word;
}

std::string shown_file(const std::string& word) {
  return like_path(word) ? in_quotes(word) : "the file of that name (not shown, as it may be a secret)";
}

}  // namespace natskv::config
