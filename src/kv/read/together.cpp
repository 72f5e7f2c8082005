#include "kv/read/together.hpp"

#include "base/text.hpp"
#include "kv/explain.hpp"
#include "kv/message.hpp"
#include "kv/trace.hpp"

#include <nlohmann/json.hpp>

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <utility>

namespace natskv {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds pause{5};
constexpr std::chrono::seconds starts_within{1};
constexpr std::size_t most_bytes = std::size_t{32} << 20U;  // a server drops who lets 64 MiB wait

// nullopt: some cannot be requested this way.
std::optional<std::string> request_for(Bucket& bucket, const std::vector<Pattern>& patterns) {
  const std::string& prefix = bucket.place().read_prefix;
  std::set<std::string> subjects;
  for (const auto& pattern : patterns) {
    if (!text::valid_utf8(pattern.text) || (!pattern.wild && reads_as_pattern(pattern.text)))
      return std::nullopt;
    subjects.insert(prefix + pattern.text);
  }
  if (subjects.size() > most_keys_together) return std::nullopt;
  const nlohmann::ordered_json body{{"multi_last", subjects}, {"max_bytes", most_bytes}};
  auto request = body.dump();
  if (request.size() > bucket.session().max_payload()) return std::nullopt;
  return request;
}

enum class End : std::uint8_t {
  whole,
  moved,       // a key was overwritten while they were sent
  unheard,     // nobody listens: the server starts, or the account may not ask this
  impossible,  // not with this server, this user or so much
};

// Each message names the one before it: one that is missing, or of another replica's answer, is noticed.
bool follows(natsMsg* message, std::uint64_t last) {
  const auto before = last_header(message, "Nats-Last-Sequence");
  return before.empty() || before == std::to_string(last);
}

// 204 after the last message; 404 instead of it, or alone where there is none.
End end_of(natsMsg* message, bool any) {
  const auto status = header(message, "Status");
  const auto left = header(message, "Nats-Num-Pending");
  if (status == "204") return left.empty() || left == "0" ? End::whole : End::impossible;
  if (status != "404") return End::impossible;
  return any || header(message, "Description") != "No Results" ? End::moved : End::whole;
}

End ask(Bucket& bucket, const std::vector<Pattern>& patterns, const std::string& request,
        std::vector<OwnedEntry>& found) {
  Session& session = bucket.session();
  auto requests = session.requests();
  trace(requests, session);
  std::uint64_t last = 0;
  requests.send(0, session.api_subject("DIRECT.GET." + bucket.place().stream), request, {}, true);
  while (true) {
    pollfd stop{session.stop().descriptor(), POLLIN, 0};
    auto answer = requests.next(Span{session.timeout().ns}, {&stop, 1});
    if (session.stop()) throw nats::Error(NATS_TIMEOUT, 0, "");
    if (!answer) continue;
    if (answer->status == NATS_NOT_PERMITTED) return End::impossible;
    if (answer->status == NATS_NO_RESPONDERS) return End::unheard;
    if (answer->status != NATS_OK) throw nats::Error(answer->status, 0, natsStatus_GetText(answer->status));
    const std::shared_ptr<natsMsg> message(std::move(answer->message));
    const auto stored = read_stored(message.get());
    if (!stored) {
      const End end = end_of(message.get(), !found.empty());
      return end == End::whole && !follows(message.get(), last) ? End::moved : end;
    }
    if (!follows(message.get(), last)) return End::moved;
    last = stored->sequence;
    auto one = entry_of(message, *stored, bucket.name(), bucket.place().read_prefix);
    if (!one) continue;
    if (any_selects(patterns, one->entry.key)) found.push_back(std::move(*one));
  }
}

}  // namespace

std::optional<std::vector<OwnedEntry>> get_together(Bucket& bucket, const std::vector<Pattern>& patterns) {
  if (!bucket.direct_for_many()) return std::nullopt;
  const auto request = request_for(bucket, patterns);
  if (!request) return std::nullopt;
  bucket.session().lift_deadline();
  try {
    const auto until = Clock::now() + std::chrono::nanoseconds(bucket.session().timeout().ns);
    std::optional<Clock::time_point> unheard_since;
    do {
      std::vector<OwnedEntry> found;
      const End end = ask(bucket, patterns, *request, found);
      if (end == End::unheard && !unheard_since) unheard_since = Clock::now();
      if (end == End::impossible || (end == End::unheard && Clock::now() - *unheard_since >= starts_within))
        return std::nullopt;
      if (end != End::whole) {
        bucket.session().stop().pause(pause);
        continue;
      }
      // A key that matches several patterns may come for each.
      const auto earlier = [](const OwnedEntry& a, const OwnedEntry& b) {
        return a.entry.revision < b.entry.revision;
      };
      const auto same = [](const OwnedEntry& a, const OwnedEntry& b) {
        return a.entry.revision == b.entry.revision;
      };
      std::sort(found.begin(), found.end(), earlier);
      found.erase(std::unique(found.begin(), found.end(), same), found.end());
      return found;
    } while (Clock::now() < until);
  } catch (const nats::Error& error) {
    throw explain(bucket.session(), error, {.bucket = bucket.name()});
  }
  return std::nullopt;
}

}  // namespace natskv
