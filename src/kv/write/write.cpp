#include "kv/write/write.hpp"

#include "nats/api.hpp"
#include "nats/check.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <charconv>

namespace natskv {
namespace {

/// {"stream":"KV_b","seq":7}: the usual answer, read without a JSON document. nullopt: anything else.
std::optional<std::uint64_t> plain_ack(std::string_view body) {
  constexpr std::string_view name = "\"seq\":";
  if (!body.starts_with("{\"stream\":")) return std::nullopt;
  auto at = body.find(name);
  if (at == std::string_view::npos) return std::nullopt;
  at += name.size();
  while (at < body.size() && body[at] == ' ') ++at;
  std::uint64_t sequence = 0;
  const auto [end, error] = std::from_chars(body.data() + at, body.data() + body.size(), sequence);
  const bool whole = end != body.data() + body.size() && (*end == ',' || *end == '}' || *end == ' ');
  if (error != std::errc{} || sequence == 0 || !whole) return std::nullopt;
  return sequence;
}

}  // namespace

nats::Headers headers_of(Operation operation, const Condition& condition) {
  nats::Headers headers;
  if (operation != Operation::put) headers.emplace_back("KV-Operation", name_of(operation));
  if (operation == Operation::purge || condition.drop_history) headers.emplace_back("Nats-Rollup", "sub");
  if (condition.never_expires)
    headers.emplace_back("Nats-TTL", "never");
  else if (condition.ttl)
    headers.emplace_back("Nats-TTL", fmt::format("{}s", condition.ttl->ns / 1'000'000'000));
  if (condition.bucket_at.value_or(0) > 0)  // 0 would be no condition at all
    headers.emplace_back("Nats-Expected-Last-Sequence", std::to_string(*condition.bucket_at));
  else if (condition.revision)
    headers.emplace_back("Nats-Expected-Last-Subject-Sequence", std::to_string(*condition.revision));
  return headers;
}

nats::Headers headers_of(const Write& write, const std::optional<std::uint64_t>& condition) {
  return headers_of(write.operation, {.revision = condition,
                                      .ttl = write.ttl,
                                      .never_expires = write.never_expires,
                                      .drop_history = write.drop_history});
}

std::uint64_t acknowledged(std::string_view answer, bool erase) {
  if (const auto revision = erase ? std::nullopt : plain_ack(answer)) return *revision;
  const auto document = nats::api_answer(answer);
  const auto at = document.find(erase ? "purged" : "seq");
  const bool number = at != document.end() && at->is_number_unsigned() && (erase || *at != 0);
  if (!number || document.contains("error"))
    throw nats::Error(NATS_PROTOCOL_ERROR, 0, "the server's answer acknowledges nothing");
  return at->get<std::uint64_t>();
}

Failure older_would_return(const std::string& bucket, const std::string& key, std::uint64_t revision) {
  return {Exit::failure,
          fmt::format("bucket \"{}\" keeps a history: when key \"{}\" expires, its older value would come "
                      "back; nothing was written",
                      bucket, key),
          "--drop-history removes the older revisions with the same write",
          {bucket, key, revision}};
}

Task doing(const std::string& bucket, const Write& write) {
  return {.bucket = bucket,
          .key = write.key,
          .revision = write.expected.value_or(0),
          .writes = true,
          .value_size = write.value.size(),
          .creates = write.operation == Operation::put && write.expected == std::uint64_t{0}};
}

}  // namespace natskv
