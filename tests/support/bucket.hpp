// A bucket as its server keeps it, for tests of what natskv made.
#pragma once

#include "support/client.hpp"
#include "support/server.hpp"

#include <nlohmann/json.hpp>

#include <string>

namespace natskv::test {

/// STREAM.INFO of KV_<bucket>; "error" where there is none.
inline nlohmann::json stream_info(const std::string& url, const std::string& bucket) {
  return nlohmann::json::parse(Client(url).api("STREAM.INFO.KV_" + bucket));
}

/// Its configuration without the server's own metadata; null where there is none.
inline nlohmann::json stream_config(const std::string& url, const std::string& bucket) {
  auto info = stream_info(url, bucket);
  if (!info.contains("config")) return nullptr;
  auto config = info["config"];
  if (!config.contains("metadata")) return config;
  auto own = nlohmann::json::object();
  for (const auto& [key, value] : config["metadata"].items()) {
    if (!key.starts_with("_nats.")) own[key] = value;
  }
  config["metadata"] = own;
  if (own.empty()) config.erase("metadata");
  return config;
}

/// A stream of a bucket's name that is none: other subjects, `values` messages in it.
inline void add_foreign_stream(const std::string& url, const std::string& name, int values,
                               const std::string& subjects = R"(["orders.>"])") {
  Client client(url);
  const auto answer =
      client.api("STREAM.CREATE.KV_" + name, R"({"name": "KV_)" + name + R"(", "subjects": )" + subjects +
                                                 R"(, "max_msgs_per_subject": 5, "storage": "memory"})");
  if (answer.find("\"error\"") != std::string::npos) throw std::runtime_error(answer);
  for (int i = 0; i < values; ++i) client.publish("orders.new", "x");
}

}  // namespace natskv::test
