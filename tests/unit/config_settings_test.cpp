#include "config/settings.hpp"
#include "support/failing.hpp"
#include "support/folder.hpp"
#include "support/stdin.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>

using namespace natskv;
using namespace natskv::config;
using test::failure;
using Lines = std::vector<std::string>;

namespace {

struct World {
  test::Folder folder;
  std::map<std::string, std::string> variables{{"HOME", folder.path()}};
  Given given;

  Environment environment() {
    return [this](const char* name) -> std::optional<std::string> {
      const auto found = variables.find(name);
      return found == variables.end() || found->second.empty() ? std::nullopt : std::optional(found->second);
    };
  }
  Settings settings(const std::optional<std::string>& other = {}) {
    return resolve(given, environment(), other);
  }
  std::string refusal() {
    return failure([&] { return settings(); });
  }
  void context(const std::string& name, const std::string& json, mode_t mode = 0600) {
    folder.write(".config/nats/context/" + name + ".json", json, mode);
  }
  void select(const std::string& name) { folder.write(".config/nats/context.txt", name); }
  std::string origin(const std::string& name) {
    for (const Origin& origin : settings().origins) {
      if (origin.name == name) return origin.value + " from " + origin.from;
    }
    return "none";
  }
};

std::string wrong_server(const std::string& list) {
  return failure([&] { return servers(list, "--server"); });
}

}  // namespace

TEST_CASE("without options, variables and contexts there are defaults") {
  World world;
  const Settings settings = world.settings();
  CHECK(settings.servers == Lines{"nats://127.0.0.1:4222"});
  CHECK(settings.user.empty());
  CHECK(settings.token.empty());
  CHECK(settings.js_api_prefix == "$JS.API");
  CHECK(settings.inbox_prefix.empty());
  CHECK(settings.connection_name == "natskv " NATSKV_VERSION);
  CHECK(settings.timeout == seconds(5));
  CHECK_FALSE(settings.timeout_given);
  CHECK_FALSE(settings.tls_required);
  CHECK(settings.warnings.empty());
  CHECK(settings.context.empty());
  CHECK(world.origin("server") == "nats://127.0.0.1:4222 from default");
}

TEST_CASE("URLs are completed") {
  CHECK(servers("localhost", "-") == Lines{"nats://localhost:4222"});
  CHECK(servers("h:4333", "-") == Lines{"nats://h:4333"});
  CHECK(servers("TLS://h/", "-") == Lines{"tls://h:4222"});
  CHECK(servers(" nats://a:1 , b:2,tls://c:3 ", "-") == Lines{"nats://a:1", "nats://b:2", "tls://c:3"});
  CHECK(servers("[::1]:4333,[::1],::1,nats://[fe80::1%eth0]:1", "-") ==
        Lines{"nats://[::1]:4333", "nats://[::1]:4222", "nats://[::1]:4222", "nats://[fe80::1%eth0]:1"});
  CHECK(servers("nats://u:p@ss/w@h:1", "-") == Lines{"nats://u:p@ss/w@h:1"});
  CHECK(servers("token@h,@h", "-") == Lines{"nats://token@h:4222", "nats://h:4222"});
}

TEST_CASE("wrong URLs are refused, without their user part") {
  CHECK(wrong_server("") == "2: --server: the URL is empty");
  CHECK(wrong_server("  ") == "2: --server: the URL is empty");
  CHECK(wrong_server("a,,b") == "2: --server: the list has an empty URL");
  CHECK(wrong_server("a,") == "2: --server: the list has an empty URL");
  CHECK(wrong_server(",a") == "2: --server: the list has an empty URL");
  CHECK(wrong_server("wss://u:secret@h") ==
        "2: --server: WebSocket (wss://) is not supported\nhint: use the server's nats:// or tls:// port");
  CHECK(wrong_server("ws://h").starts_with("2: --server: WebSocket (ws://)"));
  CHECK(wrong_server("http://u:secret@h") == "2: --server: \"http\" is not a server's scheme (nats, tls)");
  CHECK(wrong_server("://h") == "2: --server: \"\" is not a server's scheme (nats, tls)");
  CHECK(wrong_server("nats://") == "2: --server: \"\" names no host");
  CHECK(wrong_server("nats://u:secret@:4222") == "2: --server: \":4222\" names no host");
  CHECK(wrong_server("u:secret@h:0") == "2: --server: \"h:0\" has no port from 1 to 65535");
  CHECK(wrong_server("h:") == "2: --server: \"h:\" has no port from 1 to 65535");
  CHECK(wrong_server("h:65536") == "2: --server: \"h:65536\" has no port from 1 to 65535");
  CHECK(wrong_server("h:+1") == "2: --server: \"h:…\" has no port from 1 to 65535");
  CHECK(wrong_server("h:4222/path") == "2: --server: \"h:…\" has no port from 1 to 65535");
  CHECK(wrong_server("nats://u:secret") == "2: --server: \"u:…\" has no port from 1 to 65535");
  CHECK(wrong_server("nats://u:sec,ret@h") == "2: --server: \"u:…\" has no port from 1 to 65535");
  CHECK(wrong_server("h/path") == "2: --server: \"h/path\" is not HOST or HOST:PORT");
  CHECK(wrong_server("a b") == "2: --server: \"a b\" is not HOST or HOST:PORT");
  CHECK(wrong_server("[::1") == "2: --server: \"[::1\" has no ] after its address");
  CHECK(wrong_server("[::1]x") == "2: --server: \"[::1]x\" is not HOST:PORT");
}

TEST_CASE("URLs are shown without user part") {
  CHECK(shown({"nats://u:p@ss@h:1", "tls://[::1]:2"}) == "nats://h:1,tls://[::1]:2");
  CHECK(shown({}).empty());
}

TEST_CASE("an option beats a variable, a variable the context") {
  World world;
  world.context("c", R"({"url":"nats://context","inbox_prefix":"_C"})");
  world.select("c");
  CHECK(world.settings().servers == Lines{"nats://context:4222"});
  CHECK(world.origin("server") ==
        "nats://context:4222 from context \"c\" (" + world.folder.path() + "/.config/nats/context/c.json)");
  world.variables["NATS_URL"] = "variable";
  CHECK(world.settings().servers == Lines{"nats://variable:4222"});
  CHECK(world.origin("server") == "nats://variable:4222 from NATS_URL");
  world.given.server = "option";
  CHECK(world.settings().servers == Lines{"nats://option:4222"});
  CHECK(world.origin("server") == "nats://option:4222 from --server");
  CHECK(world.settings().inbox_prefix == "_C");
  world.given.inbox_prefix = "_O.";
  CHECK(world.settings().inbox_prefix == "_O");
}

TEST_CASE("an empty variable is unset, an empty or blank word is refused") {
  World world;
  world.variables["NATS_URL"] = "";
  CHECK(world.settings().servers == Lines{"nats://127.0.0.1:4222"});
  world.variables["NATS_URL"] = " ";
  CHECK(world.refusal() == "2: NATS_URL: the URL is empty");
  world.given.server = "";
  CHECK(world.refusal() == "2: --server: the word is empty (an unset variable?)");
  world.given.server.reset();
  world.given.token = "";
  CHECK(world.refusal() == "2: --token: the word is empty (an unset variable?)");
}

TEST_CASE("a context comes from the option, the variable or the selection, in this order") {
  World world;
  for (const char* name : {"a", "b", "c"})
    world.context(name, std::string(R"({"url":"nats://)") + name + "\"}");
  world.select("c");
  CHECK(world.settings().context == "c");
  CHECK(world.origin("context") == "c from selected");
  world.variables["NATS_CONTEXT"] = "b";
  CHECK(world.settings().context == "b");
  CHECK(world.settings().servers == Lines{"nats://b:4222"});
  world.given.context = "a";
  CHECK(world.settings().context == "a");
  world.given.context.reset();
  world.given.no_context = true;
  CHECK(world.settings().context.empty());
  CHECK(world.settings().servers == Lines{"nats://127.0.0.1:4222"});
}

TEST_CASE("an unknown context is 3, one with unsupported fields 2") {
  World world;
  world.given.context = "none";
  CHECK(world.refusal() == "3: context \"none\" not found\nhint: natskv context ls lists them");
  world.context("prod", "{}");
  world.given.context = "prodd";
  CHECK(world.refusal() == "3: context \"prodd\" not found\nhint: did you mean \"prod\"?");
  world.context("x", R"({"nsc":"nsc://o/a/u","socks_proxy":"socks5://p"})");
  world.given.context = "x";
  CHECK(world.refusal() ==
        "2: context \"x\": not supported by natskv: nsc, socks_proxy\nhint: --no-context does without it");
  world.context("x", R"({"url":"http://u:secret@h"})");
  CHECK(world.refusal() == "2: context \"x\": url: \"http\" is not a server's scheme (nats, tls)");
}

TEST_CASE("a user has a password, without one it is a token") {
  World world;
  world.given.user = "u";
  CHECK(world.settings().token == Secret("u"));
  CHECK(world.settings().user.empty());
  CHECK(world.origin("token") == "(set) from --user");
  world.variables["NATS_PASSWORD"] = "p";
  CHECK(world.settings().user == "u");
  CHECK(world.settings().password == Secret("p"));
  CHECK(world.settings().token.empty());
  CHECK(world.origin("password") == "(set) from NATS_PASSWORD");
  world.given.password = "q";
  CHECK(world.settings().password == Secret("q"));
}

TEST_CASE("a context's password never completes another's user") {
  World world;
  world.context("c", R"({"user":"alice","password":"secret"})");
  world.given.context = "c";
  CHECK(world.settings().user == "alice");
  CHECK(world.settings().password == Secret("secret"));
  world.given.user = "bob";
  CHECK(world.settings().token == Secret("bob"));
  CHECK(world.settings().password.empty());
  world.given.user.reset();
  world.given.password = "mine";
  CHECK(world.settings().user == "alice");
  CHECK(world.settings().password == Secret("mine"));
  world.context("c", R"({"user":"alice"})");
  world.given.password.reset();
  CHECK(world.settings().user == "alice");
  CHECK(world.settings().token.empty());
}

TEST_CASE("credentials of one place replace those of the places below") {
  World world;
  const std::string creds = world.folder.write("u.creds", "x");
  world.context("c", R"({"user":"alice","password":"secret"})");
  world.select("c");
  world.variables["NATS_TOKEN"] = "t";
  CHECK(world.settings().token == Secret("t"));
  CHECK(world.settings().user.empty());
  world.given.creds = creds;
  const Settings settings = world.settings();
  CHECK(settings.creds_file == creds);
  CHECK(settings.token.empty());
  CHECK(settings.user.empty());
  CHECK(settings.password.empty());
}

TEST_CASE("a context that the command line names beats the environment") {
  World world;
  world.context("dr", R"({"url":"nats://dr","user":"alice","password":"secret"})");
  world.given.context = "dr";
  world.variables["NATS_URL"] = "nats://prod";
  CHECK(world.settings().servers == Lines{"nats://dr:4222"});
  CHECK(world.settings().warnings.empty());
  world.variables["NATS_TOKEN"] = "t";
  world.variables["NATS_PASSWORD_FILE"] = "/no/such/file";
  world.variables["NATS_CERT"] = "/no/such/cert";
  const Settings settings = world.settings();
  CHECK(settings.user == "alice");
  CHECK(settings.password == Secret("secret"));
  CHECK(settings.token.empty());
  CHECK(settings.tls_cert.empty());
  CHECK(settings.warnings == Lines{"NATS_PASSWORD_FILE, NATS_TOKEN, NATS_CERT are not used with --context"});
  world.given.token = "option";
  CHECK(world.settings().token == Secret("option"));
  CHECK(world.settings().user.empty());

  World plain;
  plain.context("login", R"({"user":"alice","password":"secret"})");
  plain.given.context = "login";
  plain.variables["NATS_URL"] = "nats://bob:b@prod";
  CHECK(plain.settings().servers == Lines{"nats://prod:4222"});
  CHECK(plain.settings().user == "alice");
  CHECK(plain.settings().warnings == Lines{"the user part of NATS_URL is not used with --context"});
  // A context that a variable names, or that is selected, is weaker than the others.
  plain.given.context.reset();
  plain.variables["NATS_CONTEXT"] = "login";
  CHECK(plain.settings().servers == Lines{"nats://bob:b@prod:4222"});
}

TEST_CASE("a variable may name a secret's file") {
  World world;
  const std::string file = world.folder.write("secret", "s3cret\nrest");
  world.variables["NATS_TOKEN_FILE"] = file;
  CHECK(world.settings().token == Secret("s3cret"));
  CHECK(world.origin("token") == "(set) from NATS_TOKEN_FILE");
  world.variables["NATS_TOKEN"] = "t";
  CHECK(world.refusal() == "2: NATS_TOKEN_FILE and NATS_TOKEN exclude each other");
  world.variables.erase("NATS_TOKEN");
  world.variables.erase("NATS_TOKEN_FILE");
  world.variables["NATS_USER"] = "u";
  world.variables["NATS_PASSWORD_FILE"] = file;
  CHECK(world.settings().user == "u");
  CHECK(world.settings().password == Secret("s3cret"));
  world.variables.erase("NATS_USER");
  world.given.user = "option";
  CHECK(world.settings().password == Secret("s3cret"));
  world.variables["NATS_PASSWORD_FILE"] = "-";
  CHECK(world.refusal() == "2: NATS_PASSWORD_FILE: - (standard input) is only possible as an option");
  // What an option says whole needs no file.
  world.variables["NATS_PASSWORD_FILE"] = world.folder.at("none");
  CHECK(world.refusal().starts_with("2: NATS_PASSWORD_FILE: cannot read "));
  world.given.password = "p";
  CHECK(world.settings().password == Secret("p"));
}

TEST_CASE("all that a context says of its user is offered") {
  World world;
  world.context("c", R"({"user":"alice","password":"secret","token":"t"})");
  world.given.context = "c";
  CHECK(world.settings().user == "alice");
  CHECK(world.settings().password == Secret("secret"));
  CHECK(world.settings().token == Secret("t"));
}

TEST_CASE("a field of a context may stand for words that are elsewhere") {
  World world;
  world.given.context = "c";
  world.variables["WORD"] = "s3cret\n";
  world.folder.write("word", "from a file\n");
  world.context("c", R"({"user":"u","password":"env://WORD"})");
  CHECK(world.settings().password == Secret("s3cret"));
  world.context("c", R"({"token":"file://~/word"})");
  CHECK(world.settings().token == Secret("from a file"));
  world.context("c", R"({"token":"data:;base64,czNjcmV0"})");
  CHECK(world.settings().token == Secret("s3cret"));
  world.context("c", R"({"user_jwt":"data:text/plain;base64,ZXlKMA==","user_seed":"env://WORD"})");
  CHECK(world.settings().jwt == Secret("eyJ0"));
  CHECK(world.settings().seed == Secret("s3cret"));
  // The text of a file of credentials holds both.
  world.context("c", R"({"creds":"env://WORD"})");
  CHECK(world.settings().jwt == Secret("s3cret"));
  CHECK(world.settings().seed == Secret("s3cret"));
  CHECK(world.settings().creds_file.empty());
  world.context("c", R"({"nkey":"env://WORD"})");
  CHECK(world.settings().seed == Secret("s3cret"));
  CHECK(world.settings().jwt.empty());
  world.context("c", R"({"token":"env://NONE"})");
  CHECK(world.refusal() == "2: context \"c\": token: the variable \"NONE\" is not set");
  for (const char* wrong : {"data:s3cret", "data:,s3cret", "data:;base64,s3cret!"}) {
    world.context("c", std::string(R"({"token":")") + wrong + "\"}");
    CHECK(world.refusal() == "2: context \"c\": token is not data:;base64,… with base64 after it");
  }
}

TEST_CASE("two ways to authenticate on one command line exclude each other") {
  World world;
  world.given.user = "u";
  world.given.token = "t";
  CHECK(world.refusal() == "2: --user and --token exclude each other");
  world.given.token.reset();
  world.given.server = "nats://secret@h";
  CHECK(world.refusal() == "2: the user part of --server and other credentials exclude each other");
}

TEST_CASE("half a pair is an error as an option, and nothing as a variable") {
  World world;
  world.given.password = "p";
  CHECK(world.refusal() == "2: --password needs a user (--user)");
  world.given.password.reset();
  world.variables["NATS_PASSWORD"] = "p";
  world.variables["NATS_TOKEN"] = "t";
  CHECK(world.settings().token == Secret("t"));
  CHECK(world.settings().password.empty());
  const std::string file = world.folder.write("f", "x");
  world.given.jwt = file;
  CHECK(world.refusal() == "2: --jwt needs --seed");
  world.given.jwt.reset();
  world.given.seed = file;
  CHECK(world.refusal() == "2: --seed needs --jwt");
  world.given.jwt = file;
  CHECK(world.settings().jwt_file == file);
  CHECK(world.settings().seed_file == file);
}

TEST_CASE("a context's JWT and seed are the words themselves") {
  World world;
  world.context("c", R"({"user_jwt":"eyJ0","user_seed":"SUA"})");
  world.given.context = "c";
  const Settings settings = world.settings();
  CHECK(settings.jwt == Secret("eyJ0"));
  CHECK(settings.seed == Secret("SUA"));
  CHECK(settings.jwt_file.empty());
  world.context("c", R"({"user_jwt":"eyJ0"})");
  CHECK(world.refusal() == "2: context \"c\": user_jwt needs user_seed");
}

TEST_CASE("a user part in a URL is a credential of its place") {
  World world;
  world.context("c", R"({"url":"nats://cu:cp@c","token":"t"})");
  world.select("c");
  world.variables["NATS_URL"] = "nats://secret@v";
  CHECK(world.settings().servers == Lines{"nats://secret@v:4222"});
  CHECK(world.settings().token.empty());
  CHECK(world.settings().warnings.empty());
  CHECK(world.origin("server") == "nats://v:4222 from NATS_URL");
  CHECK(world.origin("user") == "(set) from the URL of NATS_URL");
  world.given.user = "u";
  world.given.password = "p";
  CHECK(world.settings().servers == Lines{"nats://v:4222"});
  CHECK(world.settings().user == "u");
}

TEST_CASE("a selected context's credentials do not reach another server unnoticed") {
  World world;
  world.context("c", R"({"url":"nats://own:4222","token":"t"})");
  world.select("c");
  CHECK(world.settings().warnings.empty());
  world.given.server = "nats://other";
  CHECK(world.settings().token == Secret("t"));
  CHECK(
      world.settings().warnings ==
      Lines{"the credentials of the selected context \"c\" go to nats://other:4222 (--server); --context or "
            "--no-context decides"});
  world.given.server = "own";
  CHECK(world.settings().warnings.empty());
  world.given.server = "nats://other";
  world.given.context = "c";
  CHECK(world.settings().warnings.empty());
  world.given.context.reset();
  world.variables["NATS_CONTEXT"] = "c";
  CHECK(world.settings().warnings.empty());
  world.variables.erase("NATS_CONTEXT");
  world.given.token = "mine";
  CHECK(world.settings().warnings.empty());
  world.given.token.reset();
  world.given.server.reset();
  world.variables["NATS_URL"] = "nats://other";
  CHECK(world.settings().warnings.size() == 1);
  world.context("c", R"({"url":"nats://own:4222"})");
  CHECK(world.settings().warnings.empty());
}

TEST_CASE("a secret's file gives its first line") {
  World world;
  world.given.token_file = world.folder.write("token", "t0k en\r\nsecond\n");
  CHECK(world.settings().token == Secret("t0k en"));
  world.given.token_file.reset();
  world.given.user = "u";
  world.given.password_file = world.folder.write("password", "p");
  CHECK(world.settings().password == Secret("p"));
  CHECK(world.origin("password") == "(set) from --password-file");
  world.given.password_file = world.folder.write("password", "\np");
  CHECK(world.refusal() ==
        "6: --password-file: the first line of \"" + world.folder.at("password") + "\" is empty");
  world.given.password_file = world.folder.at("none");
  CHECK(world.refusal() ==
        "2: --password-file: cannot read \"" + world.folder.at("none") + "\": No such file or directory");
}

TEST_CASE("a secret from stdin leaves the rest of it") {
  World world;
  world.given.token_file = "-";
  const test::Stdin stdin_("t\nrest");
  CHECK(world.settings().token == Secret("t"));
  std::string rest(16, '\0');
  const ssize_t count = ::read(STDIN_FILENO, rest.data(), rest.size());
  CHECK(rest.substr(0, static_cast<std::size_t>(count)) == "rest");
}

TEST_CASE("files are there and readable, or it is a usage error that says which") {
  World world;
  const std::string none = world.folder.at("none");
  const auto refused = [&](std::optional<std::string> Given::*member, const std::string& option) {
    world.given = Given{};
    world.given.*member = none;
    CHECK(world.refusal() == "2: " + option + ": cannot read \"" + none + "\": No such file or directory");
    world.given.*member = world.folder.path();
    CHECK(world.refusal() ==
          "2: " + option + ": cannot read \"" + world.folder.path() + "\": Is a directory");
  };
  refused(&Given::creds, "--creds");
  refused(&Given::nkey, "--nkey");
  refused(&Given::tlsca, "--tlsca");
  world.given = Given{};
  world.variables["NATS_CREDS"] = none;
  CHECK(world.refusal() == "2: NATS_CREDS: cannot read \"" + none + "\": No such file or directory");
  world.variables.erase("NATS_CREDS");
  world.context("c", R"({"ca":"$NONE/ca.pem"})");
  world.select("c");
  CHECK(world.refusal() == "2: context \"c\": ca: cannot read \"$NONE/ca.pem\": No such file or directory");
}

TEST_CASE("a secret that everyone can read gives a warning") {
  World world;
  const std::string open = world.folder.write("open", "x", 0644);
  const auto warnings = [&](std::optional<std::string> Given::*member) {
    world.given = Given{};
    world.given.*member = open;
    return world.settings().warnings;
  };
  CHECK(warnings(&Given::creds) == Lines{"--creds: everyone can read \"" + open + "\""});
  CHECK(warnings(&Given::nkey) == Lines{"--nkey: everyone can read \"" + open + "\""});
  CHECK(warnings(&Given::token_file) == Lines{"--token-file: everyone can read \"" + open + "\""});
  CHECK(warnings(&Given::tlsca).empty());
  world.given = Given{};
  world.given.jwt = open;
  world.given.seed = open;
  CHECK(world.settings().warnings == Lines{"--seed: everyone can read \"" + open + "\""});
  world.given = Given{};
  world.given.tlscert = open;
  world.given.tlskey = open;
  CHECK(world.settings().warnings == Lines{"--tlskey: everyone can read \"" + open + "\""});
  world.given = Given{};
  world.context("c", R"({"token":"t"})", 0644);
  world.given.context = "c";
  CHECK(world.settings().warnings == Lines{"context \"c\" holds a secret and everyone can read \"" +
                                           world.folder.path() + "/.config/nats/context/c.json\""});
}

TEST_CASE("TLS is required by its options and by a tls URL") {
  World world;
  const std::string pem = world.folder.write("pem", "x");
  world.given.server = "nats://a,tls://b";
  CHECK(world.settings().tls_required);
  CHECK_FALSE(world.settings().tls_first);
  world.given.server = "nats://a";
  CHECK_FALSE(world.settings().tls_required);
  world.given.tlsca = pem;
  CHECK(world.settings().tls_required);
  CHECK(world.settings().tls_ca == pem);
  world.given.tlsca.reset();
  world.given.tlsfirst = true;
  CHECK(world.settings().tls_required);
  CHECK(world.settings().tls_first);
  world.given.tlsfirst = false;
  world.given.tlscert = pem;
  CHECK(world.refusal() == "2: --tlscert: a certificate needs its key (--tlskey)");
  world.given.tlskey = pem;
  CHECK(world.settings().tls_required);
  CHECK(world.settings().tls_cert == pem);
  CHECK(world.settings().tls_key == pem);
  world.given.tlscert.reset();
  CHECK(world.refusal() == "2: --tlskey: a key needs its certificate (--tlscert)");
  world.given = Given{};
  world.context("c", R"({"tls_first":true})");
  world.given.context = "c";
  CHECK(world.settings().tls_first);
}

TEST_CASE("a domain makes the API's prefix, and a prefix is taken as given") {
  World world;
  world.context("c", R"({"jetstream_domain":"hub"})");
  world.given.context = "c";
  CHECK(world.settings().js_api_prefix == "$JS.hub.API");
  world.given.js_api_prefix = "from.other.";
  CHECK(world.settings().js_api_prefix == "from.other");
  world.given.js_api_prefix = "from..other";
  CHECK(world.refusal() ==
        "2: --js-api-prefix: \"from..other\" is not a subject's prefix (tokens without * and >)");
  world.given.js_api_prefix = ".";
  CHECK(world.refusal().starts_with("2: --js-api-prefix: \".\" is not a subject's prefix"));
  world.given.js_api_prefix.reset();
  world.given.js_domain = "a.b";
  CHECK(world.refusal() == "2: --js-domain: \"a.b\" is not a domain (one token without . * >)");
  world.given.js_domain = "leaf";
  CHECK(world.settings().js_api_prefix == "$JS.leaf.API");
  world.given.js_domain.reset();
  world.context("c", R"({"jetstream_domain":"hub","jetstream_api_prefix":"x"})");
  CHECK(world.refusal() ==
        "2: context \"c\": jetstream_domain and context \"c\": jetstream_api_prefix exclude each other");
  world.context("c", R"({"inbox_prefix":"_IN.*"})");
  CHECK(world.refusal() ==
        "2: context \"c\": inbox_prefix: \"_IN.*\" is not a subject's prefix (tokens without * and >)");
}

TEST_CASE("the timeout is above 0") {
  World world;
  world.variables["NATS_TIMEOUT"] = "250ms";
  CHECK(world.settings().timeout == milliseconds(250));
  CHECK_FALSE(world.settings().timeout_given);
  world.given.timeout = seconds(1);
  CHECK(world.settings().timeout == seconds(1));
  CHECK(world.settings().timeout_given);
  world.given.timeout = Span{};
  CHECK(world.refusal() == "2: --timeout: the timeout must be above 0");
  // Somebody's "for ever": what counts milliseconds in an int must not see it end at once.
  world.given.timeout = seconds(100 * 365 * 86'400LL);
  CHECK(world.settings().timeout.ms() == 2'147'483'647);
  world.given.timeout.reset();
  world.variables["NATS_TIMEOUT"] = "0";
  CHECK(world.refusal() == "2: NATS_TIMEOUT: the timeout must be above 0");
  world.variables["NATS_TIMEOUT"] = "5";
  CHECK(world.refusal().starts_with("2: NATS_TIMEOUT: \"5\" is not a duration"));
}

TEST_CASE("another context takes nothing of the first one's options and variables") {
  World world;
  world.context("to", R"({"url":"nats://to","token":"t"})");
  world.variables["NATS_URL"] = "nats://variable";
  world.variables["NATS_TOKEN"] = "wrong";
  world.given.server = "nats://option";
  world.given.js_domain = "hub";
  world.given.tlsfirst = true;
  world.given.no_context = true;
  world.given.timeout = seconds(1);
  world.given.connection_name = "me";
  const Settings settings = world.settings("to");
  CHECK(settings.servers == Lines{"nats://to:4222"});
  CHECK(settings.token == Secret("t"));
  CHECK(settings.js_api_prefix == "$JS.API");
  CHECK_FALSE(settings.tls_first);
  CHECK(settings.timeout == seconds(1));
  CHECK(settings.connection_name == "me");
  CHECK(settings.warnings.empty());
}

TEST_CASE("no secret stands among the origins") {
  World world;
  world.context("c", R"({"url":"nats://hidden1@h","user":"u","password":"hidden2"})");
  world.given.context = "c";
  for (const Origin& origin : world.settings().origins) {
    CAPTURE(origin.name);
    CHECK((origin.name + origin.value + origin.from).find("hidden") == std::string::npos);
  }
}
