// Writer behind a lost connection: what became of the writes whose answers were lost.
#include "kv/explain.hpp"
#include "kv/write/writer.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace natskv {
namespace {

constexpr int pause_ms = 50;

bool same(const Entry& entry, const Write& write) {
  return entry.operation == write.operation && entry.value.data == write.value;
}

}  // namespace

bool Writer::trouble() const {
  return !doubtful_.empty() ||
         (loss_ == Loss::survives && bucket_.session().link().disconnects != disconnects_);
}

// Every write without an answer is looked at once the bucket is there again. What fails on the way (the
// connection may be lost once more) is tried again, for as long as starting a listing may take.
void Writer::recover() {
  if (recovering_) return;
  recovering_ = true;
  const struct Done {
    bool& flag;
    ~Done() { flag = false; }
  } done{recovering_};
  Session& session = bucket_.session();
  // The analyzer does not follow exceptions to where it is read.
  const auto until =  // NOLINT(clang-analyzer-deadcode.DeadStores)
      Clock::now() + std::chrono::nanoseconds(session.starting().ns);
  while (trouble()) {
    throw_if_over();
    std::optional<Failure> failed;
    try {
      if (loss_ == Loss::survives && session.link().disconnects != disconnects_) {
        wait_connected();
        // Answers that came before the connection was lost. That the time of others ran out meanwhile says
        // nothing of them: they are looked at, too.
        while (auto answer = pipeline_.next(Span{0})) {
          const auto at = writes_.find(answer->id);
          if (answer->status != NATS_TIMEOUT)
            settle_one(*answer);
          else if (at != writes_.end())
            doubtful_.push_back(take(at));
        }
        for (const auto id : pipeline_.abandon()) {
          if (const auto at = writes_.find(id); at != writes_.end()) doubtful_.push_back(take(at));
        }
        check_bucket();
      }
      const bool ends = loss_ == Loss::ends;
      while (!doubtful_.empty() && (ends || session.link().disconnects == disconnects_)) {
        throw_if_over();
        Open open = std::move(doubtful_.front());
        doubtful_.pop_front();
        try {
          look_again(open);
        } catch (...) {
          // Unless it was handed on before.
          if (!open.write.key.empty()) doubtful_.push_front(std::move(open));
          throw;
        }
      }
      continue;
    } catch (const Failure& failure) {
      failed = failure;
      const bool lost = failure.exit() == Exit::unreachable || failure.exit() == Exit::unknown;
      if (!lost || loss_ == Loss::ends) {
        give_up();
        throw;
      }
    } catch (const nats::Error& error) {
      if (session.link().closed) disconnects_ = session.link().disconnects;
      failed = Failure(Exit::unreachable, error.what());
    }
    if (Clock::now() >= until || session.link().closed || loss_ == Loss::ends) {
      give_up();
      throw Failure(Exit::unknown,
                    fmt::format("bucket \"{}\": the connection to {} was lost and did not come back",
                                bucket_.name(), config::shown(session.settings().servers)),
                    {}, {bucket_.name(), {}, 0});
    }
    nats_Sleep(pause_ms);
  }
}

void Writer::wait_connected() {
  Session& session = bucket_.session();
  const auto until = Clock::now() + std::chrono::nanoseconds(session.starting().ns);
  while (natsConnection_Status(session.connection()) != NATS_CONN_STATUS_CONNECTED) {
    throw_if_over();
    if (session.link().closed || Clock::now() >= until)
      throw nats::Error(NATS_CONNECTION_CLOSED, 0, "the connection did not come back");
    nats_Sleep(pause_ms / 5);
  }
}

// Whether this is the bucket that acknowledged what it acknowledged: a server that lost its memory, or whose
// disk lagged, has given those revisions to others.
void Writer::check_bucket() {
  const int disconnects = bucket_.session().link().disconnects;
  const auto& info = bucket_.info();
  if (info.value("created", std::string()) != created_) {
    throw Failure(Exit::failure, fmt::format("bucket \"{}\" was made anew meanwhile", bucket_.name()),
                  "run the import again", {bucket_.name(), {}, 0});
  }
  bool lost = info.at("state").value("last_seq", std::uint64_t{0}) < highest_;
  if (!lost && !highest_key_.empty() && !bucket_.place().mirror) {
    const auto found = bucket_.entry(highest_key_, {}, true);
    lost = !found || found->entry.revision < highest_;
  }
  if (lost) {
    throw Failure(
        Exit::failure,
        fmt::format("bucket \"{}\": the server lost writes that it had acknowledged", bucket_.name()),
        "run the import again", {bucket_.name(), {}, 0});
  }
  disconnects_ = disconnects;
}

// Asks the stream's leader. A compare-and-set of the caller's is only sent again where its condition still
// holds: equal bytes prove nothing about who wrote them (SPEC 3).
void Writer::look_again(Open& open) {
  const Write& write = open.write;
  const auto found = bucket_.entry(write.key, {}, true);
  const std::uint64_t latest = found ? found->entry.revision : 0;
  const bool live = found && !found->entry.marker();
  const auto send_at_latest = [&] {
    open.condition = latest;
    open.refused = false;
    send(std::move(open));
  };
  if (open.refused) {
    if (!live) return send_at_latest();
    const Failure failure =
        conflict({.bucket = bucket_.name(), .key = write.key, .writes = true, .creates = true}, latest);
    return conclude(std::move(open), 0, failure);
  }
  const std::string what = fmt::format("key \"{}\" of bucket \"{}\"", write.key, bucket_.name());
  const About about{bucket_.name(), write.key, latest};
  if (bucket_.place().mirror || write.erase) {
    const Failure failure(Exit::unknown, what + ": the connection was lost; the write may have been stored",
                          {}, about);
    return conclude(std::move(open), 0, failure);
  }
  if (write.expected) {
    if (latest == *open.condition || (write.creates && latest <= open.floor && !live))
      return send_at_latest();
    const Failure failure(
        Exit::unknown,
        fmt::format("{}: the connection was lost; it is at revision {}, which may be this write", what,
                    latest),
        {}, about);
    return conclude(std::move(open), 0, failure);
  }
  if (latest <= open.floor) return send_at_latest();
  if (same(found->entry, write)) return conclude(std::move(open), latest, std::nullopt);
  const Failure failure(
      Exit::conflict,
      fmt::format(
          "{}: written by another while the connection was lost, it is at revision {} now (this write "
          "may have been stored before)",
          what, latest),
      {}, about);
  conclude(std::move(open), 0, failure);
}

}  // namespace natskv
