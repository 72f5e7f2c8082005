#include "nats/wire.hpp"

#include "base/file.hpp"
#include "nats/check.hpp"
#include "nats/closing.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace natskv::nats {
namespace {

// A look at other descriptors costs more than an event.
constexpr auto between_looks = std::chrono::milliseconds(1);

std::size_t bytes_of(const Event& event) {
  return event.message ? static_cast<std::size_t>(natsMsg_GetDataLength(event.message.get())) : 0;
}

}  // namespace

struct Wire::Queue {
  Queue() : descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (descriptor.fd() < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  }

  void push(Event event) {
    bool ring = false;
    {
      const std::lock_guard lock(mutex);
      if (over) return;
      bytes += bytes_of(event);
      events.push_back(std::move(event));
      ring = std::exchange(waiting, false);
    }
    if (ring) notify();
  }
  void notify() const noexcept {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(descriptor.fd(), &one, sizeof one);
  }

  const File descriptor;  // readable: whoever waits should look
  std::mutex mutex;       // guards all below
  std::deque<Event> events;
  std::size_t bytes = 0;
  std::atomic<bool> hears_refusals{true};
  bool waiting = false, over = false;
};

namespace {

/// What a subscription's thread needs; it frees it (or the Wire keeps it, see subscribe).
template <class Queue>
struct Delivery {
  std::shared_ptr<Queue> queue;
  Route route;

  static void deliver(natsConnection*, natsSubscription*, natsMsg* message, void* closure) {
    const auto& self = *static_cast<Delivery*>(closure);
    self.queue->push({.kind = Event::Kind::message, .route = self.route, .message = Message(message)});
  }
  static void ended(void* closure) { delete static_cast<Delivery*>(closure); }
};

}  // namespace

void Wire::attach(natsOptions* options) {
  check(natsOptions_SetErrorHandler(options, on_error, this));
  check(natsOptions_SetClosedCB(options, on_closed, this));
  check(natsOptions_SetDisconnectedCB(
      options,
      [](natsConnection*, void* closure) { static_cast<Wire*>(closure)->happened(Event::Kind::lost); },
      this));
  check(natsOptions_SetReconnectedCB(
      options,
      [](natsConnection*, void* closure) { static_cast<Wire*>(closure)->happened(Event::Kind::back); },
      this));
}

void Wire::made(natsConnection* connection) {
  if (auto socket = socket_of(connection)) socket_.emplace(std::move(*socket));
}

void Wire::close(natsConnection* connection) noexcept { nats::close(connection, socket_); }

// The text is the callback's own: the connection's last error may already be another one's.
void Wire::on_error(natsConnection* connection, natsSubscription*, natsStatus status, void* closure) {
  auto& wire = *static_cast<Wire*>(closure);
  natsStatus of_text = NATS_OK;
  const char* text = nats_GetLastError(&of_text);
  auto words = std::make_shared<Words>();
  words->status = status;
  if (of_text == status) words->text = without_prefix(text);
  const auto refusal = status == NATS_NOT_PERMITTED ? parse_refusal(words->text) : std::nullopt;
  if (refusal) {
    words->refusal = *refusal;
    wire.note(*words);
  }
  if (refusal && wire.ends_call(words)) wire.close(connection);
  if (status == NATS_CONNECTION_AUTH_FAILED) {
    const std::lock_guard lock(wire.mutex_);
    wire.credentials_ = words;
  }
  wire.happened(refusal ? Event::Kind::refusal : Event::Kind::error, std::move(words));
}

void Wire::note(const Words& words) {
  const Refusal& refusal = words.refusal;
  if (refusal.publish && !refusal.subject.starts_with("$JS.FC.")) return;
  const std::lock_guard lock(mutex_);
  if (!reading_refused_) reading_refused_ = words.text;
}

std::optional<std::string> Wire::reading_refused() const {
  const std::lock_guard lock(mutex_);
  return reading_refused_;
}

bool Wire::ends_call(const std::shared_ptr<const Words>& words) {
  const std::lock_guard lock(mutex_);
  if (!closing_) return false;
  // nats.c reads a bucket without direct gets through the API.
  const Refusal& refusal = words->refusal;
  const bool of_call = !refusal.publish || refusal.concerns(*closing_) ||
                       refusal.subject.find(".STREAM.MSG.GET.") != std::string::npos;
  if (of_call) refused_ = words;
  return of_call;
}

Wire::Closing::Closing(Wire& wire, std::string subject) : wire_(wire) {
  const std::lock_guard lock(wire_.mutex_);
  wire_.closing_ = std::move(subject);
}

Wire::Closing::~Closing() {
  const std::lock_guard lock(wire_.mutex_);
  wire_.closing_.reset();
}

void Wire::on_closed(natsConnection* connection, void* closure) {
  auto words = std::make_shared<Words>();
  const char* text = nullptr;
  words->status = natsConnection_GetLastError(connection, &text);
  words->text = without_prefix(text);
  auto& wire = *static_cast<Wire*>(closure);
  if (words->status == NATS_CONNECTION_AUTH_FAILED) {
    const std::lock_guard lock(wire.mutex_);
    wire.credentials_ = words;
  }
  wire.happened(Event::Kind::closed, std::move(words));
}

void Wire::happened(Event::Kind kind, std::shared_ptr<const Words> words) {
  const std::lock_guard lock(mutex_);
  if (kind == Event::Kind::lost) ++losses_;
  if (kind == Event::Kind::back) {
    ++returns_;
    credentials_ = nullptr;  // new ones were accepted
  }
  if (kind == Event::Kind::closed) closed_ = true;
  const bool of_publish = kind == Event::Kind::refusal && words && words->refusal.publish;
  for (const auto& queue : queues_) {
    if (!of_publish || queue->hears_refusals) queue->push({.kind = kind, .words = words});
  }
}

std::string Wire::credentials_refused() const {
  const std::lock_guard lock(mutex_);
  return credentials_ ? credentials_->text : std::string();
}

std::shared_ptr<const Words> Wire::refused() const {
  const std::lock_guard lock(mutex_);
  return refused_;
}

Wire& new_wire() {
  static auto* const wires = new std::deque<Wire>;
  static auto* const mutex = new std::mutex;
  const std::lock_guard lock(*mutex);
  return wires->emplace_back();
}

Mailbox::Mailbox(Wire& wire) : wire_(wire), queue_(std::make_shared<Wire::Queue>()) {
  const std::lock_guard lock(wire_.mutex_);
  wire_.queues_.push_back(queue_);
}

Mailbox::~Mailbox() {
  subscriptions_.clear();
  {
    const std::lock_guard lock(wire_.mutex_);
    std::erase(wire_.queues_, queue_);
  }
  const std::lock_guard lock(queue_->mutex);
  queue_->over = true;
  queue_->events.clear();
}

Route Mailbox::subscribe(natsConnection* connection, const std::string& subject) {
  using Delivers = Delivery<Wire::Queue>;
  const Route route = next_++;
  auto delivery = std::make_unique<Delivers>(Delivers{queue_, route});
  natsSubscription* raw = nullptr;
  check(natsConnection_Subscribe(&raw, connection, subject.c_str(), Delivers::deliver, delivery.get()));
  subscriptions_.emplace(route, Subscription(raw, Retire{&wire_.retired()}));
  if (natsSubscription_SetOnCompleteCB(raw, Delivers::ended, delivery.get()) == NATS_OK) {
    (void)delivery.release();
  } else {  // the connection was closed meanwhile: nothing tells when the subscription's thread has finished
    const std::lock_guard lock(wire_.mutex_);
    wire_.kept_.emplace_back(std::move(delivery));
  }
  // Whoever requests messages bounds them; a limit here would drop some.
  check(natsSubscription_SetPendingLimits(raw, -1, -1));
  return route;
}

void Mailbox::unsubscribe(Route route) { subscriptions_.erase(route); }

bool Mailbox::take(Event& event) {
  if (taken_.empty()) return false;
  event = std::move(taken_.front());
  taken_.pop_front();
  taken_bytes_ -= bytes_of(event);
  return true;
}

Waited Mailbox::wait(Event& event, Clock::time_point until, std::span<pollfd> others) {
  constexpr std::size_t most = 8;
  std::array<pollfd, most + 1> fds{};
  const std::size_t count = std::min(others.size(), most);
  const auto ready = [&](std::chrono::nanoseconds time) {
    fds[0] = {queue_->descriptor.fd(), POLLIN, 0};
    std::copy_n(others.begin(), count, fds.begin() + 1);
    const timespec limit{time.count() / 1'000'000'000, time.count() % 1'000'000'000};
    const bool some = ::ppoll(fds.data(), count + 1, &limit, nullptr) > 0;
    bool other = false;
    for (std::size_t i = 0; i < count; ++i) {
      others[i].revents = some ? fds[i + 1].revents : short{0};
      other = other || others[i].revents != 0;
    }
    return other;
  };
  using std::chrono::nanoseconds;
  if (count > 0) {
    const auto now = Clock::now();
    if (now - looked_ >= between_looks) {
      if (ready(nanoseconds(0))) return Waited::descriptor;
      looked_ = now;
    }
  }
  while (true) {
    if (take(event)) return Waited::event;
    {
      const std::lock_guard lock(queue_->mutex);
      taken_.swap(queue_->events);
      taken_bytes_ = std::exchange(queue_->bytes, 0);
      queue_->waiting = taken_.empty();
    }
    if (!taken_.empty()) continue;
    const auto left = std::max(until - Clock::now(), Clock::duration::zero());
    if (left == Clock::duration::zero()) {
      const std::lock_guard lock(queue_->mutex);
      queue_->waiting = false;
      return Waited::time;
    }
    const bool other = ready(std::min<nanoseconds>(left, std::chrono::hours(1)));
    std::uint64_t rung = 0;
    if ((fds[0].revents & POLLIN) != 0) [[maybe_unused]]
      const auto got = ::read(queue_->descriptor.fd(), &rung, sizeof rung);
    const std::lock_guard lock(queue_->mutex);
    queue_->waiting = false;
    if (other) {
      looked_ = {};
      return Waited::descriptor;
    }
    if (queue_->events.empty() && Clock::now() >= until) return Waited::time;
  }
}

void Mailbox::hear_refusals(bool on) noexcept { queue_->hears_refusals = on; }

Mailbox::Pending Mailbox::pending() const {
  const std::lock_guard lock(queue_->mutex);
  Pending pending{.messages = queue_->events.size() + taken_.size(), .bytes = queue_->bytes + taken_bytes_};
  return pending;
}

}  // namespace natskv::nats
