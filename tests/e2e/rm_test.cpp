#include "support/buckets.hpp"
#include "support/colors.hpp"

#include <doctest/doctest.h>

using namespace natskv::test;

TEST_CASE("rm with --force removes the bucket and says so on stderr only") {
  const TestBucket b;
  b.put("k", "v");
  CHECK(all(b("rm", {"-f"})) == fmt::format("0||natskv: rm: removed bucket \"{}\"\n", b.name()));
  // The hint names another test's bucket or none.
  CHECK(
      b("get", {"k"}).err.starts_with(fmt::format("natskv: get: bucket \"{}\" not found\nhint: ", b.name())));
  CHECK(all(b("rm", {"-f"}))
            .starts_with(fmt::format("3||natskv: rm: bucket \"{}\" not found\nhint: ", b.name())));
  const TestBucket c;
  CHECK(all(c("rm", {"--force", "--quiet"})) == "0||");
}

TEST_CASE("--if-exists: a bucket that is not there is no error") {
  const auto none = kv({"rm", "none", "-f", "--if-exists"});
  CHECK(all(none) == "0||natskv: rm: bucket \"none\" does not exist: nothing to do\n");
  CHECK(kv({"rm", "none", "--if-exists"}).status == 2);
  const TestBucket b;
  CHECK(b("rm", {"-f", "-q", "--if-exists"}).status == 0);
  CHECK(b("info").status == 3);
}

TEST_CASE("off a terminal rm refuses, sending nothing; a piped y is no answer") {
  for (const auto& input : {std::optional<std::string>(), std::optional<std::string>("y\n")}) {
    CHECK(
        all(nowhere({"rm", "b"}, {.input = input})) ==
        "2||natskv: rm: removing bucket \"b\" needs confirmation, and this is not a terminal\nhint: --force does "
        "it "
        "without asking\n");
  }
  const TestBucket b;
  Terminal terminal(b.command("rm", {}, {.input = "y\n"}), {.in = false});
  CHECK(terminal.wait().status == 2);
  Terminal silent(b.command("rm"), {.err = false});
  CHECK(silent.wait().status == 2);
  CHECK(b.messages() == 0);
}

TEST_CASE("no spelling of rm removes a key") {
  const TestBucket b;
  b.put("k", "v");
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"k"}, {"k", "-f"}, {"-f", "k"}, {"-f", "--", "k"}, {"", "-f"}}) {
    CHECK(
        all(b("rm", words)) ==
        "2||natskv: rm: rm removes one bucket and takes no key\nhint: natskv del BUCKET KEY deletes keys\n");
  }
  CHECK(b.last("k").data == "v");
}

TEST_CASE("on a terminal rm asks, with values and size; only yes is yes") {
  const TestBucket b;
  b.put("k", std::string(2000, 'x'));
  b.put("l", "v");
  for (const std::string answer : {"n\n", "\n", "yep\n", "\x04"}) {
    Terminal terminal(b.command("rm"));
    REQUIRE(terminal.read_until("[y/N] "));
    CHECK(terminal.screen() == fmt::format("Remove bucket \"{}\" at {} with 2 values (2 KiB)? [y/N] ",
                                           b.name(), bed().server.url()));
    terminal.send(answer);
    CHECK(terminal.wait().status == 1);
    CHECK(without_colors(terminal.screen()).ends_with("natskv: rm: nothing changed\r\n"));
  }
  CHECK(b.messages() == 2);
  Terminal terminal(b.command("rm"));
  REQUIRE(terminal.read_until("[y/N] "));
  terminal.send("YES\n");
  CHECK(terminal.wait().status == 0);
  CHECK(b("rm", {"-f"}).status == 3);
}

TEST_CASE("Ctrl-C at the question ends with 130 and removes nothing") {
  const TestBucket b;
  Terminal terminal(b.command("rm"));
  REQUIRE(terminal.read_until("[y/N] "));
  terminal.send("\x03");
  CHECK(terminal.wait().status == 130);
  CHECK(terminal.sane());
  CHECK(b.messages() == 0);
}

TEST_CASE("a user may think longer than the timeout") {
  const TestBucket b;
  Terminal terminal(b.command("rm", {"--timeout", "4s"}));
  REQUIRE(terminal.read_until("[y/N] "));
  terminal.read_for(4.5);
  terminal.send("y\n");
  CHECK(terminal.wait().status == 0);
}

TEST_CASE("a stream that is no bucket is not removed") {
  bed().client.api("STREAM.CREATE.KV_plain", R"({"name":"KV_plain","subjects":["plain.>"]})");
  CHECK(all(kv({"rm", "plain", "-f"})) ==
        "1||natskv: rm: stream \"KV_plain\" exists but is not a key-value bucket\n");
  CHECK(bed().client.api("STREAM.INFO.KV_plain").find("\"error\"") == std::string::npos);
}

TEST_CASE("rm and purge --all end with an object where JSON was asked for") {
  const TestBucket b;
  for (const std::string key : {"k", "l"}) b.put(key, "v");
  const std::string none = "\"conflicts\":0,\"failed\":0,\"unknown\":0}\n|";
  CHECK(all(b("purge", {"--all", "-f", "-j"})) ==
        fmt::format("0|{{\"bucket\":\"{}\",\"deleted\":2,{}", b.name(), none));
  b.put("k", "v");
  CHECK(all(b("rm", {"-f", "-j"})) == fmt::format("0|{{\"bucket\":\"{}\",\"deleted\":1,{}", b.name(), none));
}
