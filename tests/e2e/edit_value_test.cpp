// edit-value, with editors that are scripts.
#include "support/buckets.hpp"
#include "support/client.hpp"
#include "support/process.hpp"
#include "support/server.hpp"
#include "support/sockets.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

using namespace natskv::test;
namespace fs = std::filesystem;

namespace {

struct Desk {
  Desk() : client(server.url()) {
    client.add_bucket("config", R"({"max_msgs_per_subject": 5})");
    client.put("config", "greeting", "hello");
  }
  // `script`: what the editor does with the file "$1".
  Result edit(const std::string& script, std::vector<std::string> more = {}, Run rest = {}) {
    write_file(folder / "editor", "#!/bin/sh\n" + script + "\n", 0700);
    rest.env["EDITOR"] = folder / "editor";
    rest.env["TMPDIR"] = places.path().string();
    more.insert(more.begin(), {"edit-value", "config", "greeting"});
    return server.natskv(std::move(more), std::move(rest));
  }
  // Where natskv says that the edit is.
  static std::string kept(const std::string& said) {
    const auto at = said.find("the edit is in \"");
    REQUIRE(at != std::string::npos);
    const auto from = at + 16;
    return said.substr(from, said.find('"', from) - from);
  }
  [[nodiscard]] bool nothing_left() const { return fs::is_empty(places.path()); }

  Server server;
  Client client;
  TempDir folder, places;
};

}  // namespace

TEST_CASE("What the editor makes of a value is stored, with its revision printed") {
  Desk desk;
  const auto result = desk.edit("printf 'a\\0b' > \"$1\"");
  CHECK(result.status == 0);
  CHECK(result.out == "2\n");
  CHECK(result.err == "");
  CHECK(desk.client.last("config", "greeting").data == std::string("a\0b", 3));
  CHECK(desk.nothing_left());
}

TEST_CASE("An unchanged value is not written, nor is a newline that an editor adds") {
  Desk desk;
  CHECK(desk.edit("true").status == 0);
  const auto result = desk.edit("echo >> \"$1\"");
  CHECK(result.status == 0);
  CHECK(result.out == "");
  CHECK(result.err.find("unchanged") != std::string::npos);
  CHECK(desk.edit("true", {"-q"}).err == "");
  CHECK(desk.client.last_revision("config") == 1);
  CHECK(desk.edit("echo hallo > \"$1\"").out == "2\n");
  CHECK(desk.client.last("config", "greeting").data == "hallo");
  CHECK(desk.nothing_left());
}

TEST_CASE("An editor that fails, or is none, changes nothing") {
  Desk desk;
  const auto failed = desk.edit("exit 3");
  CHECK(failed.status == 1);
  CHECK(failed.err.find("status 3; nothing was written\n") != std::string::npos);
  CHECK(desk.edit("rm \"$1\"; exit 3").status == 1);
  CHECK(desk.edit("rm \"$1\"").status == 1);
  const auto none = desk.edit("", {}, {.env = {{"VISUAL", "natskv-no-such-editor"}}});
  CHECK(none.status == 1);
  CHECK(none.err.find("hint: set VISUAL or EDITOR") != std::string::npos);
  CHECK(desk.client.last_revision("config") == 1);
  CHECK(desk.nothing_left());
}

TEST_CASE("An editor that fails is seen to where a parent ignores SIGCHLD") {
  Desk desk;
  write_file(desk.folder / "editor", "#!/bin/sh\necho half > \"$1\"\nexit 5\n", 0700);
  Run what = desk.server.command(
      {"edit-value", "config", "greeting"},
      {.env = {{"EDITOR", desk.folder / "editor"}, {"TMPDIR", desk.places.path().string()}}});
  what.args.insert(what.args.begin(), {"sh", "-c", "trap '' CHLD; exec \"$@\"", "sh"});
  const auto result = run(what);
  CHECK(result.status == 1);
  CHECK(result.err.find("status 5") != std::string::npos);
  CHECK(desk.client.last_revision("config") == 1);
}

TEST_CASE("VISUAL comes before EDITOR and may hold options; the value is for its owner's eyes") {
  Desk desk;
  const auto result = desk.edit(
      "exit 9", {},
      {.env = {{"VISUAL", "sh -c 'stat -c %a \"$1\" \"$(dirname \"$1\")\" >&2; echo new > \"$1\"' x"}}});
  CHECK(result.status == 0);
  CHECK(result.err == "600\n700\n");
  CHECK(desk.client.last("config", "greeting").data == "new");
}

TEST_CASE("While the editor runs no secret is in any arguments or in its environment") {
  Desk desk;
  // Of this run alone: other tests have secrets, too.
  const std::string secret = "s3cret-" + std::to_string(getpid());
  for (const std::vector<std::string>& options :
       {std::vector<std::string>{"--token", secret}, {"--user", "u", "--password=" + secret}}) {
    const auto result = desk.edit("cat /proc/[0-9]*/cmdline > '" + desk.folder / "seen" +
                                      "' 2> /dev/null; env >> '" + desk.folder / "seen" + "'",
                                  options);
    CHECK(result.status == 0);
    const auto seen = read_file(desk.folder / "seen");
    CHECK(seen.find(std::string("edit-value\0config", 17)) != std::string::npos);  // natskv was among them
    CHECK(seen.find("EDITOR=") != std::string::npos);
    CHECK(seen.find(secret) == std::string::npos);
    fs::remove(desk.folder / "seen");
  }
}

TEST_CASE("A key written meanwhile is a conflict; the edit is kept in a file of its owner") {
  Desk desk;
  const auto result = desk.edit("echo mine > \"$1\"; chmod 644 \"$1\"; " + natskv_command({}).args[0] +
                                " -s " + desk.server.url() + " -q put config greeting theirs");
  CHECK(result.status == 4);
  CHECK(result.out == "");
  CHECK(desk.client.last("config", "greeting").data == "theirs");
  const auto path = Desk::kept(result.err);
  CHECK(read_file(path) == "mine\n");
  CHECK(fs::status(path).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
}

TEST_CASE("What an editor saved before it failed, or before a signal came, is kept") {
  Desk desk;
  const auto failed = desk.edit("echo mine > \"$1\"; chmod 644 \"$1\"; exit 3");
  CHECK(failed.status == 1);
  CHECK(failed.err.find("status 3; nothing was written; the edit is in \"") != std::string::npos);
  const auto path = Desk::kept(failed.err);
  CHECK(read_file(path) == "mine\n");
  CHECK(fs::status(path).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
  // natskv passes the signal on to the shell that runs the editor.
  write_file(desk.folder / "editor",
             "#!/bin/sh\necho yours > \"$1\"\necho saved >&2\nwhile kill -0 $PPID; do sleep 0.05; done\n",
             0700);
  Process ended(desk.server.command(
      {"edit-value", "config", "greeting"},
      {.env = {{"EDITOR", desk.folder / "editor"}, {"TMPDIR", desk.places.path().string()}}}));
  REQUIRE(ended.read_err_until("saved"));
  ended.signal(SIGTERM);
  const auto result = ended.wait();
  CHECK(result.status != 0);
  CHECK(read_file(Desk::kept(result.err)) == "yours\n");
  CHECK(desk.client.last_revision("config") == 1);
}

TEST_CASE("SIGTERM reaches the editor itself, whatever its variable holds of options") {
  Desk desk;
  write_file(desk.folder / "editor",
             "#!/bin/sh\ntrap 'echo restored >&2; exit 1' TERM\necho up >&2\nwhile :; do sleep 0.05; done\n",
             0700);
  Process edit(desk.server.command(
      {"edit-value", "config", "greeting"},
      {.env = {{"EDITOR", desk.folder / "editor" + " -x 'a b'"}, {"TMPDIR", desk.places.path().string()}}}));
  REQUIRE(edit.read_err_until("up\n"));
  edit.signal(SIGTERM);
  const auto result = edit.wait();
  CHECK(result.err.find("restored") != std::string::npos);
  CHECK(result.status != 0);
  CHECK(desk.nothing_left());
}

TEST_CASE("An editor may be a word of the shell's own, or a whole line for it") {
  Desk desk;
  for (const char* editor : {":", "true; true", "X=1 true", "if true; then :; fi; true"}) {
    CAPTURE(editor);
    const auto result =
        desk.server.natskv({"edit-value", "config", "greeting"}, {.env = {{"EDITOR", editor}}});
    CHECK(result.err ==
          "natskv: edit-value: key \"greeting\" in bucket \"config\" is unchanged, nothing was written\n");
  }
}

TEST_CASE("The edit is kept too when the server is gone") {
  Desk desk;
  const auto server = std::to_string(desk.server.pid());
  const auto result =
      desk.edit("echo mine > \"$1\"; kill -9 " + server + "; until grep -q '^State:.Z' /proc/" + server +
                    "/status; do sleep 0.05; done",
                {"--timeout", "5s"});
  CHECK(result.status >= 5);
  CHECK(result.err.find("the edit is in \"") != std::string::npos);
  CHECK_FALSE(desk.nothing_left());
}

TEST_CASE("A server that restarts while the editor is open takes the edit") {
  Desk desk;
  write_file(desk.folder / "editor",
             "#!/bin/sh\necho mine > \"$1\"; : > " + (desk.folder / "open") + "\nuntil [ -e " +
                 (desk.folder / "go") + " ]; do sleep 0.1; done\n",
             0700);
  Process natskv(desk.server.command(
      {"edit-value", "config", "greeting"},
      {.env = {{"EDITOR", desk.folder / "editor"}, {"TMPDIR", desk.places.path().string()}}}));
  while (!fs::exists(desk.folder / "open")) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const auto before = sockets(natskv.pid());
  REQUIRE(before > 0);
  desk.server.restart();
  REQUIRE(eventually([&] { return sockets(natskv.pid()) < before; }));  // it has noticed
  write_file(desk.folder / "go", "");
  const auto result = natskv.wait(30);
  CHECK_MESSAGE(result.status == 0, result.err);
  CHECK(result.err.find("connection restored") != std::string::npos);
  CHECK(desk.server.natskv({"get", "config", "greeting"}).out == "mine");
}

TEST_CASE("edit with a key is an error that points to edit-value") {
  Desk desk;
  const auto result = desk.server.natskv({"edit", "config", "greeting"});
  CHECK(result.status == 2);
  CHECK(result.err ==
        "natskv: edit: edit changes the settings of one bucket\nhint: natskv edit-value BUCKET KEY edits a "
        "value\n");
}

TEST_CASE("A missing key is not found, and no editor starts") {
  Desk desk;
  write_file(desk.folder / "editor", "#!/bin/sh\necho started >&2\n", 0700);
  const auto result =
      desk.server.natskv({"edit-value", "config", "none"}, {.env = {{"EDITOR", desk.folder / "editor"}}});
  CHECK(result.status == 3);
  CHECK(result.err.find("started") == std::string::npos);
  CHECK(desk.server.natskv({"edit-value", "config"}).status == 2);
}
