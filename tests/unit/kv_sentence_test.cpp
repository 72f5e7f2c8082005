// An error and what it was about, as a sentence: no server is asked.
#include "kv/explain.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using natskv::Circumstances;
using natskv::Exit;
using natskv::Failure;
using natskv::sentence;
using natskv::Task;
using natskv::nats::Error;

namespace {

Circumstances now() { return {.servers = "nats://h:4222", .timeout = natskv::seconds(5), .ended = {}}; }
const Task reading{.bucket = "b", .key = "k"};
const Task writing{.bucket = "b", .key = "k", .writes = true, .value_size = 3};

struct Case {
  Error error;
  Task doing;
  Exit exit;
  std::string_view words;
};

}  // namespace

TEST_CASE("each status and code has its exit status and its words") {
  const Case cases[] = {
      {{NATS_NOT_PERMITTED, 0, "Permissions Violation for Publish to \"$KV.b.k\""},
       writing,
       Exit::not_allowed,
       "Permissions Violation"},
      {{NATS_ERR, 10071, "wrong last sequence: 7"}, writing, Exit::conflict, "revision 7"},
      {{NATS_ERR, 0, "wrong last sequence: 7"}, writing, Exit::conflict, "revision 7"},
      {{NATS_TIMEOUT, 0, "Timeout"}, reading, Exit::unreachable, "no answer from nats://h:4222 within 5s"},
      {{NATS_TIMEOUT, 0, "Timeout"}, writing, Exit::unknown, "may have been stored"},
      {{NATS_CONNECTION_CLOSED, 0, ""}, reading, Exit::unreachable, "connection to nats://h:4222 was lost"},
      {{NATS_CONNECTION_DISCONNECTED, 0, ""},
       writing,
       Exit::unknown,
       "was lost; the write may have been stored"},
      {{NATS_NO_RESPONDERS, 0, ""}, writing, Exit::unreachable, "no stream answers for it"},
      {{NATS_PROTOCOL_ERROR, 0, ""}, writing, Exit::unknown, "cannot be understood"},
      {{NATS_NOT_FOUND, 0, ""}, reading, Exit::not_found, "key \"k\" not found in bucket \"b\""},
      {{NATS_NOT_FOUND, 10059, ""}, reading, Exit::not_found, "bucket \"b\" not found"},
      {{NATS_ERR, 10039, ""}, reading, Exit::not_allowed, "not enabled for this account"},
      {{NATS_ERR, 10077, "maximum bytes exceeded"}, writing, Exit::failure, "the bucket is full"},
      {{NATS_ERR, 0, "maximum bytes exceeded"}, writing, Exit::failure, "the bucket is full"},
      {{NATS_ERR, 10054, ""}, writing, Exit::failure, "the value of 3 B is over the bucket's limit"},
      {{NATS_ERR, 10008, ""}, writing, Exit::unknown, "another one may have done it"},
      {{NATS_ERR, 10008, ""}, reading, Exit::unreachable, "no leader"},
      {{NATS_ERR, 12345, "something new"}, reading, Exit::failure, "something new"},
  };
  for (const auto& one : cases) {
    CAPTURE(one.error.status);
    CAPTURE(one.error.code);
    const Failure failure = sentence(now(), one.error, one.doing);
    CHECK(failure.exit() == one.exit);
    CHECK_MESSAGE(std::string_view(failure.what()).find(one.words) != std::string_view::npos, failure.what());
    CHECK(failure.about().bucket == "b");
  }
}

TEST_CASE("a time-out says how long the answer was waited for") {
  Error error(NATS_TIMEOUT, 0, "Timeout");
  error.waited = natskv::seconds(30);
  CHECK(std::string(sentence(now(), error, reading).what()).find("within 30s") != std::string::npos);
  auto late = now();
  late.time_is_up = true;
  CHECK(std::string(sentence(late, error, reading).what()).find("within 5s") != std::string::npos);
}

TEST_CASE("nothing was changed is only said where that is so") {
  const Error error(NATS_TIMEOUT, 0, "Timeout");
  CHECK(std::string(sentence(now(), error, reading).what()).ends_with("; nothing was changed"));
  auto changed = now();
  changed.changed = true;
  const Failure failure = sentence(changed, error, reading);
  CHECK(failure.exit() == Exit::unknown);
  CHECK(std::string(failure.what()).ends_with("; what was written before stays"));
}

TEST_CASE("a connection that the server ended for a line is the long key's failure, and only its") {
  auto ended = now();
  ended.ended = Error(NATS_ERR, 0, "Maximum Control Line Exceeded");
  const Error closed(NATS_CONNECTION_CLOSED, 0, "");
  auto doing = writing;
  doing.key = std::string(5000, 'k');
  const Failure failure = sentence(ended, closed, doing);
  CHECK(failure.exit() == Exit::usage);
  CHECK(std::string(failure.what()).find("5000 B") != std::string::npos);
  CHECK(std::string(failure.what()).size() < 300);
  CHECK(sentence(ended, closed, writing).exit() == Exit::unknown);
  CHECK(std::string(sentence(ended, closed, writing).what()).find("Control Line") != std::string::npos);
}
