#include "kv/race.hpp"

#include "kv/connect.hpp"
#include "nats/sockets.hpp"

#include <sys/types.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace natskv {
namespace {

using Clock = std::chrono::steady_clock;

// After this long without an answer the next server is tried as well.
constexpr std::int64_t most_alone_ms = 1000;

/// What the threads share; the last one frees it.
struct Race {
  std::mutex mutex;
  std::condition_variable changed;
  std::atomic<bool> over{false};
  std::size_t ended = 0;
  nats::Connection connection;
  std::size_t winner = 0;
  std::vector<std::optional<nats::Error>> errors;
};

void run(const std::shared_ptr<Race>& race, const nats::Options& options, ConnectionState& link,
         std::size_t index) {
  natsConnection* raw = nullptr;
  const natsStatus status = connect(&raw, options.get(), link, [&] { return race->over.load(); });
  nats::Connection connection(raw);
  std::optional<nats::Error> error;
  if (status != NATS_OK) error = nats::error(status);
  {
    const std::lock_guard lock(race->mutex);
    ++race->ended;
    race->errors[index] = std::move(error);
    if (connection && !race->connection && !race->over) {
      race->connection = std::move(connection);
      race->winner = index;
    }
    race->changed.notify_all();
  }
  connection.reset();  // one that came too late
  nats_ReleaseThreadMemory();
}

std::string with_user(const std::string& url, const std::string& user) {
  std::string out = config::shown({url});
  return out.insert(out.find("://") + 3, user);
}

/// Each server's URL with its user part. If all that have one have the same, it applies to all.
std::vector<std::string> urls_of(const config::Settings& settings) {
  std::set<std::string> users;
  for (const auto& url : settings.servers) {
    if (!config::user_part(url).empty()) users.insert(config::user_part(url));
  }
  if (users.size() != 1) return settings.servers;
  std::vector<std::string> urls;
  for (const auto& url : settings.servers) urls.push_back(with_user(url, *users.begin()));
  return urls;
}

// nats.c 3.4 waits for a PONG in a loop that uses a whole processor and ever more memory; only closing the
// stream ends it.
void end_those_under_way(const std::set<ino_t>& before, natsConnection* winner) {
  const auto port = winner != nullptr ? nats::local_port(winner) : -1;
  if (!port) return;
  for (const auto& socket : nats::sockets()) {
    if (before.count(socket.identity()) == 0 && socket.local_port() != *port) (void)socket.shut_down();
  }
}

// Of the call that just failed on this thread: "maximum account active connections exceeded" and its like.
bool too_many_connections() {
  const std::string_view text = nats_GetLastError(nullptr);
  return text.find("connections exceeded") != std::string_view::npos;
}

// An answer with a reason is more useful than silence.
int informativeness(const nats::Error& error) {
  switch (error.status) {
    case NATS_NO_SERVER:
      return 0;
    case NATS_TIMEOUT:
      return 1;
    case NATS_PROTOCOL_ERROR:
    case NATS_IO_ERROR:
    case NATS_CONNECTION_CLOSED:
      return 2;
    default:
      return 3;
  }
}

class Attempts {
 public:
  Attempts(const config::Settings& settings, ConnectionState& first, Stop& stop)
      : settings_(settings), stop_(stop), urls_(urls_of(settings)), links_{&first} {
    race_->errors.resize(urls_.size());
    for (std::size_t i = 1; i < urls_.size(); ++i) links_.push_back(new_connection_state());
  }

  Attempt run() {
    // Before the first thread starts: errors in the files are thrown here, and they are read once.
    auto options = options_of(0);
    const auto alone = std::chrono::milliseconds(std::clamp<std::int64_t>(
        settings_.timeout.ms() / static_cast<std::int64_t>(urls_.size()), 1, most_alone_ms));
    std::set<ino_t> before;
    for (const auto& socket : nats::sockets()) before.insert(socket.identity());
    std::unique_lock lock(race_->mutex);
    while (started_ < urls_.size() && !decided()) {
      lock.unlock();
      if (started_ > 0) options = options_of(started_);
      std::thread(natskv::run, race_, std::move(options), std::ref(*links_[started_]), started_).detach();
      lock.lock();
      ++started_;
      wait(lock, started_ == urls_.size() ? until_ : Clock::now() + alone);
    }
    race_->over = true;
    auto outcome = this->outcome();
    const bool under_way = race_->ended < started_;
    lock.unlock();
    if (under_way && !stop_) end_those_under_way(before, outcome.connection.get());
#ifdef NATSKV_UNWIND
    // With sanitizers the process unwinds, including OpenSSL: not while a thread is still using it.
    if (!stop_) {
      lock.lock();
      race_->changed.wait_for(lock, std::chrono::milliseconds(500), [&] { return race_->ended == started_; });
      lock.unlock();
    }
#endif
    return outcome;
  }

 private:
  nats::Options options_of(std::size_t index) {
    if (index > 0) links_[index]->secrets = links_[0]->credentials();
    return connect_options(one(index), *links_[index], false);
  }

  [[nodiscard]] config::Settings one(std::size_t index) const {
    auto settings = settings_;
    settings.servers = {urls_[index]};
    return settings;
  }

  [[nodiscard]] bool decided() const { return race_->connection || stop_; }

  // Until there is a connection, all that started have ended, or the next may start. Checks for a stop.
  void wait(std::unique_lock<std::mutex>& lock, Clock::time_point until) {
    constexpr std::chrono::milliseconds slice{20};
    while (!decided() && race_->ended < started_ && Clock::now() < until)
      race_->changed.wait_for(lock, slice);
  }

  Attempt outcome() {
    if (race_->connection)
      return {one(race_->winner), links_[race_->winner], std::move(race_->connection), std::nullopt};
    std::size_t best = 0;
    for (std::size_t i = 1; i < race_->errors.size(); ++i) {
      const auto& error = race_->errors[i];
      const auto& before = race_->errors[best];
      if (error && (!before || informativeness(*error) > informativeness(*before))) best = i;
    }
    const auto& error = race_->errors[best];
    // If nobody answered, name all servers.
    if (!error || informativeness(*error) < 2) return {settings_, links_[0], nullptr, error};
    return {one(best), links_[best], nullptr, error};
  }

  const config::Settings& settings_;
  Stop& stop_;
  Clock::time_point until_ = Clock::now() + std::chrono::nanoseconds(settings_.timeout.ns);
  std::vector<std::string> urls_;
  std::vector<ConnectionState*> links_;
  std::size_t started_ = 0;
  std::shared_ptr<Race> race_ = std::make_shared<Race>();
};

}  // namespace

ConnectionState* new_connection_state() {
  static auto* const links = new std::deque<ConnectionState>;
  return &links->emplace_back();
}

natsStatus connect(natsConnection** connection, natsOptions* options, ConnectionState& link,
                   const std::function<bool()>& over) {
  std::optional<Clock::time_point> patient_until;  // since the first refusal, which may have taken long
  while (true) {
    link.unsendable = false;
    const natsStatus status = natsConnection_Connect(connection, options);
    if (status == NATS_OK || over()) return status;
    if (link.unsendable) continue;
    if (!too_many_connections()) return status;
    const auto now = Clock::now();
    if (!patient_until) patient_until = now + std::chrono::seconds(1);
    if (now >= *patient_until) return status;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

Attempt attempt_each(const config::Settings& settings, ConnectionState& first, Stop& stop) {
  return Attempts(settings, first, stop).run();
}

config::Settings starting_with(const config::Settings& settings, const config::Settings& chosen) {
  auto out = chosen;
  for (const auto& url : urls_of(settings)) {
    if (url != chosen.servers[0] && config::user_part(url) == config::user_part(chosen.servers[0]))
      out.servers.push_back(url);
  }
  return out;
}

}  // namespace natskv
