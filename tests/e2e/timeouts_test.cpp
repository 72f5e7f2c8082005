// ctest: long
// Servers that are dead, silent or stop answering: several of them, and how long that may take.
#include "support/buckets.hpp"
#include "support/client.hpp"
#include "support/liar.hpp"
#include "support/server.hpp"
#include "support/tcp.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <iterator>
#include <list>
#include <memory>
#include <string>
#include <vector>

using namespace natskv::test;

namespace {

auto threads(const Process& process) {
  const std::filesystem::directory_iterator all("/proc/" + std::to_string(process.pid()) + "/task");
  return std::distance(begin(all), end(all));
}

}  // namespace

// A dead one would take the whole minute, and the harness' patience with it, if it were waited for. How long
// it does cost is not for a test: it is alone for a second (kv/attempts), then the next one is tried, too.
TEST_CASE("of several servers the first that answers serves; a dead one does not cost its time-out") {
  const Server server;
  Client(server.url()).add_bucket("b");
  const Listener silent;
  const std::string refused = "nats://127.0.0.1:" + std::to_string(free_ports(1).at(0));
  for (const std::string& dead : {refused, silent.url(), std::string("nats://no-such-host.invalid:4222")}) {
    CAPTURE(dead);
    const auto result =
        natskv::test::natskv({"keys", "b", "-s", dead + "," + server.url(), "--timeout", "60s"});
    CAPTURE(result.err);
    CHECK(result.status == 0);
  }
  const std::string info =
      "INFO {\"server_id\":\"x\",\"version\":\"2.9.0\",\"max_payload\":1000,\"headers\":true";
  FakeServer mute({{Step::Kind::send, info + "}\r\n"}});
  FakeServer hung({{Step::Kind::send, info + ",\"tls_required\":true}\r\n"}});
  for (const std::string& dead : {std::string("slow.example"), mute.url(), hung.url()}) {
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"keys", "b"}, {"put", "b", "k", "v"}, {"import", "b"}}) {
      CAPTURE(dead);
      CAPTURE(words[0]);
      auto all = words;
      all.insert(all.end(), {"-s", dead + "," + server.url(), "--timeout", "60s"});
      const auto result = run(with_slow_names(natskv_command(all)));
      CAPTURE(result.err);
      CHECK(result.status == 0);
    }
  }
  // Nothing is left of the silent one: nats.c would wait for it in a loop that takes a whole processor.
  Process watching(natskv_command({"watch", "b", "-s", mute.url() + "," + server.url()}));
  CHECK(watching.read_until("k"));
  Process other(natskv_command({"watch", "b", "-s", server.url()}));
  CHECK(other.read_until("k"));
  CHECK(eventually([&] { return threads(watching) == threads(other); }));
  const auto none = natskv::test::natskv(
      {"keys", "b", "-s", silent.url() + "," + refused + "," + silent.url(), "--timeout", "900ms"});
  CHECK(none.status == 5);
}

TEST_CASE("a cluster behind a dead first server is used and followed all the same") {
  Cluster cluster;
  Client(cluster.node(1).url()).add_bucket("b", R"({"num_replicas": 3})");
  cluster.settle("KV_b");
  const Listener silent;
  for (const std::string& dead : {"nats://127.0.0.1:" + std::to_string(free_ports(1).at(0)), silent.url()}) {
    const std::string list = dead + "," + cluster.url();
    const auto put = natskv::test::natskv({"put", "b", "k", "v", "-s", list, "--timeout", "30s"});
    CAPTURE(put.err);
    CHECK(put.status == 0);
    Process watching(natskv_command({"watch", "b", "-s", list, "--timeout", "30s"}));
    CHECK(watching.read_until("k"));
  }
}

TEST_CASE("nobody, silence, and a server that stops answering are 5 within the time-out") {
  const auto nobody =
      natskv::test::natskv({"get", "b", "k", "-s", "127.0.0.1:" + std::to_string(free_ports(1).at(0))});
  CHECK(nobody.status == 5);
  CHECK(nobody.err.find("no server answers at nats://127.0.0.1:") != std::string::npos);
  const Listener silent;
  FakeServer dumb(FakeServer::handshake());
  for (const std::string& url : {silent.url(), dumb.url()}) {
    for (const std::vector<std::string>& words : {std::vector<std::string>{"get", "b", "k"},
                                                  {"get", "b", "k", "l"},
                                                  {"keys", "b"},
                                                  {"history", "b", "k"},
                                                  {"info", "b"},
                                                  {"ls"},
                                                  {"del", "b", "k", "l"}}) {
      auto all = words;
      all.insert(all.end(), {"-s", url, "--timeout", "400ms"});
      CAPTURE(words[0]);
      const auto result = natskv::test::natskv(all);
      CAPTURE(result.err);
      CHECK(result.status == 5);
      CHECK(result.err.find("no answer from " + url + " within 400ms") != std::string::npos);
    }
  }
  const auto variable =
      natskv::test::natskv({"get", "b", "k", "-s", silent.url()}, {.env = {{"NATS_TIMEOUT", "300ms"}}});
  CHECK(variable.err.find("within 300ms") != std::string::npos);
  CHECK(natskv::test::natskv({"get", "b", "k", "--timeout", "0s"}).status == 2);
}

TEST_CASE("a name service that does not answer is waited for within the time-out, or until a signal") {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"get", "b", "k"},
                                                {"put", "b", "k", "v"},
                                                {"keys", "b"},
                                                {"watch", "b"},
                                                {"ls"}}) {
    auto all = words;
    all.insert(all.end(), {"-s", "slow.example", "--timeout", "300ms"});
    const auto result = run(with_slow_names(natskv_command(all)));
    CHECK(result.status == 5);
    CHECK(result.err == "natskv: " + words[0] + ": no answer from nats://slow.example:4222 within 300ms\n");
  }
  const auto doctor =
      run(with_slow_names(natskv_command({"doctor", "-s", "slow.example", "--timeout", "300ms"})));
  CHECK(doctor.status == 5);
  CHECK(doctor.out.find("resolve\tfailed\tnats://slow.example:4222: the name service did not answer\t") !=
        std::string::npos);
  Process waiting(
      with_slow_names(natskv_command({"put", "b", "k", "v", "-s", "slow.example", "--timeout", "50s"})));
  waiting.read_for(0.5);
  waiting.signal(SIGTERM);
  const auto ended = waiting.wait();
  CHECK_FALSE(ended.timed_out);
  CHECK(ended.status == 143);
  CHECK(ended.err.empty());
}

TEST_CASE("the time-out is for the whole of a one-key command, not for each of its answers") {
  const Server server;
  Client client(server.url());
  client.add_bucket("b", R"({"max_msgs_per_subject": 5})");
  Proxy proxy(server.port());
  proxy.delay(
      0.25);  // half a second an answer; connecting takes one and a half of that, each command two more
  for (const std::vector<std::string>& words : {std::vector<std::string>{"get", "b", "k"},
                                                {"get", "b", "k", "--consistent"},
                                                {"put", "b", "k", "v"},
                                                {"update", "b", "k", "v", "1"},
                                                {"create", "b", "n", "v"},
                                                {"revert", "b", "k", "1"}}) {
    CAPTURE(words[0]);
    client.delete_bucket("b");
    client.add_bucket("b", R"({"max_msgs_per_subject": 5})");
    client.put("b", "k", "v");
    auto all = words;
    all.insert(all.end(), {"-s", proxy.url(), "--timeout", "1100ms"});
    const auto late = natskv::test::natskv(all);
    CAPTURE(late.err);
    CHECK((late.status == 5 || late.status == 7));
    CHECK(late.err.find("within 1.1s") != std::string::npos);
  }
  CHECK(natskv::test::natskv({"get", "b", "k", "-s", proxy.url(), "--timeout", "25s"}).out == "v");
}

TEST_CASE("a listing that starts slowly is said to, on a terminal only") {
  FakeServer dumb(FakeServer::handshake());
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"keys", "b"}, {"history", "b", "k"}}) {
    auto all = words;
    all.insert(all.end(), {"-s", dumb.url()});
    Terminal terminal(natskv_command(all));
    CHECK(terminal.read_until("reading bucket \"b\" …"));
    terminal.signal(SIGINT);
    CHECK(terminal.wait().status == 130);
    CHECK(terminal.sane());
    Process piped(natskv_command(all));
    piped.read_for(2.5);
    piped.signal(SIGINT);
    CHECK(piped.wait().err.empty());
  }
}

TEST_CASE("what did not answer is said to have had the time that it had") {
  FakeServer dumb(FakeServer::handshake());
  std::vector<std::unique_ptr<Process>> waiting;
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"keys", "b"}, {"history", "b", "k"}, {"cp", "b", "c", "b"}}) {
    auto all = words;
    all.insert(all.end(), {"-s", dumb.url()});
    waiting.push_back(std::make_unique<Process>(natskv_command(all, {.limit = 90})));
  }
  for (const auto& process : waiting) {
    const auto result = process->wait(80);
    CHECK(result.status == 5);
    // A listing may start for 30 s, where no --timeout says otherwise.
    const bool listing = &process != &waiting.back();
    CHECK_MESSAGE(result.err.find(listing ? "within 30s; nothing was changed"
                                          : "within 5s; nothing was changed") != std::string::npos,
                  result.err);
  }
}

TEST_CASE("a bucket that did not answer is not asked for once more") {
  struct Asking {
    explicit Asking(std::vector<std::string> words) {
      words.insert(words.end(), {"-s", silent.url(), "--timeout", "5s"});
      process =
          std::make_unique<Process>(natskv_command(words, {.input = "{\"key\":\"k\",\"value\":\"v\"}\n"}));
    }
    std::atomic<int> asked = 0;
    Liar silent{[this](const Request& request) {
      if (request.subject.find("STREAM.INFO.KV_b") != std::string::npos) ++asked;
      return std::string();
    }};
    std::unique_ptr<Process> process;
  };
  // Side by side: each has the time to come as far as its question.
  std::list<Asking> all;
  for (const std::vector<std::string>& words : {std::vector<std::string>{"import", "b"},
                                                {"import", "b", "--skip-unchanged"},
                                                {"keys", "b"},
                                                {"info", "b"}})
    all.emplace_back(words);
  for (auto& one : all) {
    const auto result = one.process->wait();
    CHECK(result.status == 5);
    CHECK_MESSAGE(result.err.find("within 5s") != std::string::npos, result.err);
    CHECK(one.asked == 1);
  }
}

TEST_CASE("a write without an answer is 7, an interruption 130") {
  Server server;
  Client(server.url()).add_bucket("b");
  const Listener silent;
  Process waiting(natskv_command({"get", "b", "k", "-s", silent.url(), "--timeout", "20s"}));
  waiting.read_for(0.5);
  waiting.signal(SIGINT);
  const auto interrupted = waiting.wait();
  CHECK(interrupted.status == 130);
  server.pause();
  const auto frozen = natskv::test::natskv({"put", "b", "k", "v", "-s", server.url(), "--timeout", "500ms"});
  server.resume();
  CHECK((frozen.status == 5 || frozen.status == 7));
  CHECK(frozen.err.find("within 500ms") != std::string::npos);
}

TEST_CASE("a TLS handshake that hangs cannot be ended: the last words say what was waited for") {
  FakeServer server({{Step::Kind::send,
                      "INFO {\"server_id\":\"x\",\"version\":\"2.9.0\",\"max_payload\":1000,\"headers\":true,"
                      "\"tls_required\":true}\r\n"}});
  const auto late = natskv::test::natskv({"get", "b", "k", "-j", "-s", server.url(), "--timeout", "300ms"});
  CHECK(late.status == 5);
  CHECK(late.err == "{\"error\":{\"exit\":5,\"code\":\"unreachable\",\"message\":\"no answer from " +
                        server.url() + " within 300ms\"}}\n");
  Process waiting(natskv_command({"put", "b", "k", "v", "-s", server.url(), "--timeout", "20s"}));
  REQUIRE(eventually([&] { return server.connections() == 2; }));
  waiting.read_for(0.1);
  waiting.signal(SIGTERM);
  const auto ended = waiting.wait();
  CHECK(ended.status == 143);
  CHECK(ended.err.empty());  // nothing was sent
}
