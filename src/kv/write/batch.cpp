#include "kv/write/batch.hpp"

#include "base/random.hpp"
#include "base/text.hpp"
#include "kv/explain.hpp"
#include "kv/trace.hpp"
#include "nats/api.hpp"
#include "nats/codes.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <chrono>

namespace natskv {
namespace {

using Clock = std::chrono::steady_clock;
constexpr Span slice = milliseconds(100);
constexpr std::uint64_t ask_each = 64U << 10U;  // bytes
constexpr Span patience = seconds(2);           // how long to wait for the commit's answer after Ctrl-C

}  // namespace

void require_atomic(Bucket& bucket) {
  const About about{bucket.name()};
  if (bucket.place().mirror) {
    throw Failure(Exit::failure,
                  fmt::format("bucket \"{}\" is a mirror; an atomic import goes to its origin \"{}\"",
                              bucket.name(), bucket.place().origin),
                  {}, about);
  }
  if (bucket.config().value("allow_atomic", false)) return;
  throw Failure(Exit::failure, fmt::format("bucket \"{}\" does not allow atomic batches", bucket.name()),
                fmt::format("natskv edit {} --atomic allows them (nats-server 2.12 or newer)", bucket.name()),
                about);
}

AtomicBatch::AtomicBatch(Bucket& bucket, std::uint64_t count, Answers answers)
    : bucket_(bucket),
      count_(count),
      asks_all_(answers == Answers::all || bucket.session().notices().tracing()),
      id_(random_hex(16)),
      requests_(bucket.requests({.messages = max_writes + 1, .bytes = std::size_t{8} << 20U})) {
  trace(requests_, bucket_.session());
  // Each answer has its time-out; the whole may take as long as it needs.
  bucket_.session().lift_deadline();
}

bool AtomicBatch::push(const Write& write, const std::optional<Check>& check) {
  Session& session = bucket_.session();
  const auto& place = bucket_.place();
  while (!requests_.room(write.value.size())) await(slice);
  await(Span{0});
  if (session.stop()) throw Stopped{};
  if (refused_ || lost_) return false;
  auto headers = headers_of(write, write.expected);
  if (check) {
    headers.emplace_back("Nats-Expected-Last-Subject-Sequence", std::to_string(check->revision));
    headers.emplace_back("Nats-Expected-Last-Subject-Sequence-Subject", place.read_prefix + check->key);
  }
  headers.emplace_back("Nats-Batch-Id", id_);
  headers.emplace_back("Nats-Batch-Sequence", std::to_string(++sent_));
  if (sent_ == count_) {
    headers.emplace_back("Nats-Batch-Commit", "1");
    last_key_ = write.key;
  }
  try {
    if (asks(write.value.size()))
      requests_.send(sent_, place.write_prefix + write.key, write.value, headers);
    else
      requests_.send_unanswered(place.write_prefix + write.key, write.value, headers);
  } catch (const nats::Error& error) {
    if (error.status == NATS_MAX_PAYLOAD) {
      refused_ = error;
      --sent_;
      return false;
    }
    lost_ = true;
    if (sent_ == count_) --sent_;  // it was not sent, so nothing is committed
    return false;
  }
  // A server without batches would answer as to an ordinary write: then it does not get the rest.
  while (sent_ == 1 && count_ > 1 && answered_ == 0 && await(slice)) {
  }
  return !refused_ && !lost_;
}

// The server answers a write of the batch only if asked (ADR-50): the first one, which shows that it knows
// batches, the commit, and between them enough to see that it keeps up.
bool AtomicBatch::asks(std::size_t bytes) {
  unanswered_ += bytes + 100;
  if (!asks_all_ && sent_ > 1 && sent_ < count_ && unanswered_ < ask_each) return false;
  unanswered_ = 0;
  return true;
}

/// Reads answers; false if no more are expected.
bool AtomicBatch::await(Span wait) {
  if (requests_.in_flight() == 0) return false;
  while (auto answer = requests_.next(wait)) {
    take(*answer);
    wait = Span{0};
  }
  return requests_.in_flight() > 0;
}

void AtomicBatch::take(nats::Answer& answer) {
  ++answered_;
  if (answer.status == NATS_NOT_PERMITTED) {
    if (!refused_) refused_ = nats::Error(NATS_NOT_PERMITTED, 0, answer.text);
    return;
  }
  if (answer.status != NATS_OK) {
    lost_ = true;
    return;
  }
  const auto body = nats::body_of(answer.message.get());
  if (body.empty()) return;  // staged
  try {
    const auto json = nats::api_answer(body);
    if (answer.id == count_ && json.value("batch", std::string()) == id_) {
      const auto last = json.at("seq").get<std::uint64_t>();
      committed_ = Outcome{.kind = Kind::stored, .first = last - count_ + 1, .last = last};
    } else {
      refused_ = nats::Error(NATS_PROTOCOL_ERROR, 0, "the server does not support atomic batches");
    }
  } catch (const nats::Error& error) {
    // After a refused message the commit only says that the batch is incomplete.
    if (!refused_ || refused_->code == nats::code::batch_incomplete) refused_ = error;
  } catch (const nlohmann::json::exception&) {
    lost_ = true;
  }
}

AtomicBatch::Outcome AtomicBatch::finish() {
  Session& session = bucket_.session();
  std::optional<Clock::time_point> until;
  while (!committed_ && !refused_ && requests_.in_flight() > 0) {
    if (session.stop() && !until) until = Clock::now() + std::chrono::nanoseconds(patience.ns);
    if (until && Clock::now() >= *until) break;
    await(slice);
  }
  if (committed_) return *committed_;
  if (refused_) return nothing_stored(*refused_);
  if (sent_ < count_) return {.kind = Kind::again};
  if (session.stop()) {
    throw Stopped{fmt::format("bucket \"{}\": interrupted; all of the batch may have been stored, or nothing",
                              bucket_.name())};
  }
  return look_up();
}

AtomicBatch::Outcome AtomicBatch::nothing_stored(const nats::Error& error) const {
  if (error.conflict()) return {.kind = Kind::conflict};
  if (error.code == nats::code::batch_incomplete || error.code == nats::code::too_many_batches)
    return {.kind = Kind::again};
  const Failure failure = explain(bucket_.session(), error, {.bucket = bucket_.name()});
  return {.kind = Kind::failed,
          .failure = failure.saying(std::string(failure.what()) + "; nothing was stored")};
}

/// The commit was sent and its answer was lost.
AtomicBatch::Outcome AtomicBatch::look_up() {
  Session& session = bucket_.session();
  const auto until = Clock::now() + std::chrono::nanoseconds(session.timeout().ns);
  while (!session.stop()) {
    try {
      const auto answer = session.api(
          "STREAM.MSG.GET." + bucket_.place().stream,
          nlohmann::ordered_json{{"last_by_subj", bucket_.place().read_prefix + last_key_}}.dump());
      const auto& message = answer.at("message");
      const auto headers = text::from_base64(message.value("hdrs", std::string())).value_or("");
      if (headers.find("Nats-Batch-Id: " + id_ + "\r\n") != std::string::npos) {
        const auto last = message.at("seq").get<std::uint64_t>();
        return {.kind = Kind::stored, .first = last - count_ + 1, .last = last};
      }
      break;
    } catch (const nats::Error& error) {
      if (Clock::now() >= until || error.code != 0) break;
    } catch (const nlohmann::json::exception&) {
      break;
    }
    nats_Sleep(50);
  }
  return {.kind = Kind::failed,
          .failure = Failure(Exit::unknown,
                             fmt::format("bucket \"{}\": no answer to the batch; all of it may have been "
                                         "stored, or nothing",
                                         bucket_.name()),
                             {}, {bucket_.name()})};
}

}  // namespace natskv
