// ctest: long
// A server that does not keep to the protocol: each command ends in good order, whatever bytes come instead
// of INFO, behind the first PONG, and in place of answers.
#include "support/liar.hpp"
#include "support/process.hpp"
#include "support/tcp.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <list>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using namespace natskv::test;
using Kind = Step::Kind;

namespace {

const std::vector<std::vector<std::string>> commands{
    {"get", "b", "k"},      {"watch", "b", "--max-disconnect", "1s"}, {"doctor", "b"}, {"keys", "b"},
    {"put", "b", "k", "v"},
};

struct Garbage {
  const char* what;
  std::string bytes;  ///< TO: the subject and number of a subscription
  Leaks leaks = Leaks::all;
};

/// All at once, for most of their time is waiting. None of these servers tells anything that a success could
/// rest on.
class Trial {
 public:
  Trial(const Garbage& garbage, const std::string& url) : what_(garbage.what) {
    for (const auto& command : commands)
      running_.emplace_back(natskv_command(quick(command), {.env = environment(url, garbage.leaks)}));
  }
  void check() {
    CAPTURE(what_);
    auto process = running_.begin();
    for (const auto& command : commands) {
      const auto result = (process++)->wait(60);
      check_good_order(command, result);
      CHECK_MESSAGE(result.status != 0, command[0]);
      CHECK((result.out + result.err).find_first_of("\x1B\x07") == std::string::npos);
    }
  }

 private:
  std::string what_;
  std::list<Process> running_;
};

/// A few servers at a time. `serve(bytes)`: such a server, kept by a pointer.
template <class Serve>
void try_all(const std::vector<Garbage>& all, Serve serve) {
  constexpr std::size_t together = 6;
  for (std::size_t from = 0; from < all.size(); from += together) {
    std::list<decltype(serve(all[0].bytes))> servers;
    std::list<Trial> trials;
    for (std::size_t at = from; at < std::min(from + together, all.size()); ++at)
      trials.emplace_back(all[at], servers.emplace_back(serve(all[at].bytes))->url());
    for (auto& trial : trials) trial.check();
  }
}

std::string repeated(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

/// The same at each run.
std::string random_bytes(std::size_t size, std::uint32_t seed) {
  std::mt19937 engine(seed);
  std::string bytes;
  while (bytes.size() < size) bytes += static_cast<char>(engine() & 0xFFU);
  return bytes;
}

/// Pieces of the protocol in any order, which get further into its parser than random bytes do.
std::string random_words(std::size_t count, std::uint32_t seed) {
  static const std::vector<std::string_view> pieces{
      "MSG ", "HMSG ", "a ",   "1 ",    "2 ",    "12 ", "\r\n", "\r\n", "\r\n", "\r",   "\n",
      "+OK",  "PING",  "PONG", "-ERR ", "INFO ", "{}",  "{",    "'x'",  "\t",   "\xFF", "NATS/1.0\r\n\r\n"};
  std::mt19937 engine(seed);
  std::string text;
  while (count-- > 0) text += pieces[engine() % pieces.size()];
  return text;
}

std::string addressed(std::string bytes, const std::string& to) {
  for (auto at = bytes.find("TO"); at != std::string::npos; at = bytes.find("TO", at + to.size()))
    bytes.replace(at, 2, to);
  return bytes;
}

// None is an empty answer: nats.c 3.13 and later crash on one (hostile_test.cpp).
// Not in here: `MSG a 1 2147483647`, `HMSG a 1 12 2147483647` and `HMSG a 1 2147483647 2147483647`, each with
// a byte behind it. By these nats.c itself crashes (3.4.1 and 3.14: natsParser_Parse overflows the int with
// which it jumps over a payload), and natskv cannot prevent it. Sizes next to that
// leak the payload's buffer at the end, no more, which nats.c does not free either.
const std::vector<Garbage>& garbage() {
  static const std::vector<Garbage> all{
      {"a negative size", "MSG TO -1\r\nx\r\n"},
      {"a size that is no number", "MSG TO x\r\nx\r\n"},
      {"no size", "MSG TO\r\n"},
      {"no words", "MSG \r\n"},
      {"a size of 20 digits", "MSG TO 99999999999999999999\r\nx"},
      {"a size of 32 bits", "MSG TO 4294967295\r\nx"},
      {"a size of 2 GB", "MSG TO 2147483500\r\nx", Leaks::not_those_of_the_library},
      {"a payload longer than its size", "MSG TO 1\r\nhello\r\n"},
      {"a payload that never ends", "MSG TO 1000\r\nx"},
      {"seven words", "MSG TO a b c d 1\r\nx\r\n"},
      {"headers larger than the message", "HMSG TO 14 5\r\nNATS/1.0\r\n\r\n\r\n"},
      {"a negative size of headers", "HMSG TO -1 5\r\nhello\r\n"},
      {"sizes of headers that are none", "HMSG TO x y\r\n\r\n"},
      {"headers of no bytes", "HMSG TO 0 1\r\nx\r\n"},
      {"headers of another protocol", "HMSG TO 5 6\r\nhellox\r\n"},
      {"headers without an end", "HMSG TO 14 15\r\nNATS/1.0\r\na:bcx\r\n"},
      {"headers that are no lines", "HMSG TO 15 16\r\nNATS/1.0\r\n:::\r\nx\r\n"},
      {"headers with a size of 2 GB", "HMSG TO 12 2147483500\r\nNATS/1.0", Leaks::not_those_of_the_library},
      {"an unknown number", "MSG a 999999 1\r\nx\r\n"},
      {"a number that is none", "MSG a zzz 1\r\nx\r\n"},
      {"a negative number", "MSG a -1 1\r\nx\r\n"},
      {"a number of 20 digits", "MSG a 99999999999999999999 1\r\nx\r\n"},
      {"PING without end", repeated("PING\r\n", 20'000)},
      {"PONG without end", repeated("PONG\r\n", 20'000)},
      {"a very long error", "-ERR '" + std::string(1'000'000, 'x') + "'\r\n"},
      {"an error that never ends", "-ERR '" + std::string(1'000'000, 'x')},
      {"an error without a text", "-ERR\r\n"},
      {"an error with terminal escapes", "-ERR 'a\x1B[5mb\x07'\r\n"},
      {"a second INFO of other types",
       R"(INFO {"max_payload":"x","connect_urls":5,"headers":[],"server_id":{},"port":"y"})"
       "\r\n"},
      {"a second INFO with addresses that are none", R"(INFO {"connect_urls":["",":::","a:b:c","[",null,5]})"
                                                     "\r\n"},
      {"a second INFO that is deep", "INFO " + std::string(30'000, '[') + "\r\n"},
      {"zeros", std::string(70'000, '\0')},
      {"no words of the protocol", "HELLO\r\n"},
      {"random bytes", random_bytes(100'000, 1)},
      {"a payload of random bytes", "MSG TO 1000\r\n" + random_bytes(1000, 2) + "\r\n"},
      {"headers of random bytes", "HMSG TO 1000 2000\r\n" + random_bytes(2000, 3) + "\r\n"},
      {"words of the protocol in any order", random_words(2'000, 4)},
      {"and in another", "PING\r\n" + random_words(2'000, 5)},
  };
  return all;
}

}  // namespace

TEST_CASE("what comes instead of INFO is garbage") {
  const std::string deep(200'000, '[');
  const std::vector<Garbage> all{
      {"nothing", ""},
      {"an answer of HTTP", "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n\r\n400 Bad Request"},
      {"an empty line", "\r\n"},
      {"zeros", std::string(70'000, '\0')},
      {"a line that never ends", std::string(1'000'000, 'x')},
      {"INFO cut short", R"(INFO {"server_id":"x","ver)"},
      {"INFO of JSON cut short", "INFO {\"server_id\":\"x\",\"ver\r\n"},
      {"INFO of nothing", "INFO\r\n"},
      {"INFO of no members", "INFO {}\r\n"},
      {"INFO that is deep", "INFO " + deep + "\r\n"},
      {"INFO with a deep member", R"(INFO {"server_id":)" + deep + "\r\n"},
      {"INFO of 5 MB", R"(INFO {"server_id":")" + std::string(5'000'000, 'x') + "\"}\r\n"},
      {"INFO of other types",
       R"(INFO {"server_id":5,"version":[],"max_payload":"much","headers":"yes","jetstream":1,"proto":{},)"
       R"("connect_urls":"a","auth_required":7,"nonce":[1],"tls_required":null,"port":-99999999999})"
       "\r\n"},
      {"INFO of extreme numbers",
       R"(INFO {"max_payload":-9223372036854775808,"proto":-2147483648,"client_id":18446744073709551615})"
       "\r\n"},
      {"a message", "MSG a 1 1\r\nx\r\n"},
      {"an error", "-ERR 'no\x1B[5m'\r\n"},
      {"random bytes", random_bytes(100'000, 6)},
  };
  for (const bool closes : {false, true}) {
    CAPTURE(closes);
    try_all(all, [&](const std::string& bytes) {
      std::vector<Step> script{{Kind::send, bytes}};
      if (closes) script.push_back({Kind::close});
      return std::make_unique<FakeServer>(script);
    });
  }
}

TEST_CASE("garbage comes behind the first PONG") {
  try_all(garbage(), [](const std::string& bytes) {
    auto script = FakeServer::handshake();
    script.push_back({Kind::send, addressed(bytes, "a 1")});
    return std::make_unique<FakeServer>(script);
  });
}

TEST_CASE("the bucket is there and garbage comes in place of answers") {
  auto all = garbage();
  // Liar has a use of its own for that byte.
  std::erase_if(all, [](const Garbage& one) { return one.bytes.find('\x01') != std::string::npos; });
  try_all(all, [](const std::string& bytes) {
    return std::make_unique<Liar>(
        [&bytes](const Request& r) { return or_info(r, addressed(bytes, r.reply + " " + sid_of(r.reply))); });
  });
}
