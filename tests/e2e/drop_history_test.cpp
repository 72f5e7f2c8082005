// import --drop-history: a value that expires over one that would come back.
#include "support/buckets.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace natskv::test;
using Words = std::vector<std::string>;

namespace {

constexpr std::string_view plain = R"({"allow_msg_ttl": true, "max_msgs_per_subject": 5})";
constexpr std::string_view batches =
    R"({"allow_msg_ttl": true, "max_msgs_per_subject": 5, "allow_atomic": true})";
constexpr const char* would_return =
    "when key \"k\" expires, its older value would come back; nothing was written";

std::string line(const std::string& key, const std::string& more = R"(, "ttl_seconds": 3600)") {
  return R"({"key": ")" + key + R"(", "value": "new")" + more + "}\n";
}

struct Way {
  std::string_view settings;
  Words options;
  Result import(const TestBucket& b, const std::string& lines, Words more = {}) const {
    more.insert(more.end(), options.begin(), options.end());
    return b("import", more, {.input = lines});
  }
};

// Line by line, and as a batch where the server knows those.
std::vector<Way> ways() {
  std::vector<Way> both{{plain, {}}};
  if (server_at_least(2, 12)) both.push_back({batches, {"--atomic"}});
  return both;
}

std::string ttl_of(const TestBucket& b, const std::string& key) {
  const auto headers = b.last(key).headers;
  const auto at = headers.find("Nats-TTL");
  return at == headers.end() ? "none" : at->second;
}

bool refused(const Result& result) {
  return result.status == 1 && result.err.find(would_return) != std::string::npos &&
         result.err.find("--drop-history removes the older revisions with the same write") !=
             std::string::npos;
}

}  // namespace

TEST_CASE(
    "over a value of a history a line with a time to live is refused, and nothing of a batch is stored") {
  if (!server_at_least(2, 11)) SKIP("message TTLs need nats-server 2.11");
  for (const auto& way : ways()) {
    CAPTURE(way.options.size());
    const TestBucket b(way.settings);
    b.put("k", "old");
    CHECK(refused(way.import(b, line("k"))));
    CHECK(b.last("k").data == "old");
    // Where the key has no value nothing can come back: a new one, and one that was deleted.
    b.put("gone", "old");
    b.put("gone", "", {{"KV-Operation", "DEL"}});
    CHECK(way.import(b, line("new") + line("gone")).status == 0);
    CHECK(ttl_of(b, "new") == "3600s");
    CHECK(ttl_of(b, "gone") == "3600s");
    CHECK(b.last_revision() == 5);
    // What does not expire covers it for ever.
    CHECK(way.import(b, line("k", "")).status == 0);
    CHECK(way.import(b, line("k"), {"--ignore-ttl"}).status == 0);
    // A condition does not help where it is the value's revision, and where it is another the conflict is
    // said.
    CHECK(refused(way.import(b, line("k", R"(, "ttl_seconds": 60, "if_revision": 7)"))));
    CHECK(way.import(b, line("k", R"(, "ttl_seconds": 60, "if_revision": 1)")).status == 4);
    CHECK(way.import(b, line("k", R"(, "ttl_seconds": 60, "if_revision": 0)")).status == 4);
    CHECK(way.import(b, line("gone", R"(, "ttl_seconds": 60, "if_revision": 0)")).status == 4);
    CHECK(way.import(b, line("k"), {"--create"}).status == 4);
    CHECK(b.last_revision() == 7);
    // The other lines of a batch are not stored either.
    const auto two = way.import(b, line("other", "") + line("k"));
    CHECK(refused(two));
    CHECK(b.last("other").revision == (way.options.empty() ? 8 : 0));
    const auto dry = way.import(b, line("k"), {"--dry-run"});
    CHECK_MESSAGE(refused(dry), dry.err);
  }
}

TEST_CASE("with --drop-history the older revisions go with the write") {
  if (!server_at_least(2, 11)) SKIP("message TTLs need nats-server 2.11");
  for (const auto& way : ways()) {
    CAPTURE(way.options.size());
    const TestBucket b(way.settings);
    for (const char* key : {"k", "k", "l", "l", "m", "m"}) b.put(key, "old");
    const auto result = way.import(b, line("k", R"(, "ttl_seconds": 1)") + line("l", R"(, "if_revision": 4)"),
                                   {"--drop-history"});
    CHECK_MESSAGE(result.status == 0, result.err);
    CHECK(b.last("l").data == "new");
    REQUIRE(eventually([&] { return b.last("k").revision == 0; }));
    CHECK(b.messages() == 3);
    // A stale condition removes nothing.
    CHECK(way.import(b, line("m", R"(, "if_revision": 5)"), {"--drop-history"}).status == 4);
    CHECK(lines(b("history", {"m"}).out) == 2);
    // Deletes and purges, too.
    CHECK(way.import(b,
                     R"({"key": "m", "operation": "DEL"})"
                     "\n"
                     R"({"key": "l", "operation": "PURGE"})"
                     "\n",
                     {"--drop-history"})
              .status == 0);
    CHECK(b.messages() == 2);
  }
}

TEST_CASE("without a history nothing comes back, and --drop-history changes nothing") {
  if (!server_at_least(2, 11)) SKIP("message TTLs need nats-server 2.11");
  const TestBucket b(R"({"allow_msg_ttl": true})");
  b.put("k", "old");
  CHECK(b("import", {}, {.input = line("k")}).status == 0);
  CHECK(b("import", {"--drop-history"}, {.input = line("k")}).status == 0);
  CHECK(!b.last("k").headers.contains("Nats-Rollup"));
}

TEST_CASE("a file's lines for a key one after the other") {
  if (!server_at_least(2, 11)) SKIP("message TTLs need nats-server 2.11");
  const TestBucket b(plain);
  const auto result = b("import", {}, {.input = line("k", "") + line("k")});
  CHECK(refused(result));
  CHECK(b.last_revision() == 1);
  CHECK(b("import", {"--drop-history"}, {.input = line("k", "") + line("k")}).status == 0);
  CHECK(b.messages() == 1);
}
