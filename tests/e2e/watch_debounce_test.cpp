// watch --debounce D -- COMMAND: what comes close together runs it once.
#include "support/buckets.hpp"
#include "support/memory.hpp"
#include "support/process.hpp"
#include "support/text.hpp"
#include "support/watched.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

using namespace natskv::test;

namespace {

const std::string count =
    "echo $NATSKV_BUCKET ${NATSKV_KEY-none} $NATSKV_EVENTS $NATSKV_REVISION ${NATSKV_CREATED-none} $(wc -l)";
const std::string for_ever = "1h";

}  // namespace

TEST_CASE("a burst is one run, its stdin the newest entry of each key, as watch -o jsonl prints them") {
  Watched bed;
  bed.client.put("b", "a", "1");
  bed.client.put("b", "gone", "", {{"KV-Operation", "DEL"}});
  bed.client.put("b", "binary", std::string("\xff\0", 2));
  const auto plain = bed.server.natskv({"watch", "b", "--initial", "-o", "jsonl"}).out;
  const auto burst = bed.run({"--initial", "--debounce", for_ever}, {"cat"});
  CHECK(burst.status == 0);
  CHECK(burst.err == "");
  CHECK(burst.out == plain);
  CHECK(bed.run({"--initial", "--debounce", for_ever, "--meta"}, {"cat"}).out ==
        bed.server.natskv({"watch", "b", "--initial", "--meta", "-o", "jsonl"}).out);
  CHECK(bed.run({"--initial", "--debounce", for_ever, "--no-deletes"}, bed.sh(count)).out ==
        "b none 2 3 none 2\n");
}

TEST_CASE("NATSKV_EVENTS is the number of lines, NATSKV_REVISION the highest; there is no NATSKV_KEY") {
  Watched bed;
  for (const auto& [key, value] : {std::pair{"c", "1"}, {"a", "2"}, {"c", "3"}, {"a", "4"}, {"d", "5"}})
    bed.client.put("b", key, value);
  CHECK(bed.run({"--initial", "--history", "--debounce", for_ever}, bed.sh(count),
                {.env = {{"NATSKV_KEY", "x"}}})
            .out == "b none 3 5 none 3\n");
  const auto keys = bed.run({"--initial", "--history", "--debounce", for_ever},
                            {"sed", "s/.*\"revision\":\\([0-9]*\\).*/\\1/"});
  CHECK(keys.out == "3\n4\n5\n");
}

TEST_CASE("a burst ends when nothing comes for a while, and the next one begins anew") {
  Watched bed;
  Process watch(bed.command({"--debounce", "300ms"}, bed.sh(count)));
  bed.client.put("b", "a", "1");
  REQUIRE(watch.read_until("b none 1 1 none 1\n"));
  bed.client.put("b", "c", "2");
  REQUIRE(watch.read_until("b none 1 2 none 1\n"));
  watch.signal(SIGTERM);
  CHECK(watch.wait().status == 143);
}

TEST_CASE("changes that never pause run COMMAND after ten times that") {
  Watched bed;
  Process watch(bed.command({"--debounce", "300ms"}, bed.sh(": > $1/ran")));
  // Well within the pause, as long as the machine keeps up.
  int puts = 0;
  while (!std::filesystem::exists(bed.folder / "ran") && puts < 1000) {
    bed.client.put("b", "a", std::to_string(++puts));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  CHECK(puts < 1000);
  watch.signal(SIGTERM);
  CHECK(watch.wait().status == 143);
}

TEST_CASE("8 MiB run COMMAND at once, in little memory") {
  Watched bed;
  const std::string value(512 << 10, 'v');
  for (int i = 0; i < 40; ++i) bed.client.put("b", "k" + std::to_string(i), value);
  const auto result = bed.run({"--initial", "--debounce", for_ever}, bed.sh(count));
  CHECK(result.status == 0);
  CHECK(result.out == "b none 16 16 none 16\nb none 16 32 none 16\nb none 8 40 none 8\n");
  check_within(result, 64);
}

TEST_CASE("--count ends with the burst that it completes") {
  Watched bed;
  for (const char* key : {"a", "c", "d"}) bed.client.put("b", key, "1");
  CHECK(bed.run({"--count", "2", "--debounce", for_ever}, bed.sh(count)).out == "b none 2 2 none 2\n");
}

TEST_CASE("a COMMAND that fails ends watch with its status, or is reported with --keep-going") {
  Watched bed;
  for (const char* key : {"a", "c"}) bed.client.put("b", key, "1");
  const auto failed = bed.run({"--debounce", "5s"}, {"sh", "-c", "exit 9"});
  CHECK(failed.status == 9);
  CHECK(failed.err ==
        "natskv: watch: COMMAND ended with status 9 on the changes of 2 keys up to revision 2\n");
  const auto reported =
      bed.run({"--initial", "--debounce", for_ever, "--keep-going"}, {"sh", "-c", "exit 9"});
  CHECK(reported.status == 1);
  CHECK(reported.err == failed.err);
}

TEST_CASE("a bucket that is deleted in the middle of a burst: COMMAND runs on it, then 3") {
  Watched bed;
  bed.client.put("b", "a", "1");
  Process watch(bed.command({"--debounce", for_ever, "--trace"}, bed.sh(count)));
  bed.begun(1);
  // It looks at the bucket once more before it takes the change.
  REQUIRE(eventually([&] {
    watch.read_for(0.02);
    return occurrences(watch.err(), "STREAM.INFO") == 2;
  }));
  bed.client.delete_bucket("b");
  const auto result = watch.wait();
  CHECK(result.status == 3);
  CHECK(result.out == "b none 1 1 none 1\n");
}

TEST_CASE("with --state a burst that a signal cut short, or whose COMMAND failed, comes again") {
  Watched bed;
  const std::string file = bed.folder / "state";
  for (const char* key : {"a", "c"}) bed.client.put("b", key, "1");
  Process waiting(bed.command({"--state", file, "--debounce", for_ever}, bed.sh(count)));
  bed.begun(2);
  waiting.signal(SIGINT);
  const auto interrupted = waiting.wait();
  CHECK(interrupted.status == 130);
  CHECK(interrupted.out == "");
  CHECK_FALSE(std::filesystem::exists(file));
  CHECK(bed.run({"--state", file, "--debounce", "20ms"}, {"sh", "-c", "exit 9"}).status == 9);
  CHECK_FALSE(std::filesystem::exists(file));
  const Words options{"--initial", "--state", file, "--debounce", for_ever};
  CHECK(bed.run(options, bed.sh(count)).out == "b none 2 2 none 2\n");
  CHECK(bed.run(options, bed.sh(count)).out == "");
  bed.client.put("b", "d", "1");
  CHECK(bed.run(options, bed.sh(count)).out == "b none 1 3 none 1\n");
}

TEST_CASE("--debounce needs a COMMAND and a time above 0") {
  const Words base{"-s", "nats://127.0.0.1:1", "watch", "b"};
  const auto with = [&](const Words& more) {
    Words all = base;
    all.insert(all.end(), more.begin(), more.end());
    return natskv::test::natskv(all);
  };
  CHECK(with({"--debounce", "1s"}).err == "natskv: watch: --debounce belongs to a COMMAND\n");
  for (const Words& words : {Words{"--debounce", "0", "--", "true"}, Words{"--debounce", "-1s", "--", "true"},
                             Words{"--debounce", "", "--", "true"}, Words{"--debounce", "x", "--", "true"}})
    CHECK(with(words).status == 2);
}
