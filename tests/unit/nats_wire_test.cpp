// The queue that nats.c's threads fill, without a connection.
#include "base/stop.hpp"
#include "nats/wire.hpp"

#include <doctest/doctest.h>

#include <array>
#include <thread>

using natskv::Stop;
using natskv::nats::Event;
using natskv::nats::Mailbox;
using natskv::nats::new_wire;
using natskv::nats::parse_refusal;
using natskv::nats::Waited;
using natskv::nats::Wire;
using natskv::nats::Words;

namespace {

Mailbox::Clock::time_point soon() { return Mailbox::Clock::now() + std::chrono::milliseconds(20); }
Mailbox::Clock::time_point late() { return Mailbox::Clock::now() + std::chrono::minutes(5); }

}  // namespace

TEST_CASE("a refusal names its subject as the server quotes it") {
  const auto publish = parse_refusal(R"(Permissions Violation for Publish to "$KV.b.a")");
  REQUIRE(publish);
  CHECK(publish->publish);
  CHECK_FALSE(publish->reply);
  CHECK_FALSE(publish->cut);
  CHECK(publish->subject == "$KV.b.a");
  CHECK(publish->concerns("$KV.b.a"));
  CHECK_FALSE(publish->concerns("$KV.b.ab"));
  const auto subscription = parse_refusal(R"(Permissions Violation for Subscription to "_INBOX.x.*")");
  REQUIRE(subscription);
  CHECK_FALSE(subscription->publish);
  CHECK(subscription->subject == "_INBOX.x.*");
  const auto queue = parse_refusal(R"(permissions violation for subscription to "a" using queue "q")");
  REQUIRE(queue);
  CHECK(queue->subject == "a");
  const auto reply = parse_refusal(R"(Permissions Violation for Publish with Reply of "_INBOX.x.7")");
  REQUIRE(reply);
  CHECK(reply->reply);
  CHECK(reply->subject == "_INBOX.x.7");
}

TEST_CASE("a refused subject is unquoted as Go quoted it") {
  const auto subject = [](const char* quoted) {
    const auto refusal = parse_refusal(std::string("Permissions Violation for Publish to \"") + quoted + '"');
    return refusal && !refusal->cut ? refusal->subject : "?";
  };
  CHECK(subject(R"(a\\b\"c)") == "a\\b\"c");
  CHECK(subject(R"(\x80\xfe)") == "\x80\xfe");
  CHECK(subject(R"(\u00a0\u200b\U000e0001)") == "\u00a0\u200b\U000e0001");
  CHECK(subject(R"(\x7f\a)") == "\x7f\a");
}

TEST_CASE("a refusal that nats.c cut is matched by its beginning") {
  for (const char* text : {R"(Permissions Violation for Publish to "$KV.b.long)",
                           R"(Permissions Violation for Publish to "$KV.b.long\)",
                           R"(Permissions Violation for Publish to "$KV.b.long\u00)"}) {
    const auto refusal = parse_refusal(text);
    REQUIRE(refusal);
    CHECK(refusal->cut);
    CHECK(refusal->concerns("$KV.b.longer.than.this"));
    CHECK_FALSE(refusal->concerns("$KV.b.other"));
  }
}

TEST_CASE("other words are no refusal") {
  CHECK_FALSE(parse_refusal(""));
  CHECK_FALSE(parse_refusal("Authorization Violation"));
  CHECK_FALSE(parse_refusal("Permissions Violation for Publish to nothing"));
}

TEST_CASE("every mailbox hears what happens on the wire, in its order") {
  Wire& wire = new_wire();
  Mailbox one(wire), two(wire);
  auto words = std::make_shared<Words>();
  words->text = "why";
  wire.happened(Event::Kind::lost);
  wire.happened(Event::Kind::back);
  wire.happened(Event::Kind::closed, words);
  Mailbox later(wire);
  for (Mailbox* mailbox : {&one, &two}) {
    Event event;
    REQUIRE(mailbox->wait(event, soon()) == Waited::event);
    CHECK(event.kind == Event::Kind::lost);
    REQUIRE(mailbox->wait(event, soon()) == Waited::event);
    CHECK(event.kind == Event::Kind::back);
    REQUIRE(mailbox->wait(event, soon()) == Waited::event);
    CHECK(event.kind == Event::Kind::closed);
    CHECK(event.words->text == "why");
    CHECK(mailbox->wait(event, soon()) == Waited::time);
  }
  Event event;
  CHECK(later.wait(event, soon()) == Waited::time);
  CHECK(wire.losses() == 1);
  CHECK(wire.returns() == 1);
  CHECK(wire.closed());
}

TEST_CASE("who waits for nothing that could be refused hears of no refused publish") {
  Wire& wire = new_wire();
  Mailbox mailbox(wire);
  auto words = std::make_shared<Words>();
  words->refusal = {.publish = true, .subject = "a"};
  mailbox.hear_refusals(false);
  wire.happened(Event::Kind::refusal, words);
  CHECK(mailbox.pending().messages == 0);
  auto inbox = std::make_shared<Words>();
  inbox->refusal = {.publish = false, .subject = "_INBOX.x.*"};
  wire.happened(Event::Kind::refusal, inbox);
  mailbox.hear_refusals(true);
  wire.happened(Event::Kind::refusal, words);
  CHECK(mailbox.pending().messages == 2);
}

TEST_CASE("an event of another thread ends a wait at once") {
  Wire& wire = new_wire();
  Mailbox mailbox(wire);
  std::thread other([&] { wire.happened(Event::Kind::lost); });
  Event event;
  CHECK(mailbox.wait(event, late()) == Waited::event);
  other.join();
}

TEST_CASE("a stop ends a wait that polls its descriptor, and stays") {
  Wire& wire = new_wire();
  Mailbox mailbox(wire);
  Stop stop;
  std::array others{pollfd{-1, POLLIN, 0}, pollfd{stop.descriptor(), POLLIN, 0}};
  Event event;
  CHECK(mailbox.wait(event, soon(), others) == Waited::time);
  std::thread other([&] { stop.set(natskv::StopReason::interrupted); });
  CHECK(mailbox.wait(event, late(), others) == Waited::descriptor);
  other.join();
  CHECK(others[0].revents == 0);
  CHECK((others[1].revents & POLLIN) != 0);
  // Events do not hide it.
  wire.happened(Event::Kind::lost);
  CHECK(mailbox.wait(event, late(), others) == Waited::descriptor);
  CHECK(mailbox.wait(event, late()) == Waited::event);
}

TEST_CASE("nothing is lost between two threads") {
  Wire& wire = new_wire();
  Mailbox mailbox(wire);
  constexpr int many = 20'000;
  std::thread other([&] {
    for (int i = 0; i < many; ++i) wire.happened(Event::Kind::back);
  });
  Event event;
  int came = 0;
  while (came < many && mailbox.wait(event, late()) == Waited::event) ++came;
  CHECK(came == many);
  other.join();
  CHECK(mailbox.pending().messages == 0);
}
