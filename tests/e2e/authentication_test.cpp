// Every way to authenticate, right, wrong and missing.
#include "support/buckets.hpp"
#include "support/identities.hpp"
#include "support/server.hpp"
#include "support/tcp.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>
#include <nats/nats.h>

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <regex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace natskv::test;

namespace {

struct AuthMethod {
  const char* name;
  std::vector<std::string> options;
  int status;
  const char* said;  // part of stderr
  std::map<std::string, std::optional<std::string>> env = {};
};

// Neither the passwords of these tests nor a seed (58 characters; a consumer's random name has 22) nor a JWT.
void check_silence(const Result& result) {
  static const std::regex secret("s3cret|\\bS[A-Z2-7]{40,}|eyJ[A-Za-z0-9_-]{10,}");
  INFO("printed: " << result.out << result.err);
  CHECK_FALSE(std::regex_search(result.out + result.err, secret));
}

void try_all(const Server& server, const std::vector<AuthMethod>& ways) {
  for (const AuthMethod& way : ways) {
    const std::string name = way.name;
    CAPTURE(name);
    auto words = way.options;
    words.insert(words.end(), {"keys", "b"});
    const auto result = server.natskv(words, {.env = way.env});
    CAPTURE(result.err);
    CHECK(result.status == way.status);
    CHECK(result.err.find(way.said) != std::string::npos);
    CHECK(result.out.empty());
    check_silence(result);
    // In every other form too.
    auto loud = way.options;
    loud.insert(loud.end(), {"keys", "b", "-j", "--trace"});
    check_silence(server.natskv(loud, {.env = way.env}));
    auto doctor = way.options;
    doctor.insert(doctor.end(), {"doctor", "-j"});
    check_silence(server.natskv(doctor, {.env = way.env}));
  }
}

std::string at_host(const Server& server, const std::string& user) {
  return "nats://" + user + "@127.0.0.1:" + std::to_string(server.port());
}

}  // namespace

TEST_CASE("user and password: right, wrong and missing, from every place") {
  const Server server(
      {.config = R"(authorization { users: [ { user: "al ice", password: "s3cret\"\\word" } ] })"});
  const TempDir folder;
  const std::string word = R"(s3cret"\word)";
  write_file(folder / "right", word + "\nsecond line", 0600);
  write_file(folder / "wrong", "s3cret-not\n", 0600);
  write_file(folder / "open", word + "\n", 0644);
  write_file(folder / "empty", "", 0600);
  write_file(folder / "c.json", R"({"user":"al ice","password":"s3cret\"\\word"})", 0600);
  write_file(folder / "d.json", R"({"user":"al ice","password":"s3cret"})", 0600);
  CHECK(server.natskv({"add", "b", "-q", "--user", "al ice", "--password", word}).status == 0);
  try_all(server,
          {
              {"right", {"--user", "al ice", "--password", word}, 0, ""},
              {"wrong", {"--user", "al ice", "--password", "s3cret"}, 6, "refused the credentials"},
              {"missing", {}, 6, "requires credentials"},
              {"a user alone is a token", {"--user", "al ice"}, 6, "refused the credentials"},
              {"a password alone", {"--password", "s3cret"}, 2, "needs a user"},
              {"variables", {}, 0, "", {{"NATS_USER", "al ice"}, {"NATS_PASSWORD", word}}},
              {"variables, wrong", {}, 6, "refused", {{"NATS_USER", "al ice"}, {"NATS_PASSWORD", "x"}}},
              {"file", {"--user", "al ice", "--password-file", folder / "right"}, 0, ""},
              {"wrong file", {"--user", "al ice", "--password-file", folder / "wrong"}, 6, "refused"},
              {"file that everyone reads",
               {"--user", "al ice", "--password-file", folder / "open"},
               0,
               "everyone can read"},
              {"missing file", {"--user", "al ice", "--password-file", folder / "none"}, 2, "No such file"},
              {"empty file", {"--user", "al ice", "--password-file", folder / "empty"}, 6, "is empty"},
              {"an empty name", {"--connection-name", ""}, 2, "--connection-name: the word is empty"},
              {"context", {"--context", folder / "c.json"}, 0, ""},
              {"context, wrong", {"--context", folder / "d.json"}, 6, "refused"},
              {"in the URL", {"-s", at_host(server, "al%20ice:s3cret%22%5Cword")}, 0, ""},
              {"in the URL, wrong", {"-s", at_host(server, "al%20ice:s3cret")}, 6, "refused"},
          });
}

TEST_CASE("users in a list of URLs: each server's own, percent-encoded; a dead one does not matter") {
  const Server server({.config = R"(authorization { users: [ { user: "u", password: "s3cre@t" } ] })"});
  CHECK(server.natskv({"add", "b", "-q", "--user", "u", "--password", "s3cre@t"}).status == 0);
  CHECK(server.natskv({"put", "b", "k", "v", "-q", "--user", "u", "--password", "s3cre@t"}).status == 0);
  const std::string dead = "127.0.0.1:" + std::to_string(free_ports(1).at(0));
  const Listener silent;
  const std::string live = at_host(server, "u:s3cre%40t");
  for (const std::string& list : {"nats://x:y@" + dead + "," + live, "nats://" + dead + "," + live,
                                  live + ",nats://x:y@" + dead, silent.url() + "," + live}) {
    CAPTURE(list);
    const auto result = server.natskv({"keys", "b", "-s", list});
    CHECK(result.err.empty());
    CHECK(result.out == "k\n");
    Process watching(server.command({"watch", "b", "-s", list}));  // by a connection that comes again
    CHECK(watching.read_until("k"));
  }
  const auto wrong = server.natskv({"keys", "b", "-s", "nats://" + dead + "," + at_host(server, "u:s3cret")});
  CHECK(wrong.status == 6);
  CHECK(wrong.err.find("127.0.0.1:" + std::to_string(server.port()) + " refused the credentials") !=
        std::string::npos);
  const auto half = server.natskv({"keys", "b", "-s", silent.url() + "," + at_host(server, "u:s3cret")});
  CHECK(half.status == 6);
}

TEST_CASE("token: right, wrong and missing") {
  const Server server({.config = "authorization { token: s3cret }"});
  const TempDir folder;
  write_file(folder / "right", "s3cret\n", 0600);
  write_file(folder / "wrong", "s3cretx\n", 0600);
  write_file(folder / "c.json", R"({"token":"s3cret"})", 0600);
  CHECK(server.natskv({"add", "b", "-q", "--token", "s3cret"}).status == 0);
  try_all(server, {
                      {"right", {"--token", "s3cret"}, 0, ""},
                      {"wrong", {"--token", "s3cretx"}, 6, "refused the credentials"},
                      {"missing", {}, 6, "requires credentials"},
                      {"a user alone is a token", {"--user", "s3cret"}, 0, ""},
                      {"variable", {}, 0, "", {{"NATS_TOKEN", "s3cret"}}},
                      {"variable, wrong", {}, 6, "refused", {{"NATS_TOKEN", "s3cretx"}}},
                      {"file", {"--token-file", folder / "right"}, 0, ""},
                      {"wrong file", {"--token-file", folder / "wrong"}, 6, "refused"},
                      {"missing file", {"--token-file", folder / "none"}, 2, "No such file"},
                      {"context", {"--context", folder / "c.json"}, 0, ""},
                      {"in the URL", {"-s", at_host(server, "s3cret")}, 0, ""},
                      {"in the URL, wrong", {"-s", at_host(server, "s3cretx")}, 6, "refused"},
                  });
  const auto piped = server.natskv({"keys", "b", "--token-file", "-"}, {.input = "s3cret\n"});
  CHECK(piped.status == 0);
  const auto twice = natskv::test::natskv({"put", "b", "k", "--token-file", "-", "-s", "127.0.0.1:1"},
                                          {.input = "s3cret\nvalue"});
  CHECK(twice.status == 2);
  CHECK(twice.err.starts_with("natskv: put: --token-file and VALUE cannot both be standard input\n"));
  const auto both = natskv::test::natskv(
      {"keys", "b", "--password-file", "-", "--token-file", "-", "-s", "127.0.0.1:1"}, {.input = "s3cret\n"});
  CHECK(both.status == 2);
  CHECK(both.err.find("--password-file and --token-file cannot both be standard input") != std::string::npos);
}

TEST_CASE("NKey: right, wrong, missing, and files that are none") {
  const TempDir folder;
  if (const auto why = make_identities(folder); !why.empty()) SKIP(why);
  const Server server(
      {.config = "authorization { users: [ { nkey: " + read_file(folder / "nkey.public") + " } ] }"});
  const std::string seed = read_file(folder / "nkey.seed");
  write_file(folder / "decorated",
             "-----BEGIN USER NKEY SEED-----\n" + seed + "\n------END USER NKEY SEED------\n", 0600);
  write_file(folder / "cut", seed.substr(0, 40), 0600);
  write_file(folder / "c.json", R"({"nkey":")" + folder / "nkey.seed" + "\"}", 0600);
  write_file(folder / "other.json", R"({"nkey":"env://OTHER"})", 0600);
  write_file(folder / "empty", "", 0600);
  CHECK(server.natskv({"add", "b", "-q", "--nkey", folder / "nkey.seed"}).status == 0);
  try_all(server, {
                      {"right", {"--nkey", folder / "nkey.seed"}, 0, ""},
                      {"decorated", {"--nkey", folder / "decorated"}, 0, ""},
                      {"variable", {}, 0, "", {{"NATS_NKEY", folder / "nkey.seed"}}},
                      {"context", {"--context", folder / "c.json"}, 0, ""},
                      {"another's", {"--nkey", folder / "other.seed"}, 6, "refused the credentials"},
                      {"another's, by a variable",
                       {"--context", folder / "other.json"},
                       6,
                       "refused the credentials",
                       {{"OTHER", read_file(folder / "other.seed")}}},
                      {"missing", {}, 6, "requires credentials"},
                      {"truncated", {"--nkey", folder / "cut"}, 6, "contains no NKey seed"},
                      {"empty", {"--nkey", folder / "empty"}, 6, "is empty"},
                      {"public key", {"--nkey", folder / "nkey.public"}, 6, "contains no NKey seed"},
                      {"no file", {"--nkey", folder / "none"}, 2, "No such file"},
                      {"a folder", {"--nkey", folder.path().string()}, 2, "directory"},
                  });
}

TEST_CASE("an NKey for a server without nonces is refused, not sent") {
  const TempDir folder;
  if (const auto why = make_identities(folder); !why.empty()) SKIP(why);
  const Server server;
  const auto result = server.natskv({"keys", "b", "--nkey", folder / "nkey.seed"});
  CAPTURE(result.err);
  CHECK(result.status == 6);
}

// nats.c 3.4 takes a signature that begins with a zero byte for none: one connection in 256 was refused.
TEST_CASE("a signature that cannot be sent is made again for another nonce") {
  const TempDir folder;
  if (const auto why = make_identities(folder); !why.empty()) SKIP(why);
  std::string seed = read_file(folder / "nkey.seed");
  seed.erase(seed.find_last_not_of('\n') + 1);
  std::string unlucky, lucky;
  REQUIRE(nats_Open(-1) == NATS_OK);
  for (int i = 0; unlucky.empty() || lucky.empty(); ++i) {
    const auto nonce = "nonce" + std::to_string(i);
    unsigned char* signature = nullptr;
    int length = 0;
    REQUIRE(nats_Sign(seed.c_str(), nonce.c_str(), &signature, &length) == NATS_OK);
    (signature[0] == 0 ? unlucky : lucky) = nonce;
    free(signature);
  }
  const Listener listener;
  const timeval most{.tv_sec = 20, .tv_usec = 0};
  REQUIRE(setsockopt(listener.fd(), SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most) == 0);
  bool is_signed = false;
  std::thread server([&] {
    for (const std::string& nonce : {unlucky, lucky}) {
      const int fd = accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC);
      const auto info =
          R"(INFO {"server_id":"S","version":"2.10.0","proto":1,"headers":true,"max_payload":1024,)"
          R"("auth_required":true,"nonce":")" +
          nonce + "\"}\r\n";
      (void)send(fd, info.data(), info.size(), MSG_NOSIGNAL);
      std::string said;
      std::array<char, 4096> part{};
      while (said.find("PING") == std::string::npos) {
        const auto got = recv(fd, part.data(), part.size(), 0);
        if (got <= 0) break;
        said.append(part.data(), static_cast<std::size_t>(got));
      }
      constexpr std::string_view name = R"("sig":")";
      const auto at = said.find(name);
      is_signed = at != std::string::npos && said[at + name.size()] != '"';
      constexpr std::string_view no = "-ERR 'Authorization Violation'\r\n";
      (void)send(fd, no.data(), no.size(), MSG_NOSIGNAL);
      close(fd);
      if (is_signed) return;
    }
  });
  const auto result = natskv::test::natskv({"get", "b", "k", "--nkey", folder / "nkey.seed"},
                                           {.env = {{"NATS_URL", listener.url()}}});
  server.join();
  CAPTURE(result.err);
  CHECK(result.status == 6);
  CHECK(is_signed);
}

TEST_CASE("operator, account and user JWTs: right, wrong, expired and missing") {
  const TempDir folder;
  if (const auto why = make_identities(folder); !why.empty()) SKIP(why);
  const Server server({.config = read_file(folder / "server.conf")});
  write_file(folder / "cut.creds", read_file(folder / "alice.creds").substr(0, 60), 0600);
  write_file(folder / "empty", "", 0600);
  write_file(folder / "open.creds", read_file(folder / "alice.creds"), 0644);
  write_file(folder / "words.json",
             R"({"user_jwt":")" + read_file(folder / "alice.jwt") + R"(","user_seed":")" +
                 read_file(folder / "other.seed") + R"("})",
             0600);
  std::string seed = read_file(folder / "alice.seed");
  seed.pop_back();
  write_file(folder / "alice.json",
             R"({"user_jwt":")" + read_file(folder / "alice.jwt") + R"(","user_seed":")" + seed + R"("})",
             0600);
  // A server turns JetStream on for the accounts of JWTs a moment after it listens: 6 until then.
  REQUIRE(eventually([&] {
    return server.natskv({"add", "b", "-q", "--creds", folder / "alice.creds"}).status == 0;
  }));
  write_file(folder / "creds.json", R"({"creds":")" + folder / "alice.creds" + "\"}", 0600);
  const auto line_of = [&](const char* name) {
    const std::string text = read_file(folder / name);
    return text.substr(0, text.find('\n'));
  };
  const std::string jwt = line_of("alice.jwt");
  const std::string other = line_of("other.seed");
  write_file(folder / "files.json",
             R"({"user_jwt":"file://)" + folder / "alice.jwt" + R"(","user_seed":"file://)" +
                 folder / "alice.seed" + R"("})",
             0600);
  const auto both = [&](const char* own_jwt, const char* own_seed) {
    return std::vector<std::string>{"--jwt", folder / own_jwt, "--seed", folder / own_seed};
  };
  try_all(
      server,
      {
          {"creds", {"--creds", folder / "alice.creds"}, 0, ""},
          {"variable", {}, 0, "", {{"NATS_CREDS", folder / "alice.creds"}}},
          {"everyone reads", {"--creds", folder / "open.creds"}, 0, "everyone can read"},
          {"JWT and seed", both("alice.jwt", "alice.seed"), 0, ""},
          {"variables",
           {},
           0,
           "",
           {{"NATS_JWT", folder / "alice.jwt"}, {"NATS_SEED", folder / "alice.seed"}}},
          {"a context's file", {"--context", folder / "creds.json"}, 0, ""},
          {"the words themselves, as for the nats tool", {"--jwt", jwt, "--seed", seed}, 0, ""},
          {"the words in variables", {}, 0, "", {{"NATS_JWT", jwt}, {"NATS_SEED", seed}}},
          {"a word and a file", {"--jwt", jwt, "--seed", folder / "alice.seed"}, 0, ""},
          {"file://",
           {"--jwt", "file://" + folder / "alice.jwt", "--seed", "file://" + folder / "alice.seed"},
           0,
           ""},
          {"creds by file://", {"--creds", "file://" + folder / "alice.creds"}, 0, ""},
          {"files of a context", {"--context", folder / "files.json"}, 0, ""},
          {"the word of another's seed", {"--jwt", jwt, "--seed", other}, 6, "refused the credentials"},
          {"a seed that is cut off",
           {"--jwt", jwt, "--seed", seed.substr(0, 50)},
           6,
           "--seed contains no NKey"},
          {"a JWT that is cut off", {"--jwt", jwt.substr(0, 90), "--seed", seed}, 6, "--jwt holds no JWT"},
          {"words of a context", {"--context", folder / "alice.json"}, 0, ""},
          {"words, another's seed", {"--context", folder / "words.json"}, 6, "refused the credentials"},
          {"another's seed", both("alice.jwt", "other.seed"), 6, "refused the credentials"},
          {"JWT without seed", {"--jwt", folder / "alice.jwt"}, 2, "needs --seed"},
          {"unknown account", {"--creds", folder / "stranger.creds"}, 6, "refused the credentials"},
          {"expired", {"--creds", folder / "expired.creds"}, 6, "the JWT expired at "},
          {"missing", {}, 6, "requires credentials"},
          {"truncated", {"--creds", folder / "cut.creds"}, 6, "holds no"},
          {"empty", {"--creds", folder / "empty"}, 6, "is empty"},
          {"wrong kind", {"--creds", folder / "nkey.seed"}, 6, "holds no JWT"},
          {"seed for JWT", both("alice.seed", "alice.seed"), 6, "holds no JWT"},
          {"JetStream is not for the account",
           {"--creds", folder / "bare.creds"},
           6,
           "JetStream is not enabled for this account"},
          {"no file", {"--creds", folder / "none"}, 2, "No such file"},
      });
  CHECK(server.natskv({"put", "b", "k", "v", "--creds", folder / "bare.creds"}).status == 6);
}

TEST_CASE("files that are missing, may not be read, are empty, cut off or of another kind") {
  const TempDir folder;
  if (const auto why = make_identities(folder); !why.empty()) SKIP(why);
  if (const auto why = make_certificates(folder); !why.empty()) SKIP(why);
  write_file(folder / "empty", "", 0600);
  for (const char* name : {"ca.pem", "client.pem", "client.key", "alice.jwt", "alice.seed"}) {
    const std::string text = read_file(folder / name);
    write_file(folder / (std::string(name) + ".cut"), text.substr(0, text.size() / 2), 0600);
  }
  const auto wrong = [&](const std::vector<std::string>& options, int status, const std::string& said) {
    auto words = options;
    words.insert(words.end(), {"keys", "b", "-s", "127.0.0.1:1"});
    CAPTURE(options.at(0));
    CAPTURE(said);
    const auto result = natskv::test::natskv(words);
    CAPTURE(result.err);
    CHECK(result.status == status);
    CHECK(result.err.find(said) != std::string::npos);
    CHECK(std::count(result.err.begin(), result.err.end(), '\n') <= 2);
    check_silence(result);
  };
  const auto at = [&](const std::string& name) { return folder / name; };
  const auto pair = [&](const char* cert, const char* key) {
    return std::vector<std::string>{"--tlscert", folder / cert, "--tlskey", folder / key};
  };
  const auto jwt = [&](const char* own, const char* seed) {
    return std::vector<std::string>{"--jwt", folder / own, "--seed", folder / seed};
  };
  for (const char* option : {"--creds", "--nkey", "--tlsca", "--password-file", "--token-file"})
    wrong({option, at("none")}, 2, std::string(option) + ": cannot read \"" + at("none") + "\": No such");
  wrong(jwt("none", "alice.seed"), 2, "--jwt: cannot read \"" + at("none") + "\": No such file");
  wrong(jwt("alice.jwt", "none"), 2, "--seed: cannot read \"" + at("none") + "\": No such file");
  wrong(pair("none", "client.key"), 2, "--tlscert: cannot read \"" + at("none") + "\": No such file");
  wrong(pair("client.pem", "none"), 2, "--tlskey: cannot read \"" + at("none") + "\": No such file");
  for (const char* name : {"empty", "ca.pem.cut", "client.key"})
    wrong({"--tlsca", at(name)}, 6, "--tlsca: \"" + at(name) + "\" contains no certificate");
  for (const char* name : {"empty", "client.pem.cut", "client.key"})
    wrong(pair(name, "client.key"), 6, "--tlscert \"" + at(name) + "\" and --tlskey");
  for (const char* name : {"empty", "client.key.cut", "client.pem", "server.key"})
    wrong(pair("client.pem", name), 6, "--tlskey \"" + at(name) + "\" cannot be used");
  wrong(jwt("empty", "alice.seed"), 6, "the JWT file \"" + at("empty") + "\" is empty");
  wrong(jwt("alice.seed", "alice.seed"), 6, "the JWT file \"" + at("alice.seed") + "\" holds no JWT");
  wrong(jwt("alice.jwt.cut", "alice.seed"), 6, "holds no JWT");
  wrong(jwt("alice.jwt", "empty"), 6, "the seed file \"" + at("empty") + "\" is empty");
  wrong(jwt("alice.jwt", "alice.seed.cut"), 6, "contains no NKey seed");
  wrong(jwt("alice.jwt", "alice.jwt"), 6, "contains no NKey seed");
  for (const char* option : {"--password-file", "--token-file"})
    wrong({option, at("empty"), option[2] == 'p' ? "--user=u" : "--quiet"}, 6,
          std::string(option) + ": the first line of \"" + at("empty") + "\" is empty");
}

TEST_CASE("a file that may not be read is named, with 2") {
  const TempDir folder;
  write_file(folder / "locked", "x", 0);
  // Root without its rights over files.
  std::vector<std::string> as;
  if (geteuid() == 0) {
    if (program("setpriv").empty()) SKIP("root reads every file, and there is no setpriv");
    as = {"setpriv", "--bounding-set=-all"};
  }
  for (const char* option :
       {"--creds", "--nkey", "--jwt", "--seed", "--password-file", "--token-file", "--tlsca", "--tlscert"}) {
    CAPTURE(option);
    auto command = natskv_command({"keys", "b", "-s", "127.0.0.1:1", option, folder / "locked"});
    const std::vector<std::string> more =
        option == std::string("--jwt")             ? std::vector<std::string>{"--seed", "/dev/null"}
        : option == std::string("--seed")          ? std::vector<std::string>{"--jwt", "/dev/null"}
        : option == std::string("--tlscert")       ? std::vector<std::string>{"--tlskey", "/dev/null"}
        : option == std::string("--password-file") ? std::vector<std::string>{"--user", "u"}
                                                   : std::vector<std::string>{};
    command.args.insert(command.args.end(), more.begin(), more.end());
    command.args.insert(command.args.begin(), as.begin(), as.end());
    const auto result = run(command);
    CHECK(result.status == 2);
    CHECK(result.err.find(std::string(option) + ": cannot read \"" + folder / "locked" +
                          "\": Permission denied") != std::string::npos);
  }
}

TEST_CASE("permissions: a denied key, a denied API and another inbox are 6 at once") {
  const Server server({.config = R"(
    accounts: { A: { jetstream: enabled, users: [
      { user: all, password: x },
      { user: some, password: x, permissions: { publish: { deny: ["$KV.b.secret.>", "$JS.API.STREAM.CREATE.>"] } } },
      { user: me, password: x, permissions: { subscribe: ["_INBOX_me.>"] } } ] } })"});
  CHECK(server.natskv({"add", "b", "-q", "--user", "all", "--password", "x"}).status == 0);
  const auto as = [&](const char* user, std::vector<std::string> words) {
    // Longer than the harness waits: what is waited for would be killed.
    words.insert(words.end(), {"--user", user, "--password", "x", "--timeout", "60s"});
    return server.natskv(words);
  };
  auto result = as("some", {"put", "b", "secret.x", "v"});
  CHECK(result.status == 6);
  CHECK(result.err.find("$KV.b.secret.x") != std::string::npos);
  CHECK(as("some", {"put", "b", "open", "v"}).status == 0);
  CHECK(as("some", {"add", "c"}).status == 6);
  for (const std::vector<std::string>& words : {std::vector<std::string>{"get", "b", "open"},
                                                {"put", "b", "k", "v"},
                                                {"keys", "b"},
                                                {"history", "b", "open"},
                                                {"get", "b", "open", "k"},
                                                {"del", "b", "k", "open"},
                                                {"info", "b"}}) {
    CAPTURE(words[0]);
    CHECK(as("me", words).status == 6);
    auto prefixed = words;
    prefixed.insert(prefixed.end(), {"--inbox-prefix", "_INBOX_me"});
    const auto ok = as("me", prefixed);
    CAPTURE(ok.err);
    CHECK((ok.status == 0 || ok.status == 3));
  }
}
