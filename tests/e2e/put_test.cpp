#include "support/buckets.hpp"
#include "support/memory.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <filesystem>

using namespace natskv::test;

TEST_CASE("put prints the new revision and stores the argument byte for byte") {
  const TestBucket b;
  CHECK(all(b("put", {"k", "hello"})) == "0|1\n|");
  CHECK(all(b("put", {"k", ""})) == "0|2\n|");
  CHECK(b.last("k").data.empty());
  CHECK(b.last("k").headers.empty());
  CHECK(all(b("put", {"a/b_c=d.e-F.9", "grüße\n\n"})) == "0|3\n|");
  CHECK(b.last("a/b_c=d.e-F.9").data == "grüße\n\n");
  CHECK(all(b("put", {"k", "\xff\xfe"})) == "0|4\n|");
  CHECK(b.last("k").data == "\xff\xfe");
}

TEST_CASE("words that only look like something are values") {
  const TestBucket b;
  std::uint64_t revision = 0;
  for (const std::string word :
       {"-", "-5", "++", "[a,b]", "+", "-0", "{}", "@none", "a b", "%s", "'", "--"}) {
    CAPTURE(word);
    const auto result = word == "--" ? b("put", {"k", "--", "--"}) : b("put", {"k", word});
    CHECK(all(result) == fmt::format("0|{}\n|", ++revision));
    CHECK(b.last("k").data == word);
  }
}

TEST_CASE("a value that looks like an option goes behind --") {
  const TestBucket b;
  const std::string refused = "2||natskv: put: the value starts with \"-\"; write -- before it\n";
  CHECK(all(b("put", {"k", "--verbose"})) == refused);
  CHECK(all(b("put", {"k", "--password-hash=secret"})) == refused);
  CHECK(all(b("put", {"k", "-x"})) == refused);
  CHECK(b.last_revision() == 0);
  CHECK(all(b("put", {"k", "--", "--verbose"})) == "0|1\n|");
  CHECK(b.last("k").data == "--verbose");
  CHECK(all(b("put", {"--", "k", "-x"})) == "0|2\n|");
  CHECK(b.last("k").data == "-x");
}

TEST_CASE("a known option in VALUE's place is that option, wherever it stands") {
  const TestBucket b;
  CHECK(
      all(b("put", {"k", "--json", "v"})) ==
      fmt::format("0|{{\"bucket\":\"{}\",\"key\":\"k\",\"revision\":1,\"operation\":\"PUT\"}}\n|", b.name()));
  CHECK(all(kv({"--timeout", "3s", "put", "-q", b.name(), "--timeout=4s", "k", "w", "-q"})) == "0||");
  CHECK(b.last("k").data == "w");
  CHECK(b.last_revision() == 2);
}

TEST_CASE("values from stdin, byte for byte") {
  const TestBucket b;
  const std::string bytes("\0\xff\r\n\0", 5);
  CHECK(all(b("put", {"k"}, {.input = bytes})) == "0|1\n|");
  CHECK(b.last("k").data == bytes);
  CHECK(all(b("put", {"k", "-F", "-"}, {.input = "x\n"})) == "0|2\n|");
  CHECK(b.last("k").data == "x\n");
  CHECK(all(b("put", {"k", "-F-"}, {.input = ""})) == "0|3\n|");
  CHECK(b.last("k").data.empty());
}

TEST_CASE("a stdin that somebody made non-blocking is waited for") {
  const TestBucket b;
  for (const std::vector<std::string>& words : {std::vector<std::string>{"put", "k"},
                                                {"put", "k", "-F", "-"},
                                                {"create", "new"},
                                                {"update", "k", "--if-revision", "2"},
                                                {"import"}}) {
    CAPTURE(words[0]);
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    REQUIRE(::fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0);
    Process process(b.command(words[0], {words.begin() + 1, words.end()}, {.in_fd = ends[0]}));
    ::close(ends[0]);
    process.read_for(0.2);
    const std::string line = "{\"key\":\"i\",\"value\":\"1\"}\n";
    CHECK(::write(ends[1], line.data(), line.size()) == static_cast<ssize_t>(line.size()));
    ::close(ends[1]);
    const auto result = process.wait();
    CHECK_MESSAGE(result.status == 0, result.err);
  }
  CHECK(b.last("k").data == "{\"key\":\"i\",\"value\":\"1\"}\n");
}

TEST_CASE("an input over the server's limit is refused before it fills the memory") {
  const TestBucket b;
  const TempDir folder;
  const std::string file = folder / "huge";
  write_file(file, "");
  std::filesystem::resize_file(file, 1'500'000'000);  // sparse
  const auto known = b("put", {"k", "-F", file});
  CHECK(all(known) == "1||natskv: put: key \"k\" of bucket \"" + b.name() +
                          "\": the value of 1500000000 B is over the server's limit of 1048576 B\n");
  check_within(known, 64);
  for (const std::string& from : {std::string("/dev/zero"), std::string("-")}) {
    const auto endless = b("create", {"k", "-F", from}, {.in_file = "/dev/zero"});
    CHECK(all(endless) == "1||natskv: create: key \"k\" of bucket \"" + b.name() +
                              "\": the value is over the server's limit of 1048576 B\n");
    check_within(endless, 64);
  }
  CHECK(b.messages() == 0);
}

TEST_CASE("a value between 1 MiB and what the server takes is stored from a file and from a pipe") {
  Server large({.config = "max_payload: 8MB"});
  Client client(large.url());
  client.add_bucket("b");
  const TempDir folder;
  const std::string value(3'000'000, 'x');
  write_file(folder / "value", value);
  CHECK(large.natskv({"put", "b", "file", "-F", folder / "value"}).out == "1\n");
  CHECK(large.natskv({"put", "b", "pipe"}, {.input = value}).out == "2\n");
  CHECK(client.last("b", "pipe").data == value);
  CHECK(client.last("b", "file").data == value);
}

TEST_CASE("a write whose answer cannot be printed says that it was made") {
  const TestBucket b;
  const auto full = [&](const std::string& verb, const std::vector<std::string>& rest) {
    return b(verb, rest, {.out_file = "/dev/full"});
  };
  const std::string cause = ", but natskv cannot write to standard output: No space left on device\n";
  const std::string key = "key \"k\" of bucket \"" + b.name() + "\" was ";
  CHECK(all(full("put", {"k", "v"})) == "1||natskv: put: " + key + "stored at revision 1" + cause);
  CHECK(all(full("update", {"k", "w", "1"})) == "1||natskv: update: " + key + "stored at revision 2" + cause);
  CHECK(all(full("del", {"k"})) == "1||natskv: del: " + key + "deleted at revision 3" + cause);
  CHECK(all(full("create", {"k", "x"})) == "1||natskv: create: " + key + "stored at revision 4" + cause);
  CHECK(full("purge", {"k", "-j"}).err.find("was purged at revision 5, but natskv cannot write") !=
        std::string::npos);
  CHECK(full("put", {"k", "v", "-q"}).status == 0);
  CHECK(b("put", {"k", "v"}, {.close_stdout = true}).err.find("was stored at revision 7") !=
        std::string::npos);
}

TEST_CASE("so does a bucket that was made or changed") {
  const auto made = kv({"add", "unprinted"}, {.out_file = "/dev/full"});
  CHECK(made.status == 1);
  CHECK(made.err.find("bucket \"unprinted\" was created, but") != std::string::npos);
  const auto changed = kv({"edit", "unprinted", "--history", "2"}, {.out_file = "/dev/full"});
  CHECK(changed.status == 1);
  CHECK(changed.err.find("bucket \"unprinted\" was changed, but") != std::string::npos);
}

TEST_CASE("an empty stdin is an error, not an empty value") {
  const TestBucket b;
  const std::string refused =
      "2||natskv: put: no VALUE given, and stdin is empty\nhint: give \"\" or -F - for an empty value\n";
  CHECK(all(b("put", {"k"}, {.input = ""})) == refused);
  CHECK(all(b("put", {"k"})) == refused);
  CHECK(all(b("put", {"k", "--"})) == refused);
  CHECK(b("put", {"k"}, {.close_stdin = true}).status == 2);
  CHECK(b.last_revision() == 0);
}

TEST_CASE("no value is read from a terminal") {
  const TestBucket b;
  Terminal terminal(b.command("put", {"k"}));
  const auto result = terminal.wait();
  CHECK(result.status == 2);
  CHECK(terminal.screen().find("stdin is a terminal") != std::string::npos);
  CHECK(b.last_revision() == 0);
}

TEST_CASE("a file typed on a terminal with -F - is stored") {
  const TestBucket b;
  Terminal terminal(b.command("put", {"k", "-F", "-"}));
  terminal.send("typed\n\x04");
  CHECK(terminal.wait().status == 0);
  CHECK(b.last("k").data == "typed\n");
}

TEST_CASE("values from a file, of every size up to a MiB and over") {
  const TestBucket b;
  const TempDir folder;
  const std::string file = folder / "value";
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{1048000}}) {
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 7);
    write_file(file, bytes);
    CHECK(b("put", {"k", "--file", file}).status == 0);
    CHECK(b.last("k").data == bytes);
    CHECK(b("get", {"k"}).out == bytes);
  }
}

TEST_CASE("1 MiB exactly is the server's default limit and goes; one byte more names both sizes") {
  const TestBucket b;
  const std::string bytes(1048576, 'x');
  CHECK(all(b("put", {"k"}, {.input = bytes})) == "0|1\n|");
  CHECK(b("get", {"k"}).out == bytes);
  CHECK(all(b("put", {"k"}, {.input = bytes + "y"})) ==
        fmt::format(
            "1||natskv: put: key \"k\" of bucket \"{}\": the value of 1048577 B is over the server's limit "
            "of 1048576 B\n",
            b.name()));
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"create", "n"}, {"update", "k", "--if-revision", "1"}}) {
    const auto result = b(words[0], {words.begin() + 1, words.end()}, {.input = bytes + "y"});
    CHECK(result.status == 1);
    CHECK(result.err.find("1048577 B is over the server's limit of 1048576 B") != std::string::npos);
  }
  CHECK(b.last_revision() == 1);
}

TEST_CASE("over the bucket's own limit both sizes are named") {
  const TestBucket b(R"({"max_msg_size": 100})");
  const auto result = b("put", {"k"}, {.input = std::string(300, 'x')});
  CHECK(result.status == 1);
  CHECK(result.err ==
        fmt::format("natskv: put: key \"k\" of bucket \"{}\": the value of 300 B is over the bucket's "
                    "limit of 100 B\nhint: natskv edit --max-value-size raises it\n",
                    b.name()));
  CHECK(b.last_revision() == 0);
}

TEST_CASE("a full bucket is a failure that says so") {
  const TestBucket b(R"({"max_bytes": 2000})");
  CHECK(b("put", {"k"}, {.input = std::string(1200, 'x')}).status == 0);
  const auto result = b("put", {"l"}, {.input = std::string(1200, 'x')});
  CHECK(result.status == 1);
  CHECK(result.err.find(fmt::format("key \"l\" of bucket \"{}\": the bucket is full\n", b.name())) !=
        std::string::npos);
}

TEST_CASE("VALUE and --file exclude each other, and files are looked at before the server") {
  const TempDir folder;
  const auto refused = [&](std::vector<std::string> words, const std::string& text) {
    words.insert(words.begin(), {"put", "b", "k"});
    CHECK(all(nowhere(words)) == "2||natskv: put: " + text + "\n");
  };
  refused({"v", "-F", "x"}, "VALUE and --file exclude each other");
  refused({"-F", "/none/such"}, "--file: cannot read \"/none/such\": No such file or directory");
  refused({"-F", folder.path().string()},
          fmt::format("--file: cannot read \"{}\": Is a directory", folder.path().string()));
  refused({"v", "w"}, "one argument too many (natskv put BUCKET KEY [VALUE])");
  refused({"-F"}, "--file needs a value");
  refused({"-F", ""}, "--file: \"\" is not a name (an unset variable?)");
}

TEST_CASE("@name is literal, with a hint where such a file exists") {
  const TestBucket b;
  const TempDir folder;
  write_file(folder / "value", "from the file");
  const auto result = b("put", {"k", "@value"}, {.cwd = folder.path().string()});
  CHECK(all(result) == "0|1\n|hint: VALUE is taken literally; -F reads a file\n");
  CHECK(b.last("k").data == "@value");
  CHECK(all(b("put", {"k", "@value", "-q"}, {.cwd = folder.path().string()})) == "0||");
}

TEST_CASE("put --if-revision is update") {
  const TestBucket b;
  b.put("k", "1");
  CHECK(all(b("put", {"k", "2", "--if-revision", "1"})) == "0|2\n|");
  CHECK(
      all(b("put", {"k", "3", "--if-revision", "1"})) ==
      fmt::format("4||natskv: put: key \"k\" of bucket \"{}\" is at revision 2, not 1; nothing was written\n",
                  b.name()));
  CHECK(b("put", {"k", "3", "--if-revision", "0"}).status == 4);
  CHECK(b("put", {"k", "3", "--if-revision", ""}).status == 2);
  CHECK(b.last("k").data == "2");
}

TEST_CASE("a missing bucket is told from a missing key, and quickly") {
  const auto result = kv({"put", "nosuch", "k", "v"});
  CHECK(all(result) == "3||natskv: put: bucket \"nosuch\" not found\nhint: natskv ls lists the buckets\n");
  bed().client.api("STREAM.CREATE.KV_plain", R"({"name":"KV_plain","subjects":["plain.>"]})");
  CHECK(all(kv({"put", "plain", "k", "v"})) ==
        "1||natskv: put: stream \"KV_plain\" exists but is not a key-value bucket\n");
}

TEST_CASE("what a write prints in every format") {
  const TestBucket b;
  CHECK(b("put", {"k", "v", "-o", "tsv"}).out == fmt::format("{}\tk\t1\tPUT\n", b.name()));
  const std::string object = R"({{"bucket":"{}","key":"k","revision":{},"operation":"PUT"}})";
  CHECK(b("put", {"k", "v", "-o", "json"}).out == fmt::format(fmt::runtime(object), b.name(), 2) + "\n");
  CHECK(b("put", {"k", "v", "-o", "jsonl"}).out == fmt::format(fmt::runtime(object), b.name(), 3) + "\n");
  CHECK(b("put", {"k", "v", "-o", "table"}).out.find("REV") != std::string::npos);
  CHECK(all(b("put", {"k", "v", "-o", "raw"})) ==
        "2||natskv: put: raw output is not available here\nhint: use -o tsv or -o json\n");
  CHECK(all(b("put", {"k", "v", "-q"})) == "0||");
  CHECK(b("put", {"k", "v", "-q", "-j"}).out == fmt::format(fmt::runtime(object), b.name(), 6) + "\n");
  Terminal terminal(b.command("put", {"k", "v"}));
  CHECK(terminal.wait().status == 0);
  CHECK(terminal.screen() == "7\r\n");
}

TEST_CASE("a mirror's keys are written to its origin") {
  const TestBucket origin;
  const TestBucket mirror(fmt::format(
      R"({{"subjects": [], "mirror": {{"name": "KV_{}"}}, "mirror_direct": true}})", origin.name()));
  CHECK(all(mirror("put", {"k", "v"})) == "0|1\n|");
  CHECK(origin.last("k").data == "v");
  CHECK(all(mirror("update", {"k", "w", "1"})) == "0|2\n|");
  CHECK(mirror("create", {"k", "x"}).status == 4);
  CHECK(all(origin("get", {"k"})) == "0|w|");
}
