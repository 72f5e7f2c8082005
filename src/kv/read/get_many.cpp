#include "kv/read/get_many.hpp"

#include "base/pattern.hpp"
#include "base/text.hpp"
#include "kv/explain.hpp"
#include "kv/message.hpp"
#include "kv/trace.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace natskv {
namespace {

// Answers in flight or waiting for an earlier one; few until their size is known.
constexpr std::size_t window = 256, first_window = 8;
constexpr std::size_t most_bytes = std::size_t{8} << 20U;
// A request for many keys: the server's limit, and the number from which on it is cheaper. Two are in flight.
constexpr std::size_t most_together = 1024, fewest_together = 256;
constexpr std::size_t most_together_bytes = most_bytes / 2;
constexpr std::size_t most_name_bytes = std::size_t{128} << 10U;

}  // namespace

GetMany::GetMany(Bucket& bucket, bool consistent, bool together)
    : bucket_(bucket),
      window_(first_window),
      direct_(!consistent && bucket.direct()),
      together_(together && direct_ && bucket.direct_for_many()),
      requests_(bucket.requests({.messages = window, .bytes = most_bytes})) {
  trace(requests_, bucket.session());
  bucket.session().lift_deadline();
}

// In bursts: one request per answer would wake the server and natskv once for each key.
void GetMany::ask() {
  while (together_ && asked_.size() <= most_together && wanted_.size() >= fewest_together) ask_together();
  while (!again_.empty() && single_.size() < window_ && requests_.room(0)) {
    ask_for(*again_.begin());
    again_.erase(again_.begin());
  }
  if (asked_.size() * 2 > window_) return;
  while (!wanted_.empty() && asked_.size() < window_ && requests_.room(0)) {
    asked_.push_back(std::move(wanted_.front()));
    wanted_.pop_front();
    ask_for(first_ + asked_.size() - 1);
  }
}

void GetMany::ask_for(Turn turn) {
  const std::string& key = name(turn);
  if (reads_as_pattern(key)) return;  // next() asks
  const auto& where = bucket_.place();
  single_.emplace(next_, turn);
  requests_.send(next_++,
                 bucket_.session().api_subject("DIRECT.GET." + where.stream + "." + where.read_prefix + key),
                 {});
}

void GetMany::ask_together() {
  const auto& where = bucket_.place();
  nlohmann::ordered_json body{{"multi_last", nlohmann::ordered_json::array()},
                              {"max_bytes", most_together_bytes}};
  Together keys;
  std::size_t bytes = 0;
  while (!wanted_.empty() && keys.size() < most_together && bytes < most_name_bytes) {
    const Turn turn = first_ + asked_.size();
    const std::string& key = asked_.emplace_back(std::move(wanted_.front()));
    wanted_.pop_front();
    if (reads_as_pattern(key)) continue;
    if (!text::valid_utf8(key)) {  // JSON cannot name it
      again_.insert(turn);
      continue;
    }
    bytes += key.size();
    keys.emplace(key, turn);
    body["multi_last"].push_back(where.read_prefix + key);
  }
  if (keys.empty()) return;
  many_.emplace(next_, std::move(keys));
  const std::string asked = body.dump();
  if (asked.size() > bucket_.session().max_payload()) return none_together();
  requests_.send(next_++, bucket_.session().api_subject("DIRECT.GET." + where.stream), asked, {}, true);
}

std::optional<OwnedEntry> GetMany::next() {
  Session& session = bucket_.session();
  if (!direct_) {
    // The leader's answers are JSON with base64: rare enough to be read one by one, by the library.
    const std::string wanted = std::move(wanted_.front());
    wanted_.pop_front();
    return bucket_.entry_of_leader(wanted);
  }
  try {
    ask();
    if (reads_as_pattern(key())) ready_[first_].found = bucket_.entry(key());
    std::array others{pollfd{session.stop().descriptor(), POLLIN, 0}};
    while (!ready_.contains(first_)) {
      if (auto answer = requests_.next(seconds(60), others)) take(std::move(*answer));
      if (session.stop()) throw Stopped{};
      ask();
    }
  } catch (const nats::Error& error) {
    throw explain(session, error, {.bucket = bucket_.name(), .key = key()});
  }
  Answered answered = std::move(ready_.extract(first_).mapped());
  ++first_;
  const std::string asked = std::move(asked_.front());
  asked_.pop_front();
  if (answered.refused) throw explain(session, *answered.refused, {.bucket = bucket_.name(), .key = asked});
  return std::move(answered.found);
}

// The server or this replica cannot, or the user may not: key by key.
void GetMany::none_together() {
  together_ = false;
  while (!many_.empty()) ask_again(many_.begin()->first);
}

void GetMany::ask_again(std::uint64_t id) {
  const auto at = many_.find(id);
  for (const auto& [key, turn] : at->second) again_.insert(turn);
  many_.erase(at);
}

void GetMany::take(nats::Answer answer) {
  if (const auto at = many_.find(answer.id); at != many_.end()) {
    if (answer.status == NATS_NOT_PERMITTED) return none_together();
    if (answer.status == NATS_CONNECTION_CLOSED || answer.status == NATS_CONNECTION_DISCONNECTED)
      throw nats::Error(answer.status, 0, natsStatus_GetText(answer.status));
    if (answer.status != NATS_OK) return none_together();
    return take_one_of_many(answer.id, std::move(answer.message));
  }
  const auto at = single_.find(answer.id);
  if (at == single_.end()) return;
  if (answer.status == NATS_NOT_PERMITTED) {
    ready_[at->second].refused = nats::Error(answer.status, 0, answer.text);
    single_.erase(at);
    return;
  }
  if (answer.status != NATS_OK) throw nats::Error(answer.status, 0, natsStatus_GetText(answer.status));
  const std::shared_ptr<natsMsg> message(std::move(answer.message));
  bound_window(message.get());
  auto found = read(message);
  const bool absent = !found && header(message.get(), "Status") == "404";
  if (!absent && (!found || found->entry.key != name(at->second)))
    throw nats::Error(NATS_ERR, 0, not_of_this_key);
  ready_[at->second].found = std::move(found);
  single_.erase(at);
}

void GetMany::bound_window(natsMsg* message) {
  largest_ = std::max(largest_, static_cast<std::size_t>(natsMsg_GetDataLength(message)));
  window_ = std::clamp<std::size_t>(most_bytes / largest_, 1, std::min(window_ * 2, window));
}

// In the stream's order. After the last comes 204; 404 if there was none; 408 from a server that does not
// support it.
void GetMany::take_one_of_many(std::uint64_t id, const std::shared_ptr<natsMsg>& message) {
  const auto status = read_stored(message.get()) ? std::string_view() : header(message.get(), "Status");
  if (status == "204" || status == "404") {
    const auto left = header(message.get(), "Nats-Num-Pending");
    if (!left.empty() && left != "0") together_ = false;  // large values: not all fit one answer
    return ask_again(id);
  }
  if (!status.empty()) return none_together();
  bound_window(message.get());
  const auto found = read(message);
  if (!found) return;
  Together& keys = many_.at(id);
  const auto [from, to] = keys.equal_range(found->entry.key);
  for (auto at = from; at != to; ++at) ready_[at->second].found = found;
  keys.erase(from, to);
}

std::optional<OwnedEntry> GetMany::read(const std::shared_ptr<natsMsg>& message) {
  const auto stored = read_stored(message.get());
  return stored ? entry_of(message, *stored, bucket_.name(), bucket_.place().read_prefix) : std::nullopt;
}

}  // namespace natskv
