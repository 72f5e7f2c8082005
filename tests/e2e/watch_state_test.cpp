// ctest: long races
// watch --state FILE: a second start goes on where the first one was.
#include "support/client.hpp"
#include "support/eventually.hpp"
#include "support/process.hpp"
#include "support/server.hpp"
#include "support/text.hpp"
#include "support/watched.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

using namespace natskv::test;
using nlohmann::json;

namespace {

/// Watches that keep their state in a file.
struct Bed : Watched {
  [[nodiscard]] Run command(Words options, const Words& words = {}, Run rest = {}) const {
    options.insert(options.begin(), {"--state", file});
    return Watched::command(std::move(options), words, std::move(rest));
  }
  [[nodiscard]] Result run(Words options, const Words& words = {}, Run rest = {}) const {
    return natskv::test::run(command(std::move(options), words, std::move(rest)));
  }
  /// The keys of the current values and changes that a start goes on with.
  [[nodiscard]] std::string keys(Words options = {"--initial"}) const {
    const auto result = run(std::move(options));
    CHECK(result.err == "");
    CHECK(result.status == 0);
    return first_words(result.out);
  }
  static std::string first_words(const std::string& tsv) {
    std::string all;
    std::istringstream stream(tsv);
    for (std::string line; std::getline(stream, line);) all += line.substr(0, line.find('\t')) + " ";
    return all;
  }
  [[nodiscard]] json state() const { return json::parse(read_file(file)); }
  [[nodiscard]] std::uint64_t revision() const { return state()["revision"].get<std::uint64_t>(); }
  /// Whether FILE says so, without a signal: after one a busy machine may not let natskv replace it in time.
  [[nodiscard]] bool reached(std::uint64_t last) const {
    return std::filesystem::exists(file) && revision() == last;
  }
  /// Names in the folder.
  [[nodiscard]] std::set<std::string> files() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
      names.insert(entry.path().filename());
    return names;
  }

  std::string file = folder / "state";
};

unsigned mode_of(const std::string& path) {
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 07777U;
}

/// sh -c SCRIPT that adds the revision to the file `handled` of the folder when it is done.
Words handler(const Bed& bed, const std::string& before = ":") {
  return {"sh", "-c", before + "; echo $NATSKV_REVISION >> $1/handled", "sh", bed.folder.path().string()};
}

}  // namespace

TEST_CASE("FILE says bucket, when it was created, patterns and revision; it is 0600, and its lock stays") {
  Bed bed;
  bed.client.put("b", "k", "1");
  bed.client.put("b", "z", "2");
  CHECK(bed.keys({"--initial", "z", "k"}) == "k z ");
  const auto stream = json::parse(bed.client.api("STREAM.INFO.KV_b"));
  CHECK(read_file(bed.file) == "{\"bucket\":\"b\",\"created\":" + stream["created"].dump() +
                                   ",\"patterns\":[\"k\",\"z\"],\"revision\":2}\n");
  CHECK(mode_of(bed.file) == 0600);
  CHECK(bed.files() == std::set<std::string>{"state", "state.lock"});
}

TEST_CASE("a second start goes on after what was handled, with and without COMMAND") {
  Bed bed;
  for (const char* key : {"a", "c"}) bed.client.put("b", key, "1");
  CHECK(bed.keys() == "a c ");
  CHECK(bed.keys() == "");
  bed.client.put("b", "d", "1");
  bed.client.put("b", "a", "2");
  const Words show{"sh", "-c", "echo $NATSKV_KEY $NATSKV_REVISION $(cat)"};
  CHECK(bed.run({"--initial"}, show).out == "d 3 1\na 4 2\n");
  CHECK(bed.run({"--initial"}, show).out == "");
  bed.client.put("b", "e", "1");
  CHECK(bed.keys() == "e ");
  CHECK(bed.revision() == 5);
}

TEST_CASE("what comes between two starts is not lost, though nothing had come before") {
  Bed bed;
  bed.client.put("b", "old", "1");
  for (const Words& command : {Words{}, Words{"sh", "-c", "printf '%s\\t' $NATSKV_KEY"}}) {
    std::filesystem::remove(bed.file);
    Process first(bed.command({"--updates"}, command));
    REQUIRE(eventually([&] { return std::filesystem::exists(bed.file); }));
    first.signal(SIGTERM);
    CHECK(first.wait().status == 143);
    bed.client.put("b", "new", "2");
    Process second(bed.command({"--updates"}, command));
    REQUIRE(second.read_until("new\t"));
    second.signal(SIGTERM);
    CHECK(second.wait().out.find("old") == std::string::npos);
  }
}

TEST_CASE("an event whose COMMAND failed comes again, one that --keep-going reported does not") {
  Bed bed;
  for (const char* key : {"a", "c"}) bed.client.put("b", key, "1");
  CHECK(bed.run({}, handler(bed, "test $NATSKV_REVISION != 2 || exit 7")).status == 7);
  CHECK(bed.revision() == 1);
  CHECK(bed.run({"--initial", "--keep-going"}, {"sh", "-c", "exit 7"}).status == 1);
  CHECK(bed.revision() == 2);
  CHECK(bed.run({"--initial"}, handler(bed)).status == 0);
  CHECK(read_file(bed.folder / "handled") == "1\n");
}

TEST_CASE("a signal: an event that COMMAND still handled is settled, one that it left comes again") {
  Bed bed;
  bed.client.put("b", "a", "1");
  const auto until_told = [&](const std::string& trap, int status) {
    Process watch(bed.command(
        {"--keep-going"}, {"sh", "-c", "trap '" + trap + "' TERM; echo up; while :; do sleep 0.02; done"}));
    REQUIRE(watch.read_until("up\n"));
    watch.signal(SIGTERM);
    CHECK(watch.wait().status == status);
  };
  until_told("exit 1", 143);
  CHECK_FALSE(std::filesystem::exists(bed.file));
  until_told("exit 0", 143);
  CHECK(bed.revision() == 1);
}

TEST_CASE("a bucket that was recreated, or has gone back, is said and begins with its current values") {
  Bed bed;
  for (const char* key : {"a", "c"}) bed.client.put("b", key, "1");
  CHECK(bed.keys() == "a c ");
  auto ahead = bed.state();
  ahead["revision"] = 9;
  write_file(bed.file, ahead.dump());
  const auto back = bed.run({"--initial"});
  CHECK(Bed::first_words(back.out) == "a c ");
  CHECK(
      back.err ==
      "natskv: watch: warning: bucket \"b\": its last revision is now 2, but 9 was shown; starting from its "
      "current values\n");
  CHECK(bed.revision() == 2);
  bed.client.delete_bucket("b");
  bed.client.add_bucket("b");
  bed.client.put("b", "new", "1");
  const auto recreated = bed.run({"--initial"}, {"sh", "-c", "echo $NATSKV_KEY"});
  CHECK(recreated.out == "new\n");
  CHECK(recreated.err ==
        "natskv: watch: warning: bucket \"b\" was recreated; starting from its current values\n");
  CHECK(bed.keys() == "");
}

TEST_CASE("the state of another bucket is said and replaced") {
  Bed bed;
  bed.client.put("b", "a", "1");
  CHECK(bed.keys() == "a ");
  bed.client.add_bucket("other");
  bed.client.put("other", "x", "1");
  const auto other = bed.server.natskv({"watch", "other", "--state", bed.file, "--initial"});
  CHECK(other.status == 0);
  CHECK(Bed::first_words(other.out) == "x ");
  CHECK(other.err == "natskv: watch: warning: state file \"" + bed.file +
                         "\" belongs to bucket \"b\"; starting from the current values of \"other\"\n");
  CHECK(bed.state()["bucket"] == "other");
}

TEST_CASE("other patterns are refused before connecting, and FILE stays what it is") {
  Bed bed;
  bed.client.put("b", "a", "1");
  CHECK(bed.keys({"--initial", "a", "x.*"}) == "a ");
  const auto before = read_file(bed.file);
  const auto refused =
      natskv::test::natskv({"-s", "nats://127.0.0.1:1", "watch", "b", "--state", bed.file, "--initial", "a"});
  CHECK(refused.status == 2);
  CHECK(refused.err ==
        "natskv: watch: state file \"" + bed.file +
            "\" belongs to other keys or patterns\n"
            "hint: use another --state file, or remove this one to start from the current values\n");
  CHECK(read_file(bed.file) == before);
  CHECK(bed.keys({"--initial", "x.*", "a"}) == "");
}

TEST_CASE("a FILE that another watch uses is 1; when that one is gone it is free") {
  Bed bed;
  bed.client.put("b", "a", "1");
  Process first(bed.command({}));
  REQUIRE(first.read_until("a\t"));
  const auto second = bed.run({"--initial"}, {"echo", "never"});
  CHECK(second.status == 1);
  CHECK(second.out == "");
  CHECK(second.err == "natskv: watch: state file \"" + bed.file + "\" is in use by another watch\n");
  first.signal(SIGKILL);
  first.wait();
  CHECK(bed.run({"--initial"}).status == 0);
}

TEST_CASE("FILE stays in use until the COMMAND of a killed watch has ended") {
  Bed bed;
  bed.client.put("b", "a", "1");
  const std::string log = bed.folder / "log";
  Process first(bed.command({"--grace", "30s"},
                            {"sh", "-c",
                             "trap '' TERM; echo up; while ! test -e $1/go; do sleep 0.02; done; "
                             "echo first >> $1/log",
                             "sh", bed.folder.path().string()},
                            {.limit = 60}));
  REQUIRE(first.read_until("up\n"));
  first.signal(SIGKILL);
  const Words second{"sh", "-c", "echo second >> $1/log", "sh", bed.folder.path().string()};
  CHECK(bed.run({"--initial"}, second).status == 1);
  write_file(bed.folder / "go", "");
  // Now it ends.
  int status = 1;
  for (int i = 0; i < 20 && status == 1; ++i) status = bed.run({"--initial"}, second).status;
  CHECK(status == 0);
  CHECK(read_file(log) == "first\nsecond\n");
}

TEST_CASE("COMMAND has neither FILE nor its lock open") {
  Bed bed;
  bed.client.put("b", "a", "1");
  const auto open =
      bed.run({"--initial"}, {"sh", "-c", "for fd in /proc/$$/fd/*; do readlink $fd; done; echo all"});
  CHECK(open.out.find("state") == std::string::npos);
  CHECK(open.out.find("all\n") != std::string::npos);
}

TEST_CASE("a folder that nothing can be written to is 1, before connecting and before COMMAND runs") {
  const TempDir folder;
  write_file(folder / "file", "");
  for (const std::string& path :
       {folder / "missing/state", folder / "file/state", std::string("/proc/state")}) {
    const auto result =
        natskv::test::natskv({"-s", "nats://127.0.0.1:1", "watch", "b", "--state", path, "--", "echo", "no"});
    CHECK(result.status == 1);
    CHECK(result.out == "");
    CHECK(result.err.starts_with("natskv: watch: --state: cannot "));
  }
}

TEST_CASE("a full disk is found at the start, or when FILE cannot be written after a COMMAND: 1") {
  Bed bed;
  bed.client.put("b", "a", "1");
  bed.client.put("b", "c", "2");
  // The kernel refuses what makes a file larger than that.
  const auto limited = [&](const std::string& blocks, const Words& patterns) {
    auto command = bed.command(patterns, handler(bed));
    command.args.insert(command.args.begin(),
                        {"sh", "-c", "trap '' XFSZ; ulimit -f " + blocks + "; exec \"$@\"", "sh"});
    return natskv::test::run(command);
  };
  const auto at_once = limited("0", {});
  CHECK(at_once.status == 1);
  CHECK(at_once.err.find("--state: cannot write \"" + bed.file + ".new\": File too large") !=
        std::string::npos);
  CHECK_FALSE(std::filesystem::exists(bed.folder / "handled"));
  Words patterns{"a", "c"};
  for (int i = 0; i < 60; ++i) patterns.push_back(std::string(100, 'x') + std::to_string(i));
  const auto later = limited("8", patterns);
  CHECK(later.status == 1);
  CHECK(later.err.find("--state: cannot write") != std::string::npos);
  CHECK(read_file(bed.folder / "handled") == "1\n");
  CHECK_FALSE(std::filesystem::exists(bed.file));
  CHECK(bed.files() == std::set<std::string>{"handled", "state.lock"});
}

TEST_CASE("a FILE that is torn or something else is 2, and stays") {
  Bed bed;
  bed.client.put("b", "a", "1");
  CHECK(bed.keys() == "a ");
  const auto whole = read_file(bed.file);
  for (const std::string& content :
       {std::string(), whole.substr(0, 1), whole.substr(0, whole.size() / 2), whole + whole,
        std::string("hello\n"), std::string(whole.size(), '\0')}) {
    write_file(bed.file, content);
    const auto result = bed.run({"--initial"}, {"echo", "never"});
    CHECK(result.status == 2);
    CHECK(result.out == "");
    CHECK(result.err == "natskv: watch: --state: \"" + bed.file +
                            "\" is not a state file of watch, or was damaged\n"
                            "hint: remove it to start from the current values\n");
    CHECK(read_file(bed.file) == content);
  }
}

TEST_CASE("a FILE that is not a regular file is 2, and nothing is made beside it") {
  Bed bed;
  std::filesystem::create_directory(bed.folder / "folder");
  REQUIRE(::mkfifo((bed.folder / "fifo").c_str(), 0600) == 0);
  for (const char* name : {"folder", "fifo"}) {
    const auto path = bed.folder / name;
    const auto result = bed.server.natskv({"watch", "b", "--state", path, "--initial"});
    CHECK(result.status == 2);
    CHECK(result.err == "natskv: watch: --state: \"" + path + "\" is not a regular file\n");
  }
  CHECK(bed.server.natskv({"watch", "b", "--initial", "--state", "/dev/null"}).status == 2);
  CHECK(bed.server.natskv({"watch", "b", "--initial", "--state="}).status == 2);
  CHECK(bed.files() == std::set<std::string>{"folder", "fifo"});
  CHECK_FALSE(std::filesystem::exists("/dev/null.lock"));
}

TEST_CASE("a FILE that is read-only is replaced, and a leftover of a killed watch is none's business") {
  Bed bed;
  bed.client.put("b", "a", "1");
  CHECK(bed.keys() == "a ");
  bed.client.put("b", "c", "1");
  std::filesystem::permissions(bed.file, std::filesystem::perms(0400));
  write_file(bed.file + ".new", "{\"half", 0444);
  CHECK(bed.keys() == "c ");
  CHECK(mode_of(bed.file) == 0600);
  CHECK(bed.revision() == 2);
  CHECK(bed.files() == std::set<std::string>{"state", "state.lock"});
}

TEST_CASE("revisions that the bucket no longer keeps are said, and every key's newest is handled") {
  Bed bed;
  bed.client.add_bucket("h1");
  const auto start = [&] {
    return bed.server.natskv({"watch", "h1", "--state", bed.file, "--initial", "--", "sh", "-c",
                              "echo $NATSKV_KEY $NATSKV_REVISION"});
  };
  for (const char* key : {"a", "c"}) bed.client.put("h1", key, "1");
  CHECK(start().out == "a 1\nc 2\n");
  for (const char* key : {"a", "a", "c", "a"}) bed.client.put("h1", key, "2");
  const auto next = start();
  CHECK(next.status == 0);
  CHECK(next.out == "c 5\na 6\n");
  CHECK(next.err ==
        "natskv: watch: warning: bucket \"h1\": revisions 3 to 4 are no longer kept and were missed\n");
}

TEST_CASE("other keys' revisions that were looked through when watch ended are not said to be missed") {
  Bed bed;
  bed.client.add_bucket("h1");
  bed.client.put("h1", "a", "1");
  const Words words{"watch", "h1", "a", "--state", bed.file};
  auto until_now = words;
  until_now.emplace_back("--initial");
  CHECK(bed.server.natskv(until_now).status == 0);
  CHECK(bed.revision() == 1);
  for (int i = 0; i < 5; ++i) bed.client.put("h1", "other", "x");
  // A heartbeat a second tells how far the server has looked.
  for (double pause = 1.5; bed.revision() < 6 && pause < 10; pause *= 1.5) {
    Process watch(bed.server.command(words));
    watch.read_for(pause);
    watch.signal(SIGTERM);
    CHECK(watch.wait().status == 143);
  }
  CHECK(bed.revision() == 6);
  CHECK(bed.server.natskv(until_now).err == "");
}

TEST_CASE("where FILE is there, --history and --updates do not apply, and --revision is refused") {
  Bed bed;
  for (const char* value : {"1", "2", "3"}) bed.client.put("b", "a", value);
  const Words show{"sh", "-c", "echo $NATSKV_REVISION"};
  CHECK(bed.run({"--initial", "--history"}, show).out == "1\n2\n3\n");
  bed.client.put("b", "a", "4");
  CHECK(bed.run({"--initial", "--history"}, show).out == "4\n");
  bed.client.put("b", "a", "5");
  Process updates(bed.command({"--updates", "--count", "1"}, show));
  CHECK(updates.wait().out == "5\n");
  const auto refused = bed.run({"--revision", "2"}, show);
  CHECK(refused.status == 2);
  CHECK(refused.err == "natskv: watch: --revision: the state file exists, and says where to begin\n");
  std::filesystem::remove(bed.file);
  CHECK(bed.run({"--revision", "4", "--count", "2"}, show).out == "4\n5\n");
  CHECK(bed.revision() == 5);
}

TEST_CASE("without COMMAND only what was written to stdout counts as shown") {
  Bed bed;
  bed.client.put("b", "a", "1");
  const auto full = bed.run({"--initial"}, {}, {.out_file = "/dev/full"});
  CHECK(full.status == 1);
  CHECK_FALSE(std::filesystem::exists(bed.file));
  Process watch(bed.command({}));
  REQUIRE(watch.read_until("a\t"));
  for (int i = 0; i < 500; ++i) bed.client.put("b", "k" + std::to_string(i), "1");
  REQUIRE(watch.read_until("k499\t"));
  CHECK(eventually([&] { return bed.reached(501); }));
  watch.signal(SIGTERM);
  CHECK(watch.wait().status == 143);
  CHECK(bed.revision() == 501);
  CHECK(bed.keys() == "");
}

TEST_CASE("without COMMAND FILE is written before a watch ends, however slow the disk") {
  Bed bed;
  bed.client.put("b", "a", "1");
  Process watch(with_slow_disk(bed.command({})));
  REQUIRE(watch.read_until("a\t"));
  REQUIRE(eventually([&] { return bed.reached(1); }));
  bed.client.put("b", "b", "1");
  REQUIRE(watch.read_until("b\t"));
  watch.signal(SIGTERM);
  CHECK(watch.wait().status == 143);
  CHECK(bed.revision() == 2);
}

TEST_CASE("without COMMAND FILE is replaced at most ten times a second") {
  Bed bed;
  const int watcher = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  REQUIRE(::inotify_add_watch(watcher, bed.folder.path().c_str(), IN_MOVED_TO) >= 0);
  const auto start = std::chrono::steady_clock::now();
  Process watch(bed.command({}));
  for (int i = 0; i < 400; ++i) {
    bed.client.put("b", "k" + std::to_string(i), "1");
    REQUIRE(watch.read_until("k" + std::to_string(i) + "\t"));  // each is flushed by itself
  }
  CHECK(eventually([&] { return bed.reached(400); }));
  watch.signal(SIGTERM);
  CHECK(watch.wait().status == 143);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::array<char, 65536> events{};
  const ssize_t got = ::read(watcher, events.data(), events.size());
  ::close(watcher);
  REQUIRE(got > 0);
  int replaced = 0;
  for (ssize_t at = 0; at < got; ++replaced) {
    inotify_event event{};
    std::memcpy(&event, events.data() + at, sizeof event);
    at += static_cast<ssize_t>(sizeof event + event.len);
  }
  CHECK(replaced <= took.count() * 10 + 2);
  CHECK(bed.revision() == 400);
}

TEST_CASE("killed at twenty moments: each event is handled at least once, in order, and FILE is never torn") {
  Bed bed;
  constexpr int kills = 20;
  constexpr std::uint64_t events = 60;
  for (std::uint64_t i = 1; i <= events; ++i) bed.client.put("b", "k" + std::to_string(i), std::to_string(i));
  const unsigned seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  std::uint64_t before = 0;
  const std::string log = bed.folder / "handled";
  const auto size = [&] { return std::filesystem::exists(log) ? std::filesystem::file_size(log) : 0; };
  for (int i = 0; i < kills && before < events; ++i) {
    const auto handled = size();
    Process watch(bed.command({}, handler(bed, "test $(cat) = $NATSKV_REVISION || exit 1")));
    for (int slice = 0; slice < 4000 && size() == handled && watch.running(); ++slice)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 30));
    watch.signal(SIGKILL);
    watch.wait();
    if (!std::filesystem::exists(bed.file)) continue;
    CHECK(bed.revision() >= before);
    before = bed.revision();
  }
  // The keeper of the last one may still be ending its COMMAND.
  int status = 1;
  CHECK(eventually([&] { return (status = bed.run({"--initial"}, handler(bed)).status) != 1; }));
  CHECK(status == 0);
  CHECK(bed.revision() == events);
  std::istringstream lines(read_file(log));
  std::uint64_t last = 0;
  int again = 0;
  for (std::uint64_t revision = 0; lines >> revision; last = revision) {
    CHECK((revision == last || revision == last + 1));  // one event at most is repeated
    if (revision == last) ++again;
  }
  CHECK(last == events);
  CHECK(again <= kills);
}
