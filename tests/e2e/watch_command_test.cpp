// ctest: long races
// watch … -- COMMAND: each event runs it once.
#include "support/client.hpp"
#include "support/gone.hpp"
#include "support/memory.hpp"
#include "support/process.hpp"
#include "support/server.hpp"
#include "support/text.hpp"
#include "support/watched.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

using namespace natskv::test;

namespace {

const std::string show = R"sh(echo "$NATSKV_BUCKET $NATSKV_KEY $NATSKV_OPERATION $NATSKV_REVISION $(cat)")sh";

}  // namespace

TEST_CASE("each event runs COMMAND once, in order, and natskv prints nothing of its own") {
  Watched bed;
  bed.client.put("b", "a", "old");
  bed.client.put("b", "a", "1");
  bed.client.put("b", "c", "", {{"KV-Operation", "DEL"}});
  Process watch(bed.command({}, bed.sh(show)));
  REQUIRE(watch.read_until("b c DEL 3 \n"));
  bed.client.put("b", "b", "2");
  bed.client.put("b", "a", "3");
  REQUIRE(watch.read_until("PUT 5 3\n"));  // the purge removes what was not sent yet
  bed.client.put("b", "a", "", {{"KV-Operation", "PURGE"}, {"Nats-Rollup", "sub"}});
  REQUIRE(watch.read_until("PURGE"));
  watch.signal(SIGTERM);
  const auto result = watch.wait();
  CHECK(result.status == 143);
  CHECK(result.out == "b a PUT 2 1\nb c DEL 3 \nb b PUT 4 2\nb a PUT 5 3\nb a PURGE 6 \n");
  CHECK(result.err == "");
}

TEST_CASE("COMMAND has the value byte for byte on its stdin, however large") {
  Watched bed;
  std::string large(900'000, '\0');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 7 + i / 256);
  const Words values{"", "\n", std::string("\0a\xff\n\n", 5), "no newline", large};
  for (std::size_t i = 0; i < values.size(); ++i) bed.client.put("b", "k" + std::to_string(i), values[i]);
  const auto result =
      bed.run({"--initial"}, bed.sh(R"sh(cat > "$1/$NATSKV_KEY"; test -z "$(cat)" && echo whole)sh"));
  CHECK(result.status == 0);
  CHECK(result.out == "whole\nwhole\nwhole\nwhole\nwhole\n");
  for (std::size_t i = 0; i < values.size(); ++i)
    CHECK(read_file(bed.folder / ("k" + std::to_string(i))) == values[i]);
}

TEST_CASE("COMMAND need not read its stdin, and may close all of its descriptors") {
  Watched bed;
  for (const char* key : {"a", "c"}) bed.client.put("b", key, std::string(900'000, 'x'));
  CHECK(bed.run({"--initial"}, {"true"}).status == 0);
  const auto closed =
      bed.run({"--initial"}, bed.sh(R"(exec <&- >&- 2>&-; : > "$1/$NATSKV_KEY"; exec sleep 0.1)"));
  CHECK(closed.status == 0);
  CHECK(std::filesystem::exists(bed.folder / "c"));
}

TEST_CASE("a marker, and every event with --meta, has nothing on stdin") {
  Watched bed;
  bed.client.put("b", "a", "value");
  bed.client.put("b", "c", "marker's", {{"KV-Operation", "DEL"}});
  CHECK(bed.run({"--initial"}, bed.sh(show)).out == "b a PUT 1 value\nb c DEL 2 \n");
  CHECK(bed.run({"--initial", "--meta"}, bed.sh(show)).out == "b a PUT 1 \nb c DEL 2 \n");
}

TEST_CASE("NATSKV_CREATED is the entry's; what an outer natskv set is gone but for a lock's variables") {
  Watched bed;
  bed.client.put("b", "a", "1");
  const auto entry = bed.server.natskv({"get", "b", "a", "-o", "tsv"}).out;
  const auto result =
      bed.run({"--initial"}, bed.sh("echo $NATSKV_CREATED ${NATSKV_EVENTS-none} $NATSKV_LOCK_TOKEN"),
              {.env = {{"NATSKV_EVENTS", "7"}, {"NATSKV_LOCK_TOKEN", "9"}}});
  REQUIRE(result.out.size() > 31);
  CHECK(entry.find(result.out.substr(0, 30)) != std::string::npos);
  CHECK(result.out.substr(30) == " none 9\n");
}

TEST_CASE("the options that choose events choose what runs COMMAND") {
  Watched bed;
  bed.client.put("b", "a", "1");
  bed.client.put("b", "a", "2");
  bed.client.put("b", "x.y", "3");
  bed.client.put("b", "gone", "", {{"KV-Operation", "DEL"}});
  const auto script = bed.sh("echo $NATSKV_REVISION");
  CHECK(bed.run({"--initial"}, script).out == "2\n3\n4\n");
  CHECK(bed.run({"--initial", "--history"}, script).out == "1\n2\n3\n4\n");
  CHECK(bed.run({"--initial", "--no-deletes"}, script).out == "2\n3\n");
  CHECK(bed.run({"--initial", "x.*"}, script).out == "3\n");
  CHECK(bed.run({"--count", "2"}, script).out == "2\n3\n");
  CHECK(bed.run({"--revision", "3", "--count", "1"}, script).out == "3\n");
  Process updates(bed.command({"--updates", "--count", "1"}, script));
  bed.begun();
  bed.client.put("b", "a", "5");
  CHECK(updates.wait().out == "5\n");
}

TEST_CASE("a COMMAND that fails ends watch with its status, and no later event runs it") {
  Watched bed;
  for (const char* value : {"1", "2", "3"}) bed.client.put("b", value, value);
  const auto result = bed.run({}, bed.sh("echo $NATSKV_KEY; test $NATSKV_KEY != 2 || exit 9"));
  CHECK(result.status == 9);
  CHECK(result.out == "1\n2\n");
  CHECK(result.err == "natskv: watch: COMMAND ended with status 9 on revision 2 of key \"2\"\n");
  const auto killed = bed.run({"-j"}, bed.sh("kill -KILL $$"));
  CHECK(killed.status == 137);
  CHECK(killed.err == R"({"error":{"exit":137,"code":"failure","bucket":"b","key":"1","revision":1,)"
                      R"("message":"COMMAND ended with status 137 on revision 1 of key \"1\""}})"
                      "\n");
}

TEST_CASE("with --keep-going a COMMAND that fails is reported, the next events run it, the end is 1") {
  Watched bed;
  for (const char* value : {"1", "2", "3"}) bed.client.put("b", value, value);
  const auto result = bed.run({"--initial", "--keep-going"},
                              bed.sh("echo $NATSKV_KEY; test $NATSKV_KEY = 3 || exit $NATSKV_KEY"));
  CHECK(result.status == 1);
  CHECK(result.out == "1\n2\n3\n");
  CHECK(result.err ==
        "natskv: watch: COMMAND ended with status 1 on revision 1 of key \"1\"\n"
        "natskv: watch: COMMAND ended with status 2 on revision 2 of key \"2\"\n");
}

TEST_CASE("SIGTERM and SIGINT go to COMMAND, which ends in its own time; then 143 and 130") {
  Watched bed;
  bed.client.put("b", "a", "1");
  bed.client.put("b", "c", "2");
  for (const auto& [number, status] : {std::pair{SIGTERM, 143}, {SIGINT, 130}, {SIGHUP, 129}}) {
    Process watch(bed.command(
        {},
        bed.sh("trap 'sleep 0.3; echo told; exit 0' TERM INT HUP; echo up; while :; do sleep 0.02; done")));
    REQUIRE(watch.read_until("up\n"));
    watch.signal(number);
    const auto result = watch.wait();
    CHECK(result.status == status);
    CHECK(result.out == "up\ntold\n");
    CHECK(result.err.find("natskv") == std::string::npos);  // a shell may say how its child ended
  }
  Process idle(bed.command({}, bed.sh("echo $NATSKV_REVISION")));
  REQUIRE(idle.read_until("2\n"));
  idle.signal(SIGINT);
  CHECK(idle.wait().status == 130);
}

TEST_CASE("on a terminal Ctrl-C is COMMAND's, once, and natskv ends with 130") {
  Watched bed;
  bed.client.put("b", "a", "1");
  Terminal terminal(
      bed.command({}, bed.sh("trap 'echo told; exit 0' INT; echo up; while :; do sleep 0.02; done")));
  REQUIRE(terminal.read_until("up"));
  terminal.send("\x03");
  CHECK(terminal.wait().status == 130);
  CHECK(occurrences(terminal.screen(), "told") == 1);
  CHECK(terminal.sane());
}

TEST_CASE("a bucket that is deleted ends watch with 3, after COMMAND where one runs") {
  Watched bed;
  bed.client.put("b", "a", "1");
  Process idle(bed.command({}, bed.sh("echo $NATSKV_REVISION")));
  Process busy(bed.command({}, bed.sh("echo up; while ! test -e $1/go; do sleep 0.02; done; echo done")));
  REQUIRE(idle.read_until("1\n"));
  REQUIRE(busy.read_until("up\n"));
  bed.client.delete_bucket("b");
  const auto ended = idle.wait();
  CHECK(ended.status == 3);
  CHECK(ended.err == "natskv: watch: bucket \"b\" was deleted\n");
  write_file(bed.folder / "go", "");
  const auto after = busy.wait();
  CHECK(after.status == 3);
  CHECK(after.out == "up\ndone\n");
}

TEST_CASE("COMMAND is looked up before connecting: 127 hints at --key, 126 what cannot be executed") {
  const std::string nobody = "nats://127.0.0.1:1";
  const TempDir folder;
  write_file(folder / "script", "echo never\n", 0755);
  write_file(folder / "plain", "#!/bin/sh\n", 0644);
  const auto result = natskv::test::natskv({"-s", nobody, "watch", "b", "--", "natskv-no-such-program"});
  CHECK(result.status == 127);
  CHECK(result.err ==
        "natskv: watch: no such program: \"natskv-no-such-program\"\n"
        "hint: what follows -- is a COMMAND to run; a KEY that begins with - is given as --key=KEY\n");
  CHECK(natskv::test::natskv({"-s", nobody, "watch", "b", "--", folder.path().string()}).status == 126);
  CHECK(natskv::test::natskv({"-s", nobody, "watch", "b", "--", folder / "plain"}).status == 126);
  CHECK(natskv::test::natskv({"-s", nobody, "watch", "b", "--", "true"}).status == 5);
  Watched bed;
  bed.client.put("b", "a", "1");
  const auto script = bed.run({}, {folder / "script"});  // no shell takes the place of its interpreter
  CHECK(script.status == 126);
  CHECK(script.out == "");
}

TEST_CASE("a COMMAND that cannot be started any more ends watch with 127, also with --keep-going") {
  Watched bed;
  for (const char* key : {"a", "c", "d"}) bed.client.put("b", key, "1");
  write_file(bed.folder / "once", "#!/bin/sh\necho $NATSKV_KEY\nrm \"$0\"\n", 0755);
  const auto result = bed.run({"--initial", "--keep-going"}, {bed.folder / "once"});
  CHECK(result.status == 127);
  CHECK(result.out == "a\n");
}

TEST_CASE("a KEY that begins with - is given by --key, also beside others") {
  Watched bed;
  for (const char* key : {"-a", "--", "c", "d"}) bed.client.put("b", key, "1");
  const auto script = bed.sh("echo $NATSKV_KEY");
  CHECK(bed.run({"--initial", "--key=-a"}, script).out == "-a\n");
  CHECK(bed.run({"--initial", "--key=-a", "--key=--", "d"}, script).out == "-a\n--\nd\n");
}

TEST_CASE("options that need a COMMAND are usage errors without one") {
  for (const Words& words : {Words{"--keep-going"}, Words{"--grace", "1s"}}) {
    Words all{"-s", "nats://127.0.0.1:1", "watch", "b"};
    all.insert(all.end(), words.begin(), words.end());
    const auto result = natskv::test::natskv(all);
    CHECK(result.status == 2);
    CHECK(result.err == "natskv: watch: " + words[0] + " belongs to a COMMAND\n");
  }
  CHECK(natskv::test::natskv({"watch", "b", "--"}).status == 2);
}

TEST_CASE("what COMMAND leaves running is stopped before the next event, killed after --grace") {
  Watched bed;
  bed.client.put("b", "a", "1");
  bed.client.put("b", "c", "2");
  const auto result = bed.run(
      {"--initial", "--grace", "200ms"},
      bed.sh(
          R"sh(if test $NATSKV_REVISION = 2; then case $(cat /proc/$(cat $1/left)/stat) in *") Z"*|"") echo gone; esac; exit; fi
                sh -c 'trap "" TERM; echo $$ > '$1'/left; while :; do sleep 0.05; done' > /dev/null 2>&1 &
                while ! test -s $1/left; do sleep 0.02; done)sh"));
  CHECK(result.status == 0);
  CHECK(result.out == "gone\n");
  CHECK(result.err.find("natskv: watch: warning: COMMAND ended and left ") != std::string::npos);
}

TEST_CASE("COMMAND does not outlive a natskv that is killed") {
  Watched bed;
  bed.client.put("b", "a", "1");
  Process watch(
      bed.command({"--grace", "100ms"}, {"sh", "-c", "trap '' TERM; echo $$; while :; do sleep 0.05; done"}));
  REQUIRE(watch.read_until("\n"));
  const pid_t child = std::stoi(watch.out());
  watch.signal(SIGKILL);
  CHECK(gone(child));
}

TEST_CASE("however slow COMMAND is, little waits in memory, and nothing is skipped") {
  Watched bed;
  bed.client.add_bucket("large", R"({"max_msgs_per_subject": 1})");
  Run command = bed.server.command({"watch", "large", "--count", "400", "--", "sh", "-c",
                                    "test $NATSKV_REVISION != 1 || sleep 2; echo $NATSKV_REVISION"});
  Process watch(std::move(command));
  const std::string value(256 << 10, 'v');
  for (int i = 1; i <= 400; ++i) bed.client.put("large", "k" + std::to_string(i), value);  // 100 MiB
  const auto result = watch.wait(150);
  CHECK(result.status == 0);
  std::string all;
  for (int i = 1; i <= 400; ++i) all += std::to_string(i) + "\n";
  CHECK(result.out == all);
  check_within(result, 48);
}

TEST_CASE("a connection that is lost while COMMAND runs is ridden out") {
  Watched bed;
  bed.client.put("b", "a", "1");
  Process watch(bed.command({}, bed.sh("echo $NATSKV_REVISION; test $NATSKV_REVISION != 1 || "
                                       "while ! test -e $1/go; do sleep 0.02; done")));
  REQUIRE(watch.read_until("1\n"));
  bed.server.restart();
  Client(bed.server.url()).put("b", "c", "2");
  write_file(bed.folder / "go", "");
  REQUIRE(watch.read_until("2\n"));
  watch.signal(SIGTERM);
  const auto result = watch.wait();
  CHECK(result.status == 143);
  CHECK(result.out == "1\n2\n");
  CHECK(result.err.find("connection to ") != std::string::npos);
  CHECK(result.err.find("connection restored") != std::string::npos);
}
