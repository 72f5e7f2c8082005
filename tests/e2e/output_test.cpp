// Where results go, and what happens when they can't.
#include "support/buckets.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <sstream>

using namespace natskv::test;

TEST_CASE("a full disk under stdout is a failure with a message") {
  const TestBucket b;
  b.put("k", "v");
  b.put("big", std::string(300'000, 'x'));
  for (const std::vector<std::string>& words : {std::vector<std::string>{"get", "k"},
                                                {"get", "big"},
                                                {"get", "k", "-j"},
                                                {"get", "k", "big"},
                                                {"put", "k", "v"},
                                                {"keys"},
                                                {"history", "k"}}) {
    CAPTURE(words[0]);
    const auto result = b(words[0], {words.begin() + 1, words.end()}, {.out_file = "/dev/full"});
    CHECK(result.status == 1);
    const auto reason = "cannot write to standard output: No space left on device";
    const bool json = words.back() == "-j";
    CHECK(result.err.starts_with(json ? "{\"error\":{\"exit\":1," : fmt::format("natskv: {}: ", words[0])));
    CHECK(result.err.find(reason) != std::string::npos);
    CHECK(lines(result.err) == 1);
  }
}

TEST_CASE("help and the version on a full disk fail too") {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"--version"}, {"--help"}, {"help"}, {"get", "--help"}}) {
    CHECK(nowhere(words, {.out_file = "/dev/full"}).status == 1);
  }
}

TEST_CASE("a closed stdout is a failure where there is something to write") {
  const TestBucket b;
  b.put("k", "v");
  const auto result = b("get", {"k"}, {.close_stdout = true});
  CHECK(result.status == 1);
  CHECK(result.err.find("cannot write to standard output") != std::string::npos);
  CHECK(b("put", {"k", "w", "-q"}, {.close_stdout = true}).status == 0);
  CHECK(b("get", {"none"}, {.close_stdout = true}).status == 3);
  CHECK(b("get", {"k"}, {.close_stdin = true}).out == "w");
  CHECK(b("get", {"k"}, {.close_stdin = true, .close_stderr = true}).out == "w");
}

TEST_CASE("nothing of natskv's own takes the number of a descriptor that was closed") {
  const TestBucket b;
  b.put("k", "8 bytes.");  // as many as an eventfd takes
  CHECK(all(b("get", {"k"}, {.close_stdin = true, .close_stdout = true})) ==
        "1||natskv: get: cannot write to standard output: Bad file descriptor\n");
  CHECK(all(b("put", {"k"}, {.close_stdin = true})) ==
        "2||natskv: put: VALUE: cannot read stdin: Bad file descriptor\n");
  const TempDir folder;
  CHECK(
      b("export", {"-F", folder / "file"}, {.close_stdin = true, .close_stdout = true, .close_stderr = true})
          .status == 0);
  CHECK(lines(read_file(folder / "file")) == 1);  // and not what export says
  // A child is started without them, too.
  const auto child = natskv::test::natskv(
      {"sandbox", "--", "sh", "-c", "for fd in 0 1; do [ -e /proc/$$/fd/$fd ] && exit 9; done; exit 0"},
      {.close_stdin = true, .close_stdout = true});
  CHECK(child.status == 0);
}

TEST_CASE("without descriptors left for it natskv says so and fails") {
  if (std::getenv("NATSKV_SANITIZED") != nullptr) SKIP("the sanitizers' own start takes those descriptors");
  // How many are enough for the loader only depends on what is inherited.
  std::string said;
  for (const char* most : {"4", "5", "6", "7", "8", "9"}) {
    const auto short_of = run({.args = {"sh", "-c", "ulimit -n $0; exec \"$@\"", most,
                                        natskv_command({}).args[0], "get", "b", "k", "-s", "127.0.0.1:1"}});
    CAPTURE(all(short_of));
    CHECK((short_of.status == 127 || short_of.status == 1 || short_of.status == 5));
    said += short_of.err;
  }
  CHECK(said.find("natskv: cannot watch for signals: Too many open files\n") != std::string::npos);
}

TEST_CASE("a reader that went away is a silent 141") {
  const TestBucket b;
  b.put("big", std::string(1'000'000, 'x'));
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  ::close(ends[0]);
  for (const std::vector<std::string>& words : {std::vector<std::string>{"get", "big"},
                                                {"get", "big", "big", "-0"},
                                                {"get", ">"},
                                                {"get", ">", "-o", "table"},
                                                {"keys", "-v", "-o", "table"}}) {
    CHECK(all(b(words[0], {words.begin() + 1, words.end()}, {.out_fd = ends[1]})) == "141||");
  }
  // What prints nothing did what it was asked to.
  for (int i = 0; i < 20; ++i) CHECK(all(b("put", {"k", "v", "-q"}, {.out_fd = ends[1]})) == "0||");
  ::close(ends[1]);
}

TEST_CASE("a reader that goes away ends a command that only reads, though it has nothing to print") {
  Server server;
  Client(server.url()).add_bucket("b");
  const auto ends = [&](std::vector<std::string> words) {
    Process process(server.command(std::move(words), {.limit = 20}));
    ::usleep(200'000);
    process.close_stdout();
    const auto result = process.wait();
    CHECK(result.status == 141);
    CHECK(result.err == "");
  };
  // Quiet, for it says after two seconds that it waits.
  ends({"wait", "b", "k", "-q"});
  ends({"wait", "b", "k", "-j", "-q"});
  server.pause();
  for (const char* command : {"keys", "history", "export", "get"}) {
    std::vector<std::string> words{command, "b", "--timeout", "15s"};
    if (words[0] == "get" || words[0] == "history") words.emplace_back("k");
    ends(words);
  }
  server.resume();
}

TEST_CASE("lists are tables on a terminal and TSV in a pipe") {
  const TestBucket b;
  b.put("k", "v");
  b.put("l", "w");
  Terminal terminal(b.command("get", {"k", "l"}));
  CHECK(terminal.wait().status == 0);
  CHECK(terminal.screen().find("KEY") != std::string::npos);
  CHECK(terminal.screen().find("\x1b[") != std::string::npos);
  CHECK(b("get", {"k", "l"}).out.starts_with("k\t1\t"));
  Terminal dumb(b.command("get", {"k", "l"}, {.env = {{"TERM", "dumb"}}}));
  CHECK(dumb.wait().status == 0);
  CHECK(dumb.screen().find("\x1b[") == std::string::npos);
  Terminal colourless(b.command("get", {"k", "l"}, {.env = {{"NO_COLOR", "1"}}}));
  CHECK(colourless.wait().status == 0);
  CHECK(colourless.screen().find("\x1b[") == std::string::npos);
  Terminal plain(b.command("get", {"k", "l", "--color", "never"}));
  CHECK(plain.wait().status == 0);
  CHECK(plain.screen().find("\x1b[") == std::string::npos);
  CHECK(b("get", {"k", "l", "-o", "table", "--color=always"}).out.find("\x1b[") != std::string::npos);
  CHECK(b("get", {"k", "l", "-o", "table"}, {.env = {{"CLICOLOR_FORCE", "1"}}}).out.find("\x1b[") !=
        std::string::npos);
  CHECK(b("get", {"k", "l", "-o", "table"}).out.find("\x1b[") == std::string::npos);
}

TEST_CASE("a table fits the terminal, and control characters never reach it") {
  const TestBucket b;
  b.put("k", "esc\x1b[31mred" + std::string(300, 'x'));
  b.put("l", "wide " + std::string(300, 'y'));
  Terminal terminal(b.command("get", {">", "--color", "never"}), {.cols = 60});
  CHECK(terminal.wait().status == 0);
  CHECK(terminal.screen().find('\x1b') == std::string::npos);
  std::istringstream rows(terminal.screen());
  for (std::string row; std::getline(rows, row);) CHECK(row.size() <= 62 + 1);  // … is three bytes, then \r
}

TEST_CASE(
    "times of tables are local, the zone in the header, --utc turns that off, machine formats are UTC") {
  const TestBucket b;
  b.put("k", "v");
  const Run tokyo{.env = {{"TZ", "Asia/Tokyo"}}};
  CHECK(b("get", {"k", "-o", "table"}, tokyo).out.starts_with("KEY  REV  CREATED (UTC+9) "));
  CHECK(b("get", {"k", "-o", "table", "--utc"}, tokyo).out.starts_with("KEY  REV  CREATED (UTC) "));
  CHECK(b("get", {"k", "-o", "tsv"}, tokyo).out == b("get", {"k", "-o", "tsv"}).out);
}

TEST_CASE("values of every kind in JSON and TSV come back as they were") {
  const TestBucket b;
  std::vector<std::string> values{
      "",       "\n",           "\t\\n",    "grüße 😀", "\"quoted\"", "\xff", std::string("\0", 1),
      "\u2028", "\xed\xa0\x80", "{\"a\":1}"};
  for (const auto& value : values) {
    CAPTURE(escaped(value));
    b.put("k", value);
    const auto json = b("get", {"k", "-j"}).out;
    CHECK(lines(json) == 1);
    const auto entry = nlohmann::json::parse(json);
    CHECK(entry.contains("value") != entry.contains("value_base64"));
    if (entry.contains("value")) CHECK(entry["value"] == value);
    CHECK(entry["size"] == value.size());
    CHECK(lines(b("get", {"k", "-o", "tsv"}).out) == 1);
  }
}

TEST_CASE("--quiet drops notes and hints, never data, warnings and errors") {
  const TestBucket b;
  b.put("k", "v");
  CHECK(all(b("get", {"k", "-q"})) == "0|v|");
  CHECK(all(b("del", {"*", "-f", "-q"})) == "0||");
  CHECK(all(b("get", {"k", "-q"})).starts_with("3||natskv: get: key"));
  CHECK(all(b("put", {"k", "-q"})) == "2||natskv: put: no VALUE given, and stdin is empty\n");
}
