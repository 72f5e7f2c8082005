#include "kv/write/writer.hpp"

#include "base/pattern.hpp"
#include "kv/explain.hpp"
#include "kv/trace.hpp"
#include "nats/api.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <charconv>
#include <thread>

namespace natskv {
namespace {

constexpr Span slice = milliseconds(100);
constexpr std::size_t most_postponed = 256;
constexpr std::size_t many = 200;  // in flight: more than are answered in one short sleep
constexpr int too_many_requests = 10167;
// Pushed between two looks for answers while there is room: a look that finds none costs as much as a write.
constexpr unsigned pushes_a_look = 64;
// Erases between two reads that keep an old server's file in memory.
constexpr unsigned erases_a_read = 16;

Doing doing(const std::string& bucket, const Write& write) {
  return {.bucket = bucket,
          .key = write.key,
          .revision = write.expected.value_or(0),
          .writes = true,
          .value_size = write.value.size(),
          .creates = write.operation == Operation::put && write.expected == std::uint64_t{0}};
}

Failure unknown(const std::string& bucket, const Write& write, std::string_view why) {
  return {Exit::unknown,
          fmt::format("key \"{}\" of bucket \"{}\": {}", write.key, bucket, why),
          {},
          {bucket, write.key, 0}};
}

/// {"stream":"KV_b","seq":7}: what nearly every answer is, without a JSON document. nullopt: anything else.
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

/// The revision, or of an erase how many went. Throws nats::Error: refused, or an answer that acknowledges
/// nothing.
std::uint64_t acknowledged(std::string_view body, bool erase) {
  if (const auto revision = erase ? std::nullopt : plain_ack(body)) return *revision;
  const auto answer = nats::api_answer(body);
  const auto at = answer.find(erase ? "purged" : "seq");
  const bool number = at != answer.end() && at->is_number_unsigned() && (erase || *at != 0);
  if (!number || answer.contains("error"))
    throw nats::Error(NATS_PROTOCOL_ERROR, 0, "the server's answer acknowledges nothing");
  return at->get<std::uint64_t>();
}

std::size_t hash_of(std::string_view key) { return std::hash<std::string_view>{}(key); }

}  // namespace

nats::Pipeline::Headers headers_of(const Write& write, const std::optional<std::uint64_t>& condition) {
  nats::Pipeline::Headers headers;
  if (write.operation != Operation::put) headers.emplace_back("KV-Operation", name_of(write.operation));
  if (write.operation == Operation::purge) headers.emplace_back("Nats-Rollup", "sub");
  if (condition) headers.emplace_back("Nats-Expected-Last-Subject-Sequence", std::to_string(*condition));
  if (write.never_expires)
    headers.emplace_back("Nats-TTL", "never");
  else if (write.ttl)
    headers.emplace_back("Nats-TTL", fmt::format("{}s", write.ttl->ns / 1'000'000'000));
  return headers;
}

Writer::Writer(Bucket& bucket, std::function<void(const Settled&)> settled, nats::Pipeline::Limits limits,
               Loss loss)
    : bucket_(bucket),
      settled_(std::move(settled)),
      pipeline_(bucket.pipeline(limits)),
      loss_(loss),
      violations_(bucket.session().link().violations),
      disconnects_(bucket.session().link().disconnects) {
  Session& session = bucket_.session();
  trace(pipeline_, session);
  // Its own answers are bounded one by one; the whole may take as long as it needs.
  session.lift_deadline();
  session.link().fail_fast = false;
  if (loss_ == Loss::ends) return;
  const auto& info = bucket_.info();
  highest_ = info.at("state").value("last_seq", std::uint64_t{0});
  created_ = info.value("created", std::string());
}

Writer::~Writer() { keep_connection(false); }

// While something is in flight a Stop does not close the connection: drain() waits for answers.
void Writer::keep_connection(bool keep) {
  if (std::exchange(kept_, keep) == keep) return;
  if (keep)
    bucket_.session().stop().on_interrupt({});
  else
    bucket_.session().end_on_interrupt();
}

void Writer::push(std::uint64_t number, Write write) {
  if (write.erase) bucket_.require_own("purge", write.key);
  if (write.erase || write.operation == Operation::purge) {
    if (auto failure = not_purged(bucket_.name(), write.key, write.erase)) {
      return settled_({.number = number,
                       .key = write.key,
                       .operation = write.operation,
                       .erased = write.erase,
                       .expected = write.expected.value_or(0),
                       .revision = 0,
                       .failure = std::move(failure)});
    }
  }
  // The server would compare with what the pattern matches.
  if (reads_as_pattern(write.key)) write.expected.reset();
  const std::size_t key = hash_of(write.key);
  throw_if_over();
  if (!pipeline_.room(write.value.size())) {
    wait_for_room(write.value.size());
  } else if (trouble() || !postponed_.empty() ||
             (pipeline_.worth_settling() && ++unsettled_ >= pushes_a_look)) {
    settle(Span{0});
  }
  while (keys_.contains(key) || postponed_.size() >= most_postponed) settle(slice);
  keys_.insert(key);
  Open open;
  open.number = number;
  open.condition = write.expected;
  open.floor = highest_;
  open.write = std::move(write);
  try {
    check_size(bucket_.session(), doing(bucket_.name(), open.write));
  } catch (const Failure& failure) {
    return conclude(std::move(open), 0, failure);
  }
  if (open.write.erase && open.write.expected) keep_in_memory(*open.write.expected);
  send(std::move(open));
}

// Refilled at half a window: a wake-up for each answer would cost more than the answer. With half a window
// under way the server has work for longer than this sleeps.
void Writer::wait_for_room(std::size_t bytes) {
  while (true) {
    settle(slice);
    if (!pipeline_.worth_settling() && pipeline_.room(bytes)) return;
    if (pipeline_.in_flight() >= many) std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
}

void Writer::send(Open open) {
  keep_connection(true);
  // A listing beside us sets it: then one refused key would cost all that are in flight.
  bucket_.session().link().fail_fast = false;
  const std::uint64_t id = next_++;
  const auto at = writes_.emplace(id, std::move(open)).first;
  const Write& write = at->second.write;
  try {
    if (write.erase) {
      nlohmann::ordered_json body{{"filter", bucket_.place().read_prefix + write.key}};
      if (write.expected) body["seq"] = *write.expected + 1;
      pipeline_.send(id, bucket_.session().api_subject("STREAM.PURGE.KV_" + bucket_.name()), body.dump());
    } else {
      pipeline_.send(id, bucket_.place().write_prefix + write.key, write.value,
                     headers_of(write, at->second.condition));
    }
  } catch (const nats::Error& error) {
    if (error.status == NATS_MAX_PAYLOAD) {  // with its headers: this one was not sent, others may fit
      const auto failure = explain(bucket_.session(), error, doing(bucket_.name(), write));
      return conclude(take(at), 0, failure);
    }
    if (loss_ == Loss::survives && !bucket_.session().link().closed && error.status != NATS_MAX_PAYLOAD) {
      doubtful_.push_back(take(at));
      return recover();
    }
    const auto failure = explain(bucket_.session(), error, doing(bucket_.name(), write));
    keys_.erase(hash_of(write.key));
    writes_.erase(at);
    give_up();
    throw failure;
  }
}

// A server before 2.10 that purges one key from a block of its file which is not in memory reads the block, 4
// MB, and forgets it again (filestore.go, PurgeEx): 80 keys a second, and behind 256 of them none is answered
// in time. A message of the block that is asked for in front of it stays there.
void Writer::keep_in_memory(std::uint64_t revision) {
  if (erases_++ % erases_a_read != 0) return;
  if (!forgetful_) forgetful_ = bucket_.on_old_server();
  if (!*forgetful_) return;
  try {
    pipeline_.send(next_++, bucket_.session().api_subject("STREAM.MSG.GET.KV_" + bucket_.name()),
                   fmt::format("{{\"seq\":{}}}", revision));
  } catch (const nats::Error&) {  // what is sent behind it says why
  }
}

void Writer::wait_for(std::string_view key) {
  while (keys_.contains(hash_of(key))) settle(slice);
}

void Writer::finish() {
  while (in_flight() > 0) settle(slice);
}

void Writer::drain(Span most) {
  draining_ = Clock::now() + std::chrono::nanoseconds(most.ns);
  try {
    while (in_flight() > 0 && !over()) settle(milliseconds(20));
  } catch (const Stopped&) {
  } catch (const Failure&) {  // another one ended the work
  }
  draining_.reset();
  give_up();
}

bool Writer::over() const {
  return draining_ ? Clock::now() >= *draining_ : static_cast<bool>(bucket_.session().stop());
}

void Writer::throw_if_over() {
  if (over()) throw Stopped{};
}

void Writer::settle(Span wait) {
  Session& session = bucket_.session();
  unsettled_ = 0;
  if (trouble()) recover();
  try {
    while (auto answer = pipeline_.next(wait)) {
      settle_one(*answer);
      spent_.keep(std::move(answer->message));
      wait = Span{0};
    }
  } catch (const nats::Error& error) {
    if (loss_ == Loss::survives && !session.link().closed) return recover();
    const auto failure = explain(session, error, {.bucket = bucket_.name()});
    give_up();
    throw failure;
  }
  settle_violations();
  send_postponed();
  throw_if_over();
  if (in_flight() == 0 && !draining_) keep_connection(false);
}

Writer::Open Writer::take(Opens::iterator at) {
  Open open = std::move(at->second);
  writes_.erase(at);
  return open;
}

// The write is done with before anyone hears of it: `settled_` may push another of the same key.
void Writer::conclude(Open open, std::uint64_t revision, std::optional<Failure> failure) {
  keys_.erase(hash_of(open.write.key));
  if (!failure) bucket_.session().notices().changed();
  settled_({.number = open.number,
            .key = std::move(open.write.key),
            .operation = open.write.operation,
            .erased = open.write.erase,
            .expected = open.write.expected.value_or(0),
            .revision = revision,
            .failure = std::move(failure)});
}

void Writer::settle_one(const nats::Answer& answer) {
  const auto at = writes_.find(answer.id);
  if (at == writes_.end()) return;
  const bool erase = at->second.write.erase;
  try {
    if (answer.status != NATS_OK) throw nats::Error(answer.status, 0, natsStatus_GetText(answer.status));
    const std::string_view body(natsMsg_GetData(answer.message.get()),
                                static_cast<std::size_t>(natsMsg_GetDataLength(answer.message.get())));
    const auto number = acknowledged(body, erase);
    if (!erase && number > highest_) {
      highest_ = number;
      highest_key_ = at->second.write.key;
    }
    conclude(take(at), number, std::nullopt);
  } catch (const nats::Error& error) {
    refuse(at, error);
  }
}

// What the server did not store. Some of it may be stored yet.
void Writer::refuse(Opens::iterator at, const nats::Error& error) {
  Open& open = at->second;
  const bool starting = loss_ == Loss::survives && error.status == NATS_NO_RESPONDERS &&
                        bucket_.session().link().reconnects > 0;
  if ((error.code == too_many_requests || starting) && postpone(open)) {
    postponed_.push_back(take(at));
    return;
  }
  const bool own_condition = open.condition && !open.write.expected;
  if (error.conflict() && (own_condition || (open.write.creates && !open.write.erase))) {
    open.refused = !own_condition;
    doubtful_.push_back(take(at));
    return;
  }
  const auto failure = explain(bucket_.session(), error, doing(bucket_.name(), open.write));
  conclude(take(at), 0, failure);
}

bool Writer::postpone(Open& open) {
  const auto now = Clock::now();
  if (open.first_refused == Clock::time_point{}) open.first_refused = now;
  open.again = now + std::chrono::milliseconds(20);
  return now - open.first_refused < std::chrono::nanoseconds(bucket_.session().starting().ns);
}

void Writer::send_postponed() {
  while (!postponed_.empty() && postponed_.front().again <= Clock::now()) {
    Open open = std::move(postponed_.front());
    postponed_.pop_front();
    send(std::move(open));
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
    if (id && at == writes_.end()) {  // the user may not read there: then without
      forgetful_ = false;
      continue;
    }
    if (at == writes_.end()) {
      const auto failure = explain(session, error, {.bucket = bucket_.name()});
      give_up();
      throw failure;
    }
    const auto failure = explain(session, error, doing(bucket_.name(), at->second.write));
    conclude(take(at), 0, failure);
  }
}

void Writer::give_up() {
  const std::string cause =
      bucket_.session().stop().why() == Why::none ? "the connection was lost" : "interrupted";
  const std::string why = cause + "; the write may have been stored";
  for (const auto id : pipeline_.abandon()) {
    const auto at = writes_.find(id);
    if (at == writes_.end()) continue;
    Open open = take(at);
    auto failure = unknown(bucket_.name(), open.write, why);
    failure.common(cause);
    conclude(std::move(open), 0, failure);
  }
  while (!doubtful_.empty()) {
    Open open = std::move(doubtful_.front());
    doubtful_.pop_front();
    auto failure = unknown(bucket_.name(), open.write, why);
    failure.common(cause);
    conclude(std::move(open), 0, failure);
  }
  while (!postponed_.empty()) {
    Open open = std::move(postponed_.front());
    postponed_.pop_front();
    Failure failure(Exit::failure,
                    fmt::format("key \"{}\" of bucket \"{}\": the server refused it for now and was not "
                                "asked again; nothing was written",
                                open.write.key, bucket_.name()),
                    {}, {bucket_.name(), open.write.key, 0});
    failure.common("the server refused them for now");
    conclude(std::move(open), 0, failure);
  }
}

}  // namespace natskv
