#include "kv/write/writer.hpp"

#include "base/pattern.hpp"
#include "kv/explain.hpp"
#include "kv/trace.hpp"
#include "nats/check.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <thread>

namespace natskv {
namespace {

constexpr Span slice = milliseconds(100);
constexpr std::size_t most_postponed = 256;
constexpr std::size_t many = 200;  // in flight: more than can be answered during one short sleep
// Pushes between two polls for answers while there is room: a poll that finds none costs as much as a write.
constexpr unsigned pushes_a_look = 64;
// Erases between two reads that keep an old server's file in memory.
constexpr unsigned erases_a_read = 16;

std::size_t hash_of(std::string_view key) { return std::hash<std::string_view>{}(key); }

nats::Error error_of(const nats::Answer& answer) {
  return {answer.status, 0, answer.text.empty() ? natsStatus_GetText(answer.status) : answer.text.c_str()};
}

}  // namespace

Writer::Writer(Bucket& bucket, nats::Requests::Limits limits, Loss loss)
    : bucket_(bucket),
      limits_(limits),
      loss_(loss),
      losses_((bucket.session().connection(), bucket.session().wire().losses())) {
  open_requests();
  if (loss_ == Loss::ends) return;
  const auto& info = bucket_.info();
  highest_ = info.at("state").value("last_seq", std::uint64_t{0});
  created_ = info.value("created", std::string());
}

void Writer::open_requests() {
  Session& session = bucket_.session();
  try {
    natsConnection* const connection = session.connection();
    requests_.emplace(connection, session.wire(), session.settings().inbox_prefix, limits_,
                      session.timeout());
  } catch (const nats::Error& error) {
    throw explain(session, error, {.bucket = bucket_.name()});
  }
  trace(*requests_, session);
  // Each answer has its time-out; the whole may take as long as it needs.
  session.lift_deadline();
}

void Writer::push(std::uint64_t number, Write write) {
  if (write.erase) bucket_.require_own("purge", write.key);
  if (write.erase || write.operation == Operation::purge) {
    if (auto failure = not_purged(bucket_.name(), write.key, write.erase)) {
      results_.push_back({.number = number,
                          .key = write.key,
                          .operation = write.operation,
                          .erased = write.erase,
                          .expected = write.expected.value_or(0),
                          .revision = 0,
                          .failure = std::move(failure)});
      return;
    }
  }
  // The server would compare with everything that the pattern matches.
  if (reads_as_pattern(write.key) && write.expected) return write_alone(number, write);
  const std::size_t key = hash_of(write.key);
  throw_if_over();
  (void)bucket_.place();  // reports problems with the bucket before anything is sent
  if (!requests_->room(write.value.size())) {
    wait_for_room(write.value.size());
  } else if (trouble() || later_ > 0 || (requests_->worth_settling() && ++pushed_ >= pushes_a_look)) {
    collect(Span{0});
  }
  while (keys_.contains(key) || later_ >= most_postponed) collect(slice);
  if (write.erase && write.expected) keep_in_memory(*write.expected);
  keys_.insert(key);
  InFlight open{.number = number, .write = std::move(write), .floor = highest_};
  open.condition = open.write.expected;
  try {
    check_size(bucket_.session(), doing(bucket_.name(), open.write));
  } catch (const Failure& failure) {
    return conclude(writes_.emplace(next_++, std::move(open)).first, 0, failure);
  }
  send(std::move(open));
}

// Conditional on the bucket's last revision, which no write of ours may change meanwhile.
void Writer::write_alone(std::uint64_t number, const Write& write) {
  while (in_flight() > 0) collect(slice);
  WriteResult settled{.number = number,
                      .key = write.key,
                      .operation = write.operation,
                      .expected = write.expected.value_or(0),
                      .failure = std::nullopt};
  try {
    // Without drop_history: of such a key it would purge others (would_purge_others).
    const Condition condition{.revision = write.expected,
                              .creates = write.creates,
                              .ttl = write.ttl,
                              .never_expires = write.never_expires};
    settled.revision =
        (write.operation == Operation::put ? bucket_.store(write.key, write.value, condition)
                                           : bucket_.mark(write.key, write.operation, condition))
            .revision;
    bucket_.session().notices().changed();
  } catch (const Failure& failure) {
    settled.failure = failure;
  }
  results_.push_back(std::move(settled));
}

// Refilled at half a window: a wake-up for each answer would cost more than the answer. With half a window in
// flight the server has work for longer than this sleeps.
void Writer::wait_for_room(std::size_t bytes) {
  while (true) {
    collect(slice);
    if (!requests_->worth_settling() && requests_->room(bytes)) return;
    if (requests_->in_flight() >= many) std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
}

void Writer::send(InFlight write) {
  const std::uint64_t id = next_++;
  const auto at = writes_.emplace(id, std::move(write)).first;
  InFlight& open = at->second;
  open.stage = Stage::sent;
  const Write& asked = open.write;
  try {
    if (asked.erase) {
      nlohmann::ordered_json body{{"filter", bucket_.place().read_prefix + asked.key}};
      if (asked.expected) body["seq"] = *asked.expected + 1;
      requests_->send(id, bucket_.session().api_subject("STREAM.PURGE.KV_" + bucket_.name()), body.dump());
    } else {
      requests_->send(id, bucket_.place().write_prefix + asked.key, asked.value,
                      headers_of(asked, open.condition));
    }
  } catch (const nats::Error& error) {
    if (error.status == NATS_MAX_PAYLOAD)
      return conclude(at, 0, explain(bucket_.session(), error, doing(bucket_.name(), asked)));
    if (loss_ == Loss::survives && error.status != NATS_NOT_PERMITTED) return put_to(at, Stage::doubtful);
    const auto failure = explain(bucket_.session(), error, doing(bucket_.name(), asked));
    keys_.erase(hash_of(asked.key));
    writes_.erase(at);
    give_up();
    throw failure;
  }
}

// Under a new id: an answer to the first attempt is not for this one.
void Writer::send_again(InFlights::iterator at) {
  if (at->second.stage == Stage::later) --later_;
  if (at->second.stage == Stage::doubtful) --doubtful_;
  InFlight write = std::move(at->second);
  writes_.erase(at);
  send(std::move(write));
}

void Writer::put_to(InFlights::iterator at, Stage stage) {
  at->second.stage = stage;
  ++(stage == Stage::later ? later_ : doubtful_);
}

Writer::InFlights::iterator Writer::first(Stage stage) {
  return std::find_if(writes_.begin(), writes_.end(),
                      [&](const auto& one) { return one.second.stage == stage; });
}

// A server before 2.10 that purges one key from a block of its file that is not in memory reads the block (4
// MB) and drops it again (filestore.go, PurgeEx): 80 keys a second, and with more than 256 in flight none is
// answered in time. Reading a message of the block first keeps it in memory.
void Writer::keep_in_memory(std::uint64_t revision) {
  if (erases_++ % erases_a_read != 0) return;
  if (!old_filestore_) old_filestore_ = bucket_.on_old_server();
  if (!*old_filestore_) return;
  try {
    requests_->send(next_++, bucket_.session().api_subject("STREAM.MSG.GET.KV_" + bucket_.name()),
                    fmt::format("{{\"seq\":{}}}", revision));
  } catch (const nats::Error&) {  // the next write reports why
  }
}

void Writer::poll() { collect(Span{0}); }

void Writer::wait_for(std::string_view key) {
  while (keys_.contains(hash_of(key))) collect(slice);
}

void Writer::wait_for_some() { collect(slice); }

void Writer::drain(Span most) {
  draining_ = Clock::now() + std::chrono::nanoseconds(most.ns);
  try {
    while (in_flight() > 0 && !over()) collect(milliseconds(20));
  } catch (const Stopped&) {
  } catch (const Failure&) {  // another failure ended the work
  }
  draining_.reset();
  give_up();
}

bool Writer::over() const {
  return draining_ ? Clock::now() >= *draining_ : static_cast<bool>(bucket_.session().stop());
}

void Writer::throw_if_over() const {
  if (over()) throw Stopped{};
}

void Writer::collect(Span wait) {
  pushed_ = 0;
  if (trouble()) recover();
  // Writes in flight are awaited even after a Stop.
  std::array<pollfd, 1> stop{{{draining_ ? -1 : bucket_.session().stop().descriptor(), POLLIN, 0}}};
  const std::span<pollfd> others = wait.ns > 0 ? std::span<pollfd>(stop) : std::span<pollfd>();
  while (auto answer = requests_->next(wait, others)) {
    answered(*answer);
    spent_.keep(std::move(answer->message));
    wait = Span{0};
  }
  send_postponed();
  throw_if_over();
}

std::optional<WriteResult> Writer::result() {
  if (results_.empty()) return std::nullopt;
  WriteResult one = std::move(results_.front());
  results_.pop_front();
  return one;
}

void Writer::conclude(InFlights::iterator at, std::uint64_t revision, std::optional<Failure> failure) {
  InFlight open = std::move(at->second);
  writes_.erase(at);
  if (open.stage == Stage::later) --later_;
  if (open.stage == Stage::doubtful) --doubtful_;
  keys_.erase(hash_of(open.write.key));
  if (!failure) bucket_.session().notices().changed();
  results_.push_back({.number = open.number,
                      .key = std::move(open.write.key),
                      .operation = open.write.operation,
                      .erased = open.write.erase,
                      .expected = open.write.expected.value_or(0),
                      .revision = revision,
                      .failure = std::move(failure)});
}

void Writer::answered(const nats::Answer& answer) {
  const auto at = writes_.find(answer.id);
  if (at == writes_.end()) {
    // A read that keeps a file in memory: skipped without permission to read.
    if (answer.status == NATS_NOT_PERMITTED) old_filestore_ = false;
    return;
  }
  if (at->second.stage != Stage::sent) return;
  const bool gone = answer.status == NATS_CONNECTION_DISCONNECTED || answer.status == NATS_CONNECTION_CLOSED;
  if (gone || (answer.status == NATS_NOT_PERMITTED && requests_->inbox_refused())) {
    if (loss_ == Loss::survives && gone) return put_to(at, Stage::doubtful);
    blame_line_too_long();
    const auto failure = explain(bucket_.session(), error_of(answer), {.bucket = bucket_.name()});
    give_up();
    throw failure;
  }
  const bool erase = at->second.write.erase;
  try {
    if (answer.status != NATS_OK) throw error_of(answer);
    const auto number = acknowledged(nats::body_of(answer.message.get()), erase);
    if (!erase && number > highest_) {
      highest_ = number;
      highest_key_ = at->second.write.key;
    }
    conclude(at, number, std::nullopt);
  } catch (const nats::Error& error) {
    refused(at, error);
  }
}

// Writes that the server did not store. Some may still be stored.
void Writer::refused(InFlights::iterator at, const nats::Error& error) {
  InFlight& open = at->second;
  Session& session = bucket_.session();
  // It may have timed out because the connection is lost, which has not been reported yet.
  if (error.status == NATS_TIMEOUT && connection_was_lost()) return put_to(at, Stage::doubtful);
  const bool starting = loss_ == Loss::survives && session.wire().returns() > 0;
  const Verdict verdict = after_refusal(open, error, starting);
  if (verdict.what == Verdict::What::look) {
    open.refused = open.write.expected.has_value();
    return put_to(at, Stage::doubtful);
  }
  if (verdict.what == Verdict::What::later) {
    const auto now = Clock::now();
    if (open.first_refused == Clock::time_point{}) open.first_refused = now;
    open.again = now + std::chrono::milliseconds(20);
    if (now - open.first_refused < std::chrono::nanoseconds(session.starting().ns))
      return put_to(at, Stage::later);
  }
  conclude(at, 0, explain(session, error, doing(bucket_.name(), open.write)));
}

void Writer::send_postponed() {
  while (later_ > 0) {
    const auto at = first(Stage::later);
    if (at->second.again > Clock::now()) return;
    send_again(at);
  }
}

// Those that were refused for now are not in doubt: none of them is stored.
void Writer::give_up() {
  const std::string cause =
      bucket_.session().stop().why() == StopReason::none ? "the connection was lost" : "interrupted";
  if (requests_) requests_->abandon();
  while (!writes_.empty()) {
    const auto at = writes_.begin();
    const bool refused = at->second.stage == Stage::later;
    const std::string& key = at->second.write.key;
    Failure failure(
        refused ? Exit::failure : Exit::unknown,
        fmt::format("key \"{}\" of bucket \"{}\": {}", key, bucket_.name(),
                    refused ? "the server refused it for now and was not asked again; nothing was "
                              "written"
                            : cause + "; the write may have been stored"),
        {}, {bucket_.name(), key, 0});
    failure.common(refused ? "the server refused them for now" : cause);
    conclude(at, 0, std::move(failure));
  }
}

}  // namespace natskv
