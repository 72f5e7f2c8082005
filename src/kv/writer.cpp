#include "kv/writer.hpp"

#include "base/pattern.hpp"
#include "kv/explain.hpp"
#include "kv/trace.hpp"
#include "nats/api.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace natskv {
namespace {

constexpr Span slice = milliseconds(100);

nats::Pipeline::Headers headers_of(const Write& write) {
  nats::Pipeline::Headers headers;
  if (write.operation != Operation::put) headers.emplace_back("KV-Operation", name_of(write.operation));
  if (write.operation == Operation::purge) headers.emplace_back("Nats-Rollup", "sub");
  if (write.expected)
    headers.emplace_back("Nats-Expected-Last-Subject-Sequence", std::to_string(*write.expected));
  if (write.never_expires)
    headers.emplace_back("Nats-TTL", "never");
  else if (write.ttl)
    headers.emplace_back("Nats-TTL", fmt::format("{}s", write.ttl->ns / 1'000'000'000));
  return headers;
}

Doing doing(const std::string& bucket, const Write& write) {
  return {.bucket = bucket,
          .key = write.key,
          .revision = write.expected.value_or(0),
          .writes = true,
          .value_size = write.value.size(),
          .creates = write.operation == Operation::put && write.expected == std::uint64_t{0}};
}

}  // namespace

Writer::Writer(Bucket& bucket, std::function<void(const Settled&)> settled, nats::Pipeline::Limits limits)
    : bucket_(bucket),
      settled_(std::move(settled)),
      pipeline_(bucket.session().connection(), bucket.session().settings().inbox_prefix, limits,
                bucket.session().timeout()),
      violations_(bucket.session().link().violations) {
  trace(pipeline_, bucket.session());
  // Its own answers are bounded one by one; the whole may take as long as it needs.
  bucket.session().lift_deadline();
  bucket.session().link().fail_fast = false;
}

void Writer::push(std::uint64_t number, Write write) {
  check_size(bucket_.session(), doing(bucket_.name(), write));
  if (natskv::reads_as_pattern(write.key)) {
    if (write.erase || write.operation == Operation::purge) {
      return settled_({.number = number,
                       .key = write.key,
                       .operation = write.operation,
                       .erased = write.erase,
                       .expected = write.expected.value_or(0),
                       .revision = 0,
                       .failure = reads_as_pattern(bucket_.name(), write.key)});
    }
    write.expected.reset();  // the server would compare with what the pattern matches
  }
  while (!pipeline_.room(write.value.size()) || keys_.contains(write.key)) settle(slice);
  if (pipeline_.worth_settling()) settle(Span{0});
  const Write& kept = writes_.emplace(number, std::move(write)).first->second;
  keys_.emplace(kept.key, number);
  try {
    if (kept.erase) {
      nlohmann::ordered_json body{{"filter", bucket_.place().read_prefix + kept.key}};
      if (kept.expected) body["seq"] = *kept.expected + 1;
      pipeline_.send(number, bucket_.session().api_subject("STREAM.PURGE.KV_" + bucket_.name()), body.dump());
    } else {
      pipeline_.send(number, bucket_.place().write_prefix + kept.key, kept.value, headers_of(kept));
    }
  } catch (const nats::Error& error) {
    const auto failure = explain(bucket_.session(), error, doing(bucket_.name(), kept));
    keys_.erase(kept.key);
    writes_.erase(number);
    give_up();
    throw failure;
  }
}

void Writer::finish() {
  while (pipeline_.in_flight() > 0) settle(slice);
}

void Writer::settle(Span wait) {
  Session& session = bucket_.session();
  try {
    while (auto answer = pipeline_.next(wait)) {
      settle_one(std::move(*answer));
      wait = Span{0};
    }
  } catch (const nats::Error& error) {
    const auto failure = explain(session, error, {.bucket = bucket_.name()});
    give_up();
    throw failure;
  }
  settle_violations();
  if (session.stop()) {
    give_up();
    throw Stopped{};
  }
}

// The write is done with before anyone hears of it: `settled_` may push another of the same key.
void Writer::conclude(std::uint64_t number, std::uint64_t revision, std::optional<Failure> failure) {
  const auto at = writes_.find(number);
  if (at == writes_.end()) return;
  keys_.erase(at->second.key);
  const Write write = std::move(at->second);
  writes_.erase(at);
  settled_({.number = number,
            .key = write.key,
            .operation = write.operation,
            .erased = write.erase,
            .expected = write.expected.value_or(0),
            .revision = revision,
            .failure = std::move(failure)});
}

void Writer::settle_one(nats::Answer answer) {
  const auto at = writes_.find(answer.id);
  if (at == writes_.end()) return;
  try {
    if (answer.status != NATS_OK) throw nats::Error(answer.status, 0, natsStatus_GetText(answer.status));
    const auto body =
        nats::api_answer({natsMsg_GetData(answer.message.get()),
                          static_cast<std::size_t>(natsMsg_GetDataLength(answer.message.get()))});
    conclude(answer.id, body.value(at->second.erase ? "purged" : "seq", std::uint64_t{0}), std::nullopt);
  } catch (const nats::Error& error) {
    conclude(answer.id, 0, explain(bucket_.session(), error, doing(bucket_.name(), at->second)));
  }
}

// 'Permissions Violation for Publish to "$KV.b.k"': the subject says which write it was; on any other subject
// the whole can't go on.
void Writer::settle_violations() {
  Session& session = bucket_.session();
  while (violations_ < session.link().violations) {
    const std::string text = session.violation(violations_++);
    const nats::Error error(NATS_NOT_PERMITTED, 0, text);
    const auto open = text.find('"');
    const auto close = text.rfind('"');
    const auto id = pipeline_.settle_subject(open < close ? text.substr(open + 1, close - open - 1) : text);
    const auto at = id ? writes_.find(*id) : writes_.end();
    if (at == writes_.end()) {
      const auto failure = explain(session, error, {.bucket = bucket_.name()});
      give_up();
      throw failure;
    }
    conclude(*id, 0, explain(session, error, doing(bucket_.name(), at->second)));
  }
}

void Writer::give_up() {
  for (const auto id : pipeline_.abandon()) {
    const auto at = writes_.find(id);
    if (at == writes_.end()) continue;
    const std::string key = at->second.key;
    conclude(
        id, 0,
        Failure(Exit::unknown,
                fmt::format(
                    "key \"{}\" of bucket \"{}\": the connection was lost; the write may have been stored",
                    key, bucket_.name()),
                {}, {bucket_.name(), key, 0}));
  }
}

}  // namespace natskv
