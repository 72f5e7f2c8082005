// Saved contexts: the nats tool's files, read, written, and what is wrong with them.
#include "support/client.hpp"
#include "support/server.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>

#include <filesystem>
#include <string>

using namespace natskv::test;

namespace {

struct Home {
  TempDir folder;
  Run rest(Run run = {}) const {
    run.env["XDG_CONFIG_HOME"] = folder.path().string();
    return run;
  }
  Result operator()(std::vector<std::string> args) const {
    return natskv::test::natskv(std::move(args), rest());
  }
  std::string file(const std::string& name) const { return folder / ("nats/context/" + name + ".json"); }
  void write(const std::string& name, const std::string& text, unsigned mode = 0600) const {
    std::filesystem::create_directories(folder.path() / "nats/context");
    write_file(file(name), text, mode);
  }
};

}  // namespace

TEST_CASE("add, ls, show, select and rm keep the nats tool's files") {
  const Home home;
  CHECK(home({"context", "ls"}).out.empty());
  CHECK(home({"context", "show"}).status == 3);
  CHECK(home({"context", "add", "a", "-s", "nats://bob:s3cret@h:1", "--description", "first",
              "--inbox-prefix", "_I.x"})
            .status == 0);
  struct stat info {};
  REQUIRE(stat(home.file("a").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777U) == 0600U);
  CHECK(read_file(home.file("a")).find("\"url\": \"nats://bob:s3cret@h:1\"") != std::string::npos);
  CHECK(home({"context", "add", "b", "--user", "u", "--password", "s3cret", "--select"}).status == 0);
  CHECK(home({"context", "ls"}).out == "a\tfalse\tfirst\tnats://h:1\nb\ttrue\t\t\n");
  CHECK(home({"context", "ls", "--names"}).out == "a\nb\n");
  CHECK(home({"context", "ls", "-j"}).out ==
        "[\n{\"name\":\"a\",\"selected\":false,\"description\":\"first\",\"server\":\"nats://h:1\"},\n"
        "{\"name\":\"b\",\"selected\":true}\n]\n");
  const auto shown = home({"context", "show"});
  CHECK(shown.out.find("user\tu\n") != std::string::npos);
  CHECK(shown.out.find("password\t(set)\n") != std::string::npos);
  CHECK((shown.out + home({"context", "show", "a"}).out).find("s3cret") == std::string::npos);
  // A new way to authenticate replaces the old one; the rest stays.
  CHECK(home({"context", "add", "b", "--token", "s3cret", "--description", "d"}).status == 0);
  CHECK(home({"context", "show", "b", "-j"}).out.find("password") == std::string::npos);
  CHECK(home({"context", "select", "a"}).status == 0);
  CHECK(read_file(home.folder / "nats/context.txt") == "a");
  CHECK(read_file(home.folder / "nats/previous-context.txt") == "b");
  CHECK(home({"context", "rm", "a"}).status == 2);
  CHECK(home({"context", "rm", "a", "-f"}).status == 0);
  CHECK(home({"context", "rm", "a", "-f"}).status == 3);
  CHECK(home({"context", "select", "none"}).status == 3);
  CHECK(home({"context", "show", "none"}).status == 3);
  CHECK(home({"context", "ls", "--names"}).out == "b\n");
  CHECK(home({"context", "add", "c", "-s", "http://h"}).status == 2);
  CHECK(home({"context", "add", "c", "--creds", "/no/such"}).status == 2);
  CHECK(home({"context", "add", "../c"}).status == 2);
  CHECK(home({"context", "add"}).status == 2);
  CHECK(home({"context", "fly"}).status == 2);
  CHECK(home({"context", "ls", "--select"}).status == 2);
}

TEST_CASE("add refuses what no command could use") {
  const Home home;
  for (const std::vector<std::string>& words : {std::vector<std::string>{"--js-domain", "a.b"},
                                                {"--js-api-prefix", "$JS..x"},
                                                {"--inbox-prefix", "_I.*"},
                                                {"--user", "u", "--token", "t"},
                                                {"--creds", "/dev/null", "--nkey", "/dev/null"},
                                                {"-s", "nats://u:p@h", "--token", "t"},
                                                {"--js-domain", "a", "--js-api-prefix", "b"}}) {
    CAPTURE(words[0]);
    auto all = words;
    all.insert(all.begin(), {"context", "add", "c"});
    CHECK(home(all).status == 2);
    CHECK_FALSE(std::filesystem::exists(home.file("c")));
  }
  // A file of nats in a folder of another's, as it would be elsewhere.
  for (const char* name : {"a\\b", "a/b", "..", ""}) {
    CAPTURE(name);
    CHECK(home({"context", "add", name, "-s", "h"}).status == 2);
  }
  CHECK(home({"context", "add", "c", "-s", "nats://u:p@h"}).status == 0);
  CHECK(home({"context", "add", "c", "--token", "t"}).status == 2);
  CHECK(home({"context", "add", "c", "-s", "h", "--token", "t"}).status == 0);
}

TEST_CASE("show masks a seed that stands where a file's name belongs") {
  const Home home;
  home.write("x",
             R"({"nkey":"SUAGYXTJHI5HWZJ5TOCCKYX7UPLSYEO6FZNK5NYO3DGVY6KBA3OD2LHQY4","creds":"/c.creds"})");
  const auto shown = home({"context", "show", "x"}).out;
  CHECK(shown.find("nkey\t(set)\n") != std::string::npos);
  CHECK(shown.find("creds\t/c.creds\n") != std::string::npos);
}

TEST_CASE("rm asks on a terminal") {
  const Home home;
  home.write("x", "{}");
  Terminal no(natskv_command({"context", "rm", "x"}, home.rest()));
  REQUIRE(no.read_until("[y/N]"));
  no.send("n\n");
  CHECK(no.wait().status == 1);
  Terminal yes(natskv_command({"context", "rm", "x"}, home.rest()));
  REQUIRE(yes.read_until("[y/N]"));
  yes.send("y\n");
  CHECK(yes.wait().status == 0);
  CHECK_FALSE(std::filesystem::exists(home.file("x")));
}

TEST_CASE("selected, named, by variable, by path, none: the right server is reached") {
  const Server server;
  const Server other;
  Client(server.url()).add_bucket("here");
  const Home home;
  home.write("here", R"({"url":")" + server.url() + "\"}");
  home.write("other", R"({"url":")" + other.url() + "\"}");
  const auto in = [&](std::vector<std::string> more, const std::string& variable = {}) {
    auto run = home.rest();
    if (!variable.empty()) run.env["NATS_CONTEXT"] = variable;
    more.insert(more.end(), {"keys", "here"});
    return natskv::test::natskv(more, run).status;
  };
  CHECK(in({"--context", "here"}) == 0);
  CHECK(in({"--context", "other"}) == 3);
  CHECK(in({"--context", home.file("here")}) == 0);
  CHECK(in({}, "here") == 0);
  CHECK(in({"--context", "other"}, "here") == 3);
  CHECK(home({"context", "select", "here"}).status == 0);
  CHECK(in({}) == 0);
  CHECK(in({}, "other") == 3);
  CHECK(in({"--no-context", "-s", other.url()}, "here") == 3);
  CHECK(in({"-s", other.url()}) == 3);  // an option is stronger
  // None at all: not the one of the variable, with its credentials, nor the selected one.
  const Server locked({.config = "authorization { token: s3cret }"});
  CHECK(locked.natskv({"add", "here", "-q", "--token", "s3cret"}).status == 0);
  home.write("locked", R"({"url":")" + locked.url() + R"(","token":"s3cret"})");
  CHECK(in({"-s", locked.url()}, "locked") == 0);
  CHECK(in({"-s", locked.url(), "--no-context"}, "locked") == 6);
  auto run = home.rest();
  run.env["NATS_URL"] = other.url();
  CHECK(natskv::test::natskv({"keys", "here"}, run).status == 3);  // so is a variable
}

TEST_CASE("the nats tool's words, copies, the one before, and what cannot be used") {
  Home home;
  CHECK(home({"context", "save", "a", "-s", "nats://h:1", "--select"}).status == 0);
  CHECK(home({"context", "copy", "a", "b", "--select"}).status == 0);
  CHECK(home({"context", "copy", "a", "b"}).status == 4);
  CHECK(home({"context", "copy", "a"}).err ==
        "natskv: context: NEW is missing (natskv context copy NAME NEW)\n");
  CHECK(home({"context", "list", "--names"}).out == "a\nb\n");
  CHECK(home({"context", "info", "b", "-j"}).out.find("nats://h:1") != std::string::npos);
  CHECK(read_file(home.folder / "nats/context.txt") == "b");
  CHECK(home({"context", "previous"}).status == 0);
  CHECK(read_file(home.folder / "nats/context.txt") == "a");
  CHECK(home({"context", "switch", "b"}).status == 0);
  CHECK(home({"context", "unselect"}).status == 0);
  CHECK(home({"context", "show"}).status == 3);
  CHECK(home({"context", "unselect", "b"}).status == 2);
  CHECK(home({"context", "validate"}).status == 0);
  CHECK(home({"context", "add", "c", "--token", "env://NO_SUCH_VARIABLE"}).status == 0);
  const auto checked = home({"context", "validate"});
  CHECK(checked.status == 2);
  CHECK(checked.out == "a\t\nb\t\nc\tcontext \"c\": token: the variable \"NO_SUCH_VARIABLE\" is not set\n");
  CHECK(home({"context", "validate", "b"}).status == 0);
  CHECK(home({"context", "validate", "none"}).status == 3);
  CHECK(home({"context", "remove", "c"}).err ==
        "natskv: context: removing context \"c\" needs confirmation, and this is not a terminal\n"
        "hint: --force does it without asking\n");
  CHECK(home({"context", "remove", "c", "-f"}).status == 0);
  CHECK(home({"context", "add", "a\\b"}).status == 2);
}

TEST_CASE("a context's file is edited as a whole, and kept where the edit is wrong") {
  Home home;
  home.write("a", R"({"url": "nats://old:4222"})");
  const auto edit = [&](const std::string& editor, const std::string& name = "a") {
    Run run = home.rest();
    run.env["EDITOR"] = editor;
    return natskv::test::natskv({"context", "edit", name}, run);
  };
  CHECK(edit("sed -i s/old/new/").err == "natskv: context: context \"a\" is changed\n");
  CHECK(read_file(home.file("a")).find("nats://new:4222") != std::string::npos);
  CHECK(edit("true").err == "natskv: context: context \"a\" is unchanged\n");
  CHECK(edit("false").status == 1);
  const auto removed = edit("gone() { rm \"$1\"; return 3; }; gone");
  CHECK(removed.status == 1);
  CHECK(removed.err.find(" ended with status 3; nothing was written\n") != std::string::npos);
  const auto wrong = edit("sed -i s/}//");
  CHECK(wrong.status == 2);
  CHECK(wrong.err.find("is not JSON") != std::string::npos);
  CHECK(wrong.err.find("; the edit is in \"" + home.file("a") + ".edit\"") != std::string::npos);
  CHECK(read_file(home.file("a")).find("nats://new:4222\"}") != std::string::npos);
  CHECK(home({"context", "ls", "--names"}).out == "a\n");
  CHECK(edit("true", "none").status == 3);
  // An editor that fails loses nothing.
  const auto failed = edit("false");
  CHECK(failed.status == 1);
  CHECK(failed.err.find("; the edit is in \"" + home.file("a") + ".edit\"") != std::string::npos);
  // The next edit goes on with that one.
  const auto mended = edit("sed -i 's/4222\"/5222\"}/'");
  CHECK(mended.status == 0);
  CHECK(mended.err.find("continuing the edit that was left in \"") != std::string::npos);
  CHECK(read_file(home.file("a")).find("nats://new:5222\"}") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(home.file("a") + ".edit"));
}

TEST_CASE("a context that is named beats NATS_URL, and the environment's credentials are not used") {
  Server right;
  Server wrong;
  Client(right.url()).add_bucket("right");
  Home home;
  CHECK(home({"context", "add", "dr", "-s", right.url()}).status == 0);
  const auto result = natskv::test::natskv({"--context", "dr", "ls", "--names"},
                                           {.env = {{"XDG_CONFIG_HOME", home.folder.path().string()},
                                                    {"NATS_URL", wrong.url()},
                                                    {"NATS_TOKEN", "t"}}});
  CHECK(result.status == 0);
  CHECK(result.out == "right\n");
  CHECK(result.err == "natskv: ls: warning: NATS_TOKEN is not used with --context\n");
}

TEST_CASE("a selected context's credentials on another server are warned of") {
  const Server server({.config = "authorization { user: u, password: s3cret }"});
  const Home home;
  home.write("c", R"({"url":"nats://127.0.0.1:1","user":"u","password":"s3cret"})");
  CHECK(home({"context", "select", "c"}).status == 0);
  const auto result = home({"info", "b", "-s", server.url()});
  CHECK(result.status == 3);
  CHECK(result.err.find("warning: the credentials of the selected context \"c\" go to ") !=
        std::string::npos);
  CHECK(home({"info", "b", "-s", server.url(), "--context", "c"}).err.find("warning") == std::string::npos);
  write_file(home.folder / "x.pem", "x", 0600);
  home.write("c", R"({"url":"nats://127.0.0.1:1","cert":")" + home.folder / "x.pem" + R"(","key":")" +
                      home.folder / "x.pem" + "\"}");
  CHECK(home({"info", "b", "-s", server.url()}).err.find("warning: the credentials of the selected") !=
        std::string::npos);
}

TEST_CASE("what is wrong with a context is said, without its secrets") {
  const Home home;
  home.write("broken", R"({"token": "s3cret)");
  home.write("typed", R"({"user": 1, "token": "s3cret"})");
  home.write("file", R"({"creds": "~/$NOWHERE/none.creds"})");
  home.write("nsc", R"({"nsc": "nsc://o/a/u"})");
  home.write("open", R"({"url":"nats://127.0.0.1:1","token":"s3cret"})", 0644);
  const struct {
    const char* name;
    int status;
    const char* said;
  } wrong[] = {{"broken", 2, "is not JSON"},        {"typed", 2, "\"user\" is not a string"},
               {"file", 2, "/$NOWHERE/none.creds"}, {"nsc", 2, "not supported by natskv: nsc"},
               {"open", 5, "everyone can read"},    {"unknown", 3, "context \"unknown\" not found"}};
  for (const auto& [name, status, said] : wrong) {
    CAPTURE(name);
    const auto result = home({"keys", "b", "--context", name});
    CAPTURE(result.err);
    CHECK(result.status == status);
    CHECK(result.err.find(said) != std::string::npos);
    CHECK(result.err.find("s3cret") == std::string::npos);
  }
}
