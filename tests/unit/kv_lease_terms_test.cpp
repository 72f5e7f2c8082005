#include "base/failure.hpp"
#include "kv/lease/terms.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <string>

using namespace natskv;
using namespace std::chrono_literals;
using json = nlohmann::ordered_json;

namespace {

json keyed() {
  return {{"max_msgs_per_subject", 1}, {"allow_msg_ttl", true}, {"storage", "file"}, {"num_replicas", 1}};
}
json aged(std::int64_t age) {
  return {{"max_msgs_per_subject", 1}, {"max_age", age}, {"storage", "file"}, {"num_replicas", 1}};
}
json with(json config, const char* name, json value) {
  config[name] = std::move(value);
  return config;
}

std::string refusal(const json& config, const lease::Wish& wish = {}, bool knows_key_ttl = true) {
  try {
    (void)lease::terms_of("b", config, wish, knows_key_ttl);
  } catch (const Failure& failure) {
    return std::to_string(static_cast<int>(failure.exit())) + " " + failure.what() +
           (failure.hint().empty() ? "" : " | " + failure.hint());
  }
  return {};
}

}  // namespace

TEST_CASE("A bucket with per-key TTL lends 30 s, or what was asked for") {
  const auto terms = lease::terms_of("b", keyed(), {}, true);
  CHECK(terms.per_key);
  CHECK_FALSE(terms.rollup);
  CHECK(terms.lease == seconds(30));
  CHECK(terms.grace == milliseconds(7500));
  CHECK(terms.warnings.empty());
  CHECK(lease::terms_of("b", keyed(), {.lease = seconds(4)}, true).lease == seconds(4));
  CHECK(lease::terms_of("b", with(keyed(), "max_msgs_per_subject", 5), {}, true).rollup);
}

TEST_CASE("A bucket without expiry is refused with the command that the server understands") {
  CHECK(
      refusal({{"max_age", 0}}) ==
      "1 bucket \"b\" cannot hold a lock: its keys do not expire | natskv edit b --marker-ttl 1m lets keys expire");
  CHECK(
      refusal({{"max_age", 0}}, {}, false) ==
      "1 bucket \"b\" cannot hold a lock: its keys do not expire | natskv add locks --ttl 30s makes a bucket whose keys "
      "all expire");
}

TEST_CASE("A bucket TTL is the lease, between 2 s and an hour, and no other can be asked for") {
  const auto terms = lease::terms_of("b", aged(seconds(5).ns), {}, false);
  CHECK_FALSE(terms.per_key);
  CHECK(terms.lease == seconds(5));
  CHECK(lease::terms_of("b", aged(seconds(5).ns), {.lease = seconds(5)}, false).lease == seconds(5));
  CHECK(refusal(aged(seconds(5).ns), {.lease = seconds(6)}).starts_with("1 in bucket \"b\" a lock lasts"));
  CHECK(refusal(aged(seconds(1).ns)).find("its TTL of 1s is not between 2s and 3600s") != std::string::npos);
  CHECK(refusal(aged(seconds(3601).ns)).find("3601s") != std::string::npos);
}

TEST_CASE("A bucket TTL below --ttl is refused") {
  CHECK(refusal(with(keyed(), "max_age", seconds(20).ns))
            .starts_with("1 bucket \"b\" has a TTL of 20s, shorter"));
  CHECK(refusal(with(keyed(), "max_age", seconds(20).ns), {.lease = seconds(20)}).empty());
}

TEST_CASE("With a history the server raises the lease to the markers' TTL: so does natskv, with a warning") {
  const auto config =
      with(with(keyed(), "max_msgs_per_subject", 5), "subject_delete_marker_ttl", seconds(60).ns);
  const auto terms = lease::terms_of("b", config, {}, true);
  CHECK(terms.lease == seconds(60));
  REQUIRE(terms.warnings.size() == 1);
  CHECK(terms.warnings[0].find("60s, not 30s") != std::string::npos);
  CHECK(refusal(with(config, "subject_delete_marker_ttl", seconds(7200).ns)).starts_with("1 bucket"));
  // Without a history there is no such floor.
  CHECK(lease::terms_of("b", with(config, "max_msgs_per_subject", 1), {}, true).lease == seconds(30));
}

TEST_CASE("Mirrors are refused; replicas and memory are warned of") {
  CHECK(refusal(with(keyed(), "mirror", {{"name", "KV_a"}})).starts_with("1 bucket \"b\" is a mirror"));
  CHECK(
      lease::terms_of("b", with(keyed(), "num_replicas", 3), {.lease = seconds(10)}, true).warnings.size() ==
      1);
  CHECK(lease::terms_of("b", with(keyed(), "num_replicas", 3), {}, true).warnings.empty());
  CHECK(lease::terms_of("b", with(keyed(), "storage", "memory"), {}, true).warnings.size() == 1);
}

TEST_CASE("--grace is at most a third of the lease") {
  CHECK(lease::terms_of("b", keyed(), {.grace = seconds(10)}, true).grace == seconds(10));
  CHECK(refusal(keyed(), {.grace = seconds(11)}).starts_with("2 --grace"));
}

TEST_CASE("Settings that no longer keep the lease are seen") {
  const auto by_key = lease::terms_of("b", keyed(), {}, true);
  CHECK(lease::keep(keyed(), by_key));
  CHECK(lease::keep(with(keyed(), "max_age", seconds(30).ns), by_key));
  CHECK_FALSE(lease::keep(with(keyed(), "max_age", seconds(29).ns), by_key));
  CHECK_FALSE(lease::keep(with(keyed(), "allow_msg_ttl", false), by_key));
  const auto by_age = lease::terms_of("b", aged(seconds(5).ns), {}, true);
  CHECK(lease::keep(aged(seconds(6).ns), by_age));
  CHECK_FALSE(lease::keep(aged(seconds(4).ns), by_age));
  CHECK_FALSE(lease::keep(aged(0), by_age));
}

TEST_CASE("A schedule ends COMMAND before the server's lease can end") {
  const auto terms = lease::terms_of("b", keyed(), {.lease = seconds(20)}, true);
  const lease::Time sent{1000s};
  const auto schedule = lease::schedule(sent, terms);
  CHECK(schedule.renew_at - sent > 6s);
  CHECK(schedule.renew_at - sent < 7s);
  CHECK(schedule.stop_at - sent == 15s);
  CHECK(schedule.kill_at - sent == 19'750ms);
  CHECK(schedule.ends_at - sent == 20s);
}
