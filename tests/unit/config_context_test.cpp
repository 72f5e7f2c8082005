#include "config/context.hpp"
#include "support/failing.hpp"
#include "support/folder.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <map>
#include <string>

using namespace natskv;
using namespace natskv::config;
using test::failure;

namespace {

/// A home of its own, with the variables that a test adds.
struct Home {
  test::Folder folder;
  std::map<std::string, std::string> variables{{"HOME", folder.path()}};

  Environment environment() {
    return [this](const char* name) -> std::optional<std::string> {
      const auto found = variables.find(name);
      return found == variables.end() || found->second.empty() ? std::nullopt : std::optional(found->second);
    };
  }
  Contexts contexts() { return Contexts(environment()); }
  std::string write(const std::string& name, const std::string& json, mode_t mode = 0600) {
    return folder.write(".config/nats/context/" + name + ".json", json, mode);
  }
  std::string load(const std::string& name) {
    return failure([&] { return contexts().load(name); });
  }
};

}  // namespace

TEST_CASE("contexts live where the nats tool has them") {
  Home home;
  CHECK(home.contexts().folder() == home.folder.path() + "/.config/nats/context");
  home.variables["XDG_CONFIG_HOME"] = "/elsewhere";
  CHECK(home.contexts().folder() == "/elsewhere/nats/context");
  home.variables.clear();
  CHECK(home.contexts().folder().empty());
  CHECK(home.contexts().names().empty());
  CHECK(home.contexts().selected().empty());
  CHECK(home.load("x") == "2: context: neither XDG_CONFIG_HOME nor HOME is set");
}

TEST_CASE("names are sorted, and only those of context files") {
  Home home;
  CHECK(home.contexts().names().empty());
  home.write("b", "{}");
  home.write("a", "{}");
  home.folder.write(".config/nats/context/notes.txt", "x");
  home.folder.write(".config/nats/context/folder.json/x", "x");
  CHECK(home.contexts().names() == std::vector<std::string>{"a", "b"});
}

TEST_CASE("a context as the nats tool writes it is read") {
  Home home;
  home.variables["CERTS"] = "/certs";
  home.write("full", R"({
  "description": "production", "url": "nats://a,nats://b", "socks_proxy": "", "token": "t0k", "user": "u",
  "password": "p4ss", "creds": "~/u.creds", "nkey": "$CERTS/seed.nk", "cert": "${CERTS}/c.pem", "key": "/k.pem",
  "ca": "", "nsc": "", "jetstream_domain": "hub", "jetstream_api_prefix": "", "jetstream_event_prefix": "ev",
  "inbox_prefix": "_IN.me", "user_jwt": "eyJ0", "user_seed": "SUA", "color_scheme": "red", "tls_first": true,
  "windows_cert_store": "", "windows_cert_match_by": "subject", "windows_cert_match": "", "windows_ca_certs_match": null
})");
  const Context context = home.contexts().load("full");
  CHECK(context.name == "full");
  CHECK(context.path == home.folder.path() + "/.config/nats/context/full.json");
  CHECK(context.description == "production");
  CHECK(context.url == "nats://a,nats://b");
  CHECK(context.user == "u");
  CHECK(context.password == Secret("p4ss"));
  CHECK(context.token == Secret("t0k"));
  CHECK(context.creds == home.folder.path() + "/u.creds");
  CHECK(context.nkey == "/certs/seed.nk");
  CHECK(context.cert == "/certs/c.pem");
  CHECK(context.key == "/k.pem");
  CHECK(context.ca.empty());
  CHECK(context.jetstream_domain == "hub");
  CHECK(context.inbox_prefix == "_IN.me");
  CHECK(context.user_jwt == Secret("eyJ0"));
  CHECK(context.user_seed == Secret("SUA"));
  CHECK(context.tls_first);
  CHECK(context.unsupported.empty());
  CHECK_FALSE(context.exposed);
}

TEST_CASE("an unset variable in a path stays as written, so that a message names it") {
  Home home;
  home.write("x",
             R"({"creds":"$NONE/a","nkey":"a$","cert":"${open","key":"/~/k","ca":"~other/c","url":"$NONE"})");
  const Context context = home.contexts().load("x");
  CHECK(context.creds == "$NONE/a");
  CHECK(context.nkey == "a$");
  CHECK(context.cert == "${open");
  CHECK(context.key == "/~/k");
  CHECK(context.ca == "~other/c");
  CHECK(context.url == "$NONE");
}

TEST_CASE("what natskv cannot use is listed, references to other programs too") {
  Home home;
  home.write("x", R"({"nsc":"nsc://o/a/u","socks_proxy":"socks5://p","windows_cert_store":"user",
    "windows_ca_certs_match":["x"],"password":"op://vault/item","creds":"nsc://o/a/u","user_jwt":"data:;base64,QQ=="})");
  CHECK(home.contexts().load("x").unsupported ==
        std::vector<std::string>{"password (op://)", "creds (nsc://)", "nsc", "socks_proxy",
                                 "windows_cert_store", "windows_ca_certs_match"});
  home.write("y", R"({"creds":"file:///u.creds"})");
  CHECK(home.contexts().load("y").creds == "/u.creds");
  CHECK(home.contexts().load("y").unsupported.empty());
}

TEST_CASE("a context may be named by its file") {
  Home home;
  const std::string file = home.folder.write("other/mine.json", R"({"url":"nats://m"})");
  CHECK(home.contexts().load(file).url == "nats://m");
  CHECK(home.contexts().load(file).name == "mine");
  CHECK(home.contexts().load("~/other/mine.json").url == "nats://m");
  CHECK(home.load(file + "x") == "2: context: cannot read \"" + file + "x\": No such file or directory");
}

TEST_CASE("an unknown context is not found, a wrong one is a usage error that quotes none of it") {
  Home home;
  CHECK(home.load("none") == "3: context \"none\" not found\nhint: natskv context ls lists them");
  const auto where = [&](const std::string& name) {
    return "2: context \"" + name + "\": \"" + home.folder.path() + "/.config/nats/context/" + name +
           ".json\"";
  };
  home.write("broken", R"({"password":"hunter2)");
  CHECK(home.load("broken") == where("broken") + " is not JSON (byte 21)");
  home.write("empty", "");
  CHECK(home.load("empty") == where("empty") + " is not JSON (byte 1)");
  home.write("list", "[]");
  CHECK(home.load("list") == where("list") + " is not a JSON object");
  home.write("huge", R"({"password":1e999})");
  CHECK(home.load("huge") == where("huge") + " has a number that is too large");
  home.write("number", R"({"password":5})");
  CHECK(home.load("number") == where("number") + ": \"password\" is not a string");
  home.write("first", R"({"tls_first":"yes"})");
  CHECK(home.load("first") == where("first") + ": \"tls_first\" is not true or false");
  home.folder.write(".config/nats/context/folder.json/x", "x");
  CHECK(home.load("folder") == "2: context: cannot read \"" + home.folder.path() +
                                   "/.config/nats/context/folder.json\": Is a directory");
}

TEST_CASE("names that leave the folder are refused") {
  Home home;
  for (const char* name : {"", ".", "..", "a..b", "a\nb", "a\\b", "../x", "x.json"}) {
    CAPTURE(name);
    Context context;
    context.name = name;
    CHECK(failure([&] {
            home.contexts().save(context);
            return 0;
          }).starts_with("2: context: "));
    CHECK(failure([&] {
            home.contexts().select(name);
            return 0;
          }).starts_with("2: context: "));
    CHECK(failure([&] {
            home.contexts().remove(name);
            return 0;
          }).starts_with("2: context: "));
  }
}

TEST_CASE("a saved context is private, and read again the same") {
  Home home;
  Context context;
  context.name = "new";
  context.url = "nats://n";
  context.user = "u";
  context.password = Secret("p");
  context.creds = "/c";
  context.tls_first = true;
  home.contexts().save(context);
  CHECK(home.folder.mode(".config/nats/context/new.json") == 0600);
  CHECK(home.folder.mode(".config/nats/context") == 0700);
  CHECK(home.folder.mode(".config") == 0700);
  const Context again = home.contexts().load("new");
  CHECK(again.url == "nats://n");
  CHECK(again.user == "u");
  CHECK(again.password == Secret("p"));
  CHECK(again.creds == "/c");
  CHECK(again.tls_first);
  CHECK(home.contexts().names() == std::vector<std::string>{"new"});
}

TEST_CASE("saving keeps unknown fields and paths as they were written") {
  Home home;
  home.write(
      "x",
      R"({"color_scheme":"red","creds":"~/u.creds","nkey":"file:///n","future":{"a":[1]},"url":"nats://old"})",
      0644);
  Context context = home.contexts().load("x");
  context.url = "nats://new";
  home.contexts().save(context);
  const std::string written = home.folder.read(".config/nats/context/x.json");
  CHECK(written.find(R"("color_scheme": "red")") != std::string::npos);
  CHECK(written.find(R"("creds": "~/u.creds")") != std::string::npos);
  CHECK(written.find(R"("nkey": "file:///n")") != std::string::npos);
  CHECK(written.find(R"("url": "nats://new")") != std::string::npos);
  CHECK(written.find(R"("future": {)") != std::string::npos);
  CHECK(home.folder.mode(".config/nats/context/x.json") == 0600);
}

TEST_CASE("a link is replaced, not written through") {
  Home home;
  const std::string target = home.folder.write("target", "{}");
  home.write("other", "{}");
  std::filesystem::create_symlink(target, home.contexts().folder() + "/link.json");
  Context context;
  context.name = "link";
  context.url = "nats://l";
  home.contexts().save(context);
  CHECK(home.folder.read("target") == "{}");
  CHECK_FALSE(std::filesystem::is_symlink(home.contexts().folder() + "/link.json"));
  CHECK(home.contexts().load("link").url == "nats://l");
}

TEST_CASE("what is not UTF-8 is not saved") {
  Home home;
  Context context;
  context.name = "x";
  context.user = "\xFF";
  CHECK(failure([&] {
          home.contexts().save(context);
          return 0;
        }) == "2: context \"x\": a field is not UTF-8");
  CHECK(home.contexts().names().empty());
}

TEST_CASE("a folder that cannot be made is a failure that names the file") {
  Home home;
  home.variables["XDG_CONFIG_HOME"] = home.folder.write("file", "") + "/below";
  Context context;
  context.name = "x";
  CHECK(failure([&] {
          home.contexts().save(context);
          return 0;
        }) ==
        "1: cannot write \"" + home.folder.path() + "/file/below/nats/context/x.json\": Not a directory");
}

TEST_CASE("one context is selected, and removing it unselects it") {
  Home home;
  home.write("a", "{}");
  home.write("b", "{}");
  CHECK(home.contexts().selected().empty());
  home.contexts().select("a");
  CHECK(home.contexts().previous().empty());
  home.contexts().unselect();
  CHECK(home.contexts().selected().empty());
  CHECK(home.contexts().previous() == "a");
  home.contexts().unselect();
  CHECK(home.contexts().previous() == "a");
  home.contexts().select("a");
  CHECK(home.folder.read(".config/nats/context.txt") == "a");
  CHECK(home.contexts().selected() == "a");
  home.folder.write(".config/nats/context.txt", " b \n");
  CHECK(home.contexts().selected() == "b");
  home.contexts().remove("a");
  CHECK(home.contexts().selected() == "b");
  home.contexts().remove("b");
  CHECK(home.contexts().selected().empty());
  CHECK_FALSE(std::filesystem::exists(home.folder.at(".config/nats/context.txt")));
  CHECK(failure([&] {
          home.contexts().select("b");
          return 0;
        }).starts_with("3: context \"b\" not found"));
  CHECK(failure([&] {
          home.contexts().remove("b");
          return 0;
        }).starts_with("3: context \"b\" not found"));
}

TEST_CASE("a file with a secret that everyone can read is noticed") {
  Home home;
  home.write("open", R"({"token":"t"})", 0644);
  home.write("closed", R"({"token":"t"})", 0640);
  home.write("nothing", R"({"url":"nats://x"})", 0644);
  CHECK(home.contexts().load("open").exposed);
  CHECK_FALSE(home.contexts().load("closed").exposed);
  CHECK_FALSE(home.contexts().load("nothing").exposed);
}
