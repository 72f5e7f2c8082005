#include "kv/claims.hpp"

#include "base/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace natskv {
namespace {

std::string word(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

nlohmann::json claims_of(const std::string& jwt) {
  const std::size_t start = jwt.find('.') + 1;
  std::string claims = jwt.substr(start, jwt.find('.', start) - start);
  std::replace(claims.begin(), claims.end(), '-', '+');
  std::replace(claims.begin(), claims.end(), '_', '/');
  claims.append((4 - claims.size() % 4) % 4, '=');
  const auto bytes = text::from_base64(claims);
  auto document = bytes ? nlohmann::json::parse(*bytes, nullptr, false) : nlohmann::json();
  return document.is_object() ? document : nlohmann::json::object();
}

std::string bearer_of(const std::string& jwt) {
  const auto claims = claims_of(jwt);
  const std::string user = word(claims, "name");
  // A JWT signed by an account's signing key names the account separately.
  std::string account = word(claims.value("nats", nlohmann::json::object()), "issuer_account");
  if (account.empty()) account = word(claims, "iss");
  if (user.empty() && account.empty()) return {};
  return "user " + user + (account.empty() ? "" : ", account " + account);
}

}  // namespace natskv
