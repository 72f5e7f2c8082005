#include "support/client.hpp"

#include <nlohmann/json.hpp>

#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace natskv::test {
namespace {

constexpr int64_t patience_ms = 20'000;

void check(natsStatus status, const std::string& what) {
  if (status == NATS_OK) return;
  natsStatus last = NATS_OK;
  const char* text = nats_GetLastError(&last);
  throw std::runtime_error(what + ": " + natsStatus_GetText(status) +
                           (last == status && text != nullptr ? std::string(": ") + text : std::string()));
}

nlohmann::json parsed(const std::string& answer, const std::string& what) {
  auto json = nlohmann::json::parse(answer);
  if (json.contains("error")) throw std::runtime_error(what + ": " + json["error"].dump());
  return json;
}

std::string text_of(natsMsg* message) {
  return {natsMsg_GetData(message), static_cast<size_t>(natsMsg_GetDataLength(message))};
}

Headers headers_of(natsMsg* message) {
  Headers all;
  const char** keys = nullptr;
  int count = 0;
  if (natsMsgHeader_Keys(message, &keys, &count) != NATS_OK) return all;
  for (int i = 0; i < count; ++i) {
    const char* value = nullptr;
    if (natsMsgHeader_Get(message, keys[i], &value) == NATS_OK) all[keys[i]] = value;
  }
  std::free(static_cast<void*>(keys));
  return all;
}

}  // namespace

Client::Client(const std::string& url, double limit) {
  natsOptions* made = nullptr;
  check(natsOptions_Create(&made), "options");
  const nats::Options options(made);
  std::vector<std::string> urls;
  std::istringstream list(url);
  for (std::string one; std::getline(list, one, ',');) urls.push_back(one);
  std::vector<const char*> servers;
  for (const auto& one : urls) servers.push_back(one.c_str());
  check(natsOptions_SetServers(options.get(), servers.data(), static_cast<int>(servers.size())), url);
  check(natsOptions_SetTimeout(options.get(), static_cast<int64_t>(limit * 1000)), url);
  natsConnection* connection = nullptr;
  check(natsConnection_Connect(&connection, options.get()), "connect");
  connection_.reset(connection);
}

nats::Message Client::message(const std::string& subject, const char* reply, std::string_view data,
                              const Headers& headers) {
  natsMsg* made = nullptr;
  check(natsMsg_Create(&made, subject.c_str(), reply, data.data(), static_cast<int>(data.size())), subject);
  nats::Message message(made);
  for (const auto& [name, value] : headers) {
    check(natsMsgHeader_Set(message.get(), name.c_str(), value.c_str()), name);
  }
  return message;
}

std::string Client::request(const std::string& subject, std::string_view data, const Headers& headers,
                            double limit) {
  const auto question = message(subject, nullptr, data, headers);
  natsMsg* answer = nullptr;
  check(natsConnection_RequestMsg(&answer, connection_.get(), question.get(),
                                  static_cast<int64_t>(limit * 1000)),
        subject);
  const nats::Message owned(answer);
  return text_of(answer);
}

std::string Client::api(const std::string& subject, std::string_view json, double limit) {
  return request("$JS.API." + subject, json, {}, limit);
}

std::uint64_t Client::publish(const std::string& subject, std::string_view data, const Headers& headers) {
  return parsed(request(subject, data, headers), subject).at("seq").get<std::uint64_t>();
}

void Client::send(const std::string& subject, std::string_view data, const Headers& headers) {
  check(natsConnection_PublishMsg(connection_.get(), message(subject, nullptr, data, headers).get()),
        subject);
  check(natsConnection_FlushTimeout(connection_.get(), patience_ms), subject);
}

void Client::add_bucket(const std::string& name, std::string_view settings, double limit) {
  nlohmann::json config = {{"name", "KV_" + name},      {"subjects", {"$KV." + name + ".>"}},
                           {"retention", "limits"},     {"storage", "file"},
                           {"discard", "new"},          {"max_msgs_per_subject", 1},
                           {"num_replicas", 1},         {"duplicate_window", 120'000'000'000},
                           {"allow_rollup_hdrs", true}, {"deny_delete", true},
                           {"allow_direct", true}};
  config.update(nlohmann::json::parse(settings));
  // A busy server may still be taking away the files of a bucket of that name.
  constexpr int error_creating_store = 10049;
  for (int tries = 50;; --tries) {
    const auto answer = api("STREAM.CREATE.KV_" + name, config.dump(), limit);
    const auto error = nlohmann::json::parse(answer).value("error", nlohmann::json::object());
    if (tries == 0 || error.value("err_code", 0) != error_creating_store) {
      parsed(answer, "add " + name);
      return;
    }
    nats_Sleep(100);
  }
}

void Client::delete_bucket(const std::string& name) {
  parsed(api("STREAM.DELETE.KV_" + name), "delete " + name);
}

std::uint64_t Client::put(const std::string& bucket, const std::string& key, std::string_view value,
                          const Headers& headers) {
  return publish("$KV." + bucket + "." + key, value, headers);
}

Stored Client::last(const std::string& bucket, const std::string& key) {
  jsCtx* made = nullptr;
  jsOptions options;
  check(jsOptions_Init(&options), "options");
  options.Wait = patience_ms;
  check(natsConnection_JetStream(&made, connection_.get(), &options), "JetStream");
  const nats::JetStream jetstream(made);
  natsMsg* found = nullptr;
  const auto status = js_GetLastMsg(&found, made, ("KV_" + bucket).c_str(),
                                    ("$KV." + bucket + "." + key).c_str(), nullptr, nullptr);
  if (status == NATS_NOT_FOUND) return {};
  check(status, "last " + key);
  const nats::Message owned(found);
  return {natsMsg_GetSequence(found), text_of(found), headers_of(found)};
}

std::uint64_t Client::messages(const std::string& bucket) {
  return parsed(api("STREAM.INFO.KV_" + bucket), bucket).at("state").at("messages").get<std::uint64_t>();
}

std::uint64_t Client::last_revision(const std::string& bucket) {
  return parsed(api("STREAM.INFO.KV_" + bucket), bucket).at("state").at("last_seq").get<std::uint64_t>();
}

}  // namespace natskv::test
