// TLS: what is trusted, what is not, and what is said.
#include "support/identities.hpp"
#include "support/server.hpp"
#include "support/tcp.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>
#include <nats/nats.h>

#include <string>
#include <utility>
#include <vector>

using namespace natskv::test;

namespace {

std::string tls_config(const TempDir& folder, const std::string& name, const std::string& more = {}) {
  return "tls { cert_file: \"" + folder / (name + ".pem") + "\", key_file: \"" + folder / (name + ".key") +
         "\" " + more + " }";
}

std::string tls_url(const Server& server) { return "tls://127.0.0.1:" + std::to_string(server.port()); }

}  // namespace

TEST_CASE("a trusted server, by option, variable and context; an untrusted one each with its sentence") {
  const TempDir folder;
  if (const auto why = make_certificates(folder); !why.empty()) SKIP(why);
  const Server server({.config = tls_config(folder, "server")});
  CHECK(server.natskv({"add", "b", "-q", "--tlsca", folder / "ca.pem"}).status == 0);
  CHECK(server.natskv({"keys", "b", "-s", tls_url(server), "--tlsca", folder / "ca.pem"}).status == 0);
  CHECK(server.natskv({"keys", "b"}, {.env = {{"NATS_CA", folder / "ca.pem"}}}).status == 0);
  write_file(folder / "c.json", R"({"ca":")" + folder / "ca.pem" + "\"}", 0600);
  CHECK(server.natskv({"keys", "b", "--context", folder / "c.json"}).status == 0);
  auto result = server.natskv({"keys", "b"});
  CHECK(result.status == 6);
  CHECK(result.err.find("CA that is not trusted") != std::string::npos);
  CHECK(result.err.find("--tlsca") != std::string::npos);
  CHECK(server.natskv({"keys", "b", "--tlsca", folder / "strange-ca.pem"}).status == 6);
  write_file(folder / "none.pem", "no certificate", 0600);
  result = server.natskv({"keys", "b", "--tlsca", folder / "none.pem"});
  CHECK(result.status == 6);
  CHECK(result.err.find("contains no certificate") != std::string::npos);
  const auto examined = server.natskv({"doctor", "-o", "tsv", "--tlsca", folder / "none.pem"});
  CHECK(examined.status == 6);
  CHECK(examined.out.find("tls\tfailed\t--tlsca: \"" + folder / "none.pem" + "\" contains no certificate") !=
        std::string::npos);
  CHECK(server.natskv({"keys", "b", "--tlsca", folder / "missing"}).status == 2);
}

TEST_CASE("a certificate that is expired, for another host, or self-signed") {
  const TempDir folder;
  if (const auto why = make_certificates(folder); !why.empty()) SKIP(why);
  const struct {
    const char *certificate, *said;
  } wrong[] = {{"expired", "has expired"}, {"other", "is for another host"}, {"self", "self-signed"}};
  for (const auto& [certificate, said] : wrong) {
    CAPTURE(certificate);
    const Server server({.config = tls_config(folder, certificate)});
    const auto result = server.natskv({"keys", "b", "-s", tls_url(server), "--tlsca", folder / "ca.pem"});
    CAPTURE(result.err);
    CHECK(result.status == 6);
    CHECK(result.err.find(said) != std::string::npos);
    // Without tls:// the server's wish for TLS is followed, and what it shows is looked at all the same.
    const auto system = server.natskv({"keys", "b"}, {.env = {{"SSL_CERT_FILE", folder / "ca.pem"}}});
    CHECK(system.status == 6);
    CHECK(system.err.find(said) != std::string::npos);
    const auto doctor =
        server.natskv({"doctor", "-s", tls_url(server), "--tlsca", folder / "ca.pem", "-o", "tsv"});
    CHECK(doctor.status == 6);
    CHECK(doctor.out.find("tls\tfailed\t") != std::string::npos);
    CHECK(doctor.out.find("\tthe server needs a certificate that is valid now") != std::string::npos);
  }
}

TEST_CASE("a client certificate: right, another authority's, missing, without its key") {
  const TempDir folder;
  if (const auto why = make_certificates(folder); !why.empty()) SKIP(why);
  const Server server(
      {.config = tls_config(folder, "server", ", ca_file: \"" + folder / "ca.pem" + "\", verify: true")});
  const auto with = [&](const char* name) {
    return server.natskv({"info", "b", "--tlsca", folder / "ca.pem", "--tlscert",
                          folder / (std::string(name) + ".pem"), "--tlskey",
                          folder / (std::string(name) + ".key")});
  };
  CHECK(with("client").status == 3);  // there is no such bucket: we are in
  auto result = with("foreign");
  CAPTURE(result.err);
  CHECK(result.status == 6);
  CHECK(result.err.find("refused the client certificate") != std::string::npos);
  result = server.natskv({"info", "b", "--tlsca", folder / "ca.pem"});
  CHECK(result.status == 6);
  CHECK(result.err.find("requires a client certificate") != std::string::npos);
  result = server.natskv({"info", "b", "--tlsca", folder / "ca.pem", "--tlscert", folder / "client.pem"});
  CHECK(result.status == 2);
  result = server.natskv({"info", "b", "--tlsca", folder / "ca.pem", "--tlscert", folder / "client.pem",
                          "--tlskey", folder / "server.key"});
  CHECK(result.status == 6);
  CHECK(server
            .natskv({"info", "b"}, {.env = {{"NATS_CA", folder / "ca.pem"},
                                            {"NATS_CERT", folder / "client.pem"},
                                            {"NATS_KEY", folder / "client.key"}}})
            .status == 3);
  write_file(folder / "c.json",
             R"({"ca":")" + folder / "ca.pem" + R"(","cert":")" + folder / "client.pem" + R"(","key":")" +
                 folder / "client.key" + "\"}",
             0600);
  CHECK(server.natskv({"info", "b", "--context", folder / "c.json"}).status == 3);
}

TEST_CASE("an encrypted key is refused, nobody is asked for its passphrase, and stdin stays the command's") {
  const TempDir folder;
  if (const auto why = make_certificates(folder); !why.empty()) SKIP(why);
  const auto encrypt = [&](const std::string& how, const std::string& name) {
    return run({.args = {"sh", "-c", "openssl " + how + " -passout pass:word -in client.key -out " + name},
                .cwd = folder.path().string()})
        .status;
  };
  REQUIRE(encrypt("pkcs8 -topk8", "pkcs8.key") == 0);
  REQUIRE(encrypt("ec -aes256", "ec.key") == 0);
  const Server server(
      {.config = tls_config(folder, "server", ", ca_file: \"" + folder / "ca.pem" + "\", verify: true")});
  for (const char* name : {"pkcs8.key", "ec.key"}) {
    CAPTURE(name);
    const std::vector<std::string> words{
        "import",          "b",         "--timeout",           "20s",      "--tlsca",
        folder / "ca.pem", "--tlscert", folder / "client.pem", "--tlskey", folder / name};
    const std::string said = "natskv: import: the key \"" + folder / name +
                             "\" is encrypted, and natskv does not ask for passphrases\nhint: openssl pkey ";
    auto piped = server.command(words);
    piped.open_stdin = true;  // the passphrase would be read from it
    Process process(piped);
    const auto result = process.wait();
    CHECK_FALSE(result.timed_out);
    CHECK(result.status == 6);
    CHECK(result.err.starts_with(said));
    auto looking = words;
    looking[0] = "info";
    Terminal terminal(server.command(looking));
    const auto shown = terminal.wait();
    CHECK_FALSE(shown.timed_out);
    CHECK(shown.status == 6);
    CHECK(terminal.screen().find("pass phrase") == std::string::npos);
  }
}

TEST_CASE("TLS handshake first: where nats.c has it; else a usage error before any socket") {
  const TempDir folder;
  if (const auto why = make_certificates(folder); !why.empty()) SKIP(why);
  write_file(folder / "c.json", R"({"tls_first":true,"ca":")" + folder / "ca.pem" + "\"}", 0600);
  const std::vector<std::vector<std::string>> ways{{"--tlsfirst", "--tlsca", folder / "ca.pem"},
                                                   {"--context", folder / "c.json"}};
#if NATS_VERSION_NUMBER < 0x030900
  const std::string since = " needs nats.c 3.9.0 or newer, this natskv was built with " NATS_VERSION_STRING;
  FakeServer fake(FakeServer::handshake());
  for (const auto& [way, said] :
       {std::pair(ways[0], "--tlsfirst" + since), {ways[1], "context \"c\": tls_first" + since}}) {
    for (const char* command : {"ls", "doctor"}) {
      std::vector<std::string> words{command, "-o", "tsv", "-s", fake.url()};
      words.insert(words.end(), way.begin(), way.end());
      const auto result = natskv::test::natskv(words);
      CHECK(result.status == 2);
      CHECK((result.out + result.err).find(said) != std::string::npos);
    }
  }
  CHECK(fake.connections() == 0);
#endif
  if (!server_at_least(2, 11)) SKIP("a server that wants it: this one does not know handshake_first");
  const Server server({.config = tls_config(folder, "server", ", handshake_first: true, timeout: 3")});
  const auto without = server.natskv({"ls", "--tlsca", folder / "ca.pem", "--timeout", "20s"});
  CHECK(without.status == 5);
  CHECK(without.err.find("hint: if the server expects the TLS handshake first, use --tlsfirst") !=
        std::string::npos);
#if NATS_VERSION_NUMBER >= 0x030900
  for (auto words : ways) {
    words.emplace_back("ls");
    CHECK(server.natskv(words).status == 0);
    words.back() = "doctor";
    CHECK(server.natskv(words).status == 0);
  }
#endif
}

TEST_CASE("a plain server where TLS was asked for is refused before anything is said") {
  const TempDir folder;
  if (const auto why = make_certificates(folder); !why.empty()) SKIP(why);
  const Server server;
  for (const std::vector<std::string>& more :
       {std::vector<std::string>{"-s", tls_url(server)}, {"--tlsca", folder / "ca.pem"}}) {
    auto words = more;
    words.insert(words.end(), {"keys", "b"});
    const auto result = server.natskv(words);
    CHECK(result.status == 6);
    CHECK(result.err.find("does not offer TLS") != std::string::npos);
  }
}
