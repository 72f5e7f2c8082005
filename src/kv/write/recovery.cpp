// Writer after a lost connection: finds out about the writes whose answers were lost.
#include "kv/explain.hpp"
#include "kv/trace.hpp"
#include "kv/write/writer.hpp"
#include "nats/codes.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace natskv {
namespace {

constexpr int pause_ms = 50;

std::size_t length_of(const InFlight& write) { return write.write.erase ? 0 : write.write.key.size(); }

/// Whether the revision now belongs to another key: a server that lost data assigns revisions again that it
/// had acknowledged. A revision that no longer exists (purged, expired, replaced) proves nothing.
bool given_to_another(Session& session, const std::string& bucket, std::uint64_t revision,
                      const std::string& subject) {
  try {
    const auto answer = session.api("STREAM.MSG.GET.KV_" + bucket, fmt::format("{{\"seq\":{}}}", revision));
    return answer.at("message").value("subject", subject) != subject;
  } catch (const nats::Error& error) {
    if (error.code == nats::code::no_message_found || error.status == NATS_NOT_PERMITTED) return false;
    throw;
  }
}

}  // namespace

bool Writer::connection_was_lost() const {
  return loss_ == Loss::survives && bucket_.session().wire().losses() != losses_;
}

// Every write without an answer is checked once the bucket is reachable again. What fails meanwhile (the
// connection may be lost again) is retried, for as long as starting a listing may take.
void Writer::recover() {
  if (std::exchange(recovering_, true)) return;
  const struct Done {
    bool& flag;
    ~Done() { flag = false; }
  } done{recovering_};
  Session& session = bucket_.session();
  const auto until = Clock::now() + std::chrono::nanoseconds(session.starting().ns);
  while (trouble()) {
    throw_if_over();
    try {
      if (connection_was_lost()) {
        come_back(until);
        check_bucket();
      }
      while (doubtful_ > 0 && !connection_was_lost()) {
        throw_if_over();
        look_again(first(Stage::doubtful));
      }
      continue;
    } catch (const Failure& failure) {
      const bool lost = failure.exit() == Exit::unreachable || failure.exit() == Exit::unknown;
      if (!lost || loss_ == Loss::ends || Clock::now() >= until) {
        give_up();
        throw;
      }
    } catch (const nats::Error& error) {
      if (loss_ == Loss::ends || Clock::now() >= until) {
        const auto failure = explain(session, error, {.bucket = bucket_.name(), .writes = in_flight() > 0});
        give_up();
        throw failure;
      }
    }
    nats_Sleep(pause_ms);
  }
}

// Answers that came before the loss are read; all others are in doubt. A connection that was closed for good
// (nats.c does that if the server gives a reason) is replaced.
void Writer::come_back(Clock::time_point until) {
  Session& session = bucket_.session();
  if (requests_) {
    while (auto answer = requests_->next(milliseconds(1))) answered(*answer);
    for (const auto id : requests_->abandon()) {
      if (const auto at = writes_.find(id); at != writes_.end() && at->second.stage == Stage::sent)
        put_to(at, Stage::doubtful);
    }
  }
  while (!requests_ || natsConnection_Status(session.connection()) != NATS_CONN_STATUS_CONNECTED) {
    throw_if_over();
    if (!requests_ || natsConnection_IsClosed(session.connection())) {
      blame_line_too_long();
      const auto ended = session.ended_by();
      if (ended && ended->status == NATS_CONNECTION_AUTH_FAILED)
        throw explain(session, *ended, {.bucket = bucket_.name()});
      requests_.reset();
      losses_ = -1;  // of another wire: still to be handled
      session.connect_again();
      return open_requests();
    }
    if (Clock::now() >= until) {
      const bool known = in_flight() == 0 && !session.notices().has_changed();
      const Failure failure(
          known ? Exit::unreachable : Exit::unknown,
          fmt::format("bucket \"{}\": the connection to {} was lost and not restored{}", bucket_.name(),
                      config::shown(session.settings().servers), known ? "; nothing was changed" : ""),
          {}, {bucket_.name()});
      throw failure;
    }
    nats_Sleep(pause_ms / 5);
  }
}

// The server does not say which: it was the longest.
void Writer::blame_line_too_long() {
  const auto ended = bucket_.session().ended_by();
  if (!ended || !says_line_too_long(ended->what())) return;
  const auto longest = std::max_element(writes_.begin(), writes_.end(), [](const auto& a, const auto& b) {
    return length_of(a.second) < length_of(b.second);
  });
  if (longest == writes_.end() || length_of(longest->second) < least_too_long) return;
  conclude(longest, 0, too_long(bucket_.name(), longest->second.write.key));
}

// Whether this is still the bucket that acknowledged the earlier writes.
void Writer::check_bucket() {
  Session& session = bucket_.session();
  const int losses = session.wire().losses();
  nlohmann::ordered_json info;
  try {
    info = session.api("STREAM.INFO.KV_" + bucket_.name());
  } catch (const nats::Error& error) {
    if (error.code == nats::code::stream_not_found) throw no_bucket(bucket_.name());
    throw;
  }
  const auto ended = [&](const std::string& text) {
    return Failure(Exit::failure, fmt::format("bucket \"{}\"{}", bucket_.name(), text),
                   "run the import again", {bucket_.name()});
  };
  if (info.value("created", std::string()) != created_) throw ended(" was recreated meanwhile");
  bool lost = info.at("state").value("last_seq", std::uint64_t{0}) < highest_;
  if (!lost && !highest_key_.empty() && !bucket_.place().mirror)
    lost = given_to_another(session, bucket_.name(), highest_, bucket_.place().read_prefix + highest_key_);
  if (lost) throw ended(": the server lost writes that it had acknowledged");
  losses_ = losses;
}

// Asks the stream's leader.
void Writer::look_again(InFlights::iterator at) {
  InFlight& open = at->second;
  const auto found = bucket_.entry_of_leader(open.write.key);
  Latest latest;
  if (found)
    latest = {.revision = found->entry.revision,
              .live = !found->entry.marker(),
              .same = found->entry.operation == open.write.operation &&
                      found->entry.value.data == open.write.value};
  const Verdict verdict = after_loss(bucket_.name(), open, latest, !bucket_.place().mirror);
  switch (verdict.what) {
    case Verdict::What::again:
      open.condition = verdict.revision;
      open.refused = false;
      return send_again(at);
    case Verdict::What::stored:
      return conclude(at, verdict.revision, std::nullopt);
    default:
      return conclude(at, 0, verdict.failure);
  }
}

}  // namespace natskv
