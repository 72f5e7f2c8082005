// --trace: a line an operation on stderr; no value and no secret in it.
#include "support/client.hpp"
#include "support/server.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace natskv::test;

TEST_CASE("each operation is a line: subject, headers, sizes, revision or error; values are not shown") {
  const Server server({.config = "authorization { user: u, password: s3cret }"});
  const std::string url = "nats://u:s3cret@127.0.0.1:" + std::to_string(server.port());
  Client(url).add_bucket("b");
  const auto traced = [&](std::vector<std::string> words, const char* expected) {
    CAPTURE(words[0]);
    words.insert(words.end(), {"-s", url, "--trace"});
    const auto result = natskv::test::natskv(words);
    CAPTURE(result.err);
    CHECK(result.err.find(expected) != std::string::npos);
    CHECK(result.err.find("trace: connect nats://127.0.0.1:") == 0);
    CHECK(result.err.find("VALUE") == std::string::npos);
    CHECK(result.err.find("s3cret") == std::string::npos);
    CHECK(result.out.find("trace:") == std::string::npos);
  };
  traced({"put", "b", "k", "VALUE"}, "trace: kvStore_Put $KV.b.k (library) 5 B -> revision 1, ");
  traced({"update", "b", "k", "VALUE", "7"},
         "(library) [Nats-Expected-Last-Subject-Sequence: 7] 5 B -> wrong last sequence: 1, ");
  traced({"get", "b", "k"},
         "trace: kvStore_Get $JS.API.DIRECT.GET.KV_b.$KV.b.k (library) 0 B -> revision 1, ");
  traced({"get", "b", "k", "none"}, server_at_least(2, 11)
                                        ? "trace: $JS.API.DIRECT.GET.KV_b 60 B -> 204 EOB, "
                                        : "trace: $JS.API.DIRECT.GET.KV_b.$KV.b.k 0 B -> revision 1, 5 B, ");
  traced({"keys", "b"}, "trace: $JS.API.CONSUMER.CREATE.KV_b.natskv-");
  traced({"del", "b", "k"}, "trace: js_PublishMsg $KV.b.k (library) [KV-Operation: DEL] 0 B -> revision 2, ");
  traced({"info", "none"}, "trace: $JS.API.STREAM.INFO.KV_none 0 B -> error 10059: stream not found, ");
  Client(url).put("b", "x", "VALUE");
  traced({"purge", "b", "x", "y"},
         "trace: $KV.b.x [KV-Operation: PURGE, Nats-Rollup: sub] 0 B -> revision 4, ");
  CHECK(natskv::test::natskv({"keys", "b", "-s", url}).err.empty());
}
