// SPEC 2: how words are split, and that nothing is sent before everything is checked.
#include "support/buckets.hpp"
#include "support/tcp.hpp"

#include <doctest/doctest.h>

#include <cctype>
#include <random>
#include <utility>

using namespace natskv::test;

namespace {

using Words = std::vector<std::string>;

// Greets like a server and counts who comes.
Result counted(const FakeServer& fake, const Words& words) {
  Run run;
  run.env["NATS_URL"] = fake.url();
  run.limit = 10;
  return natskv::test::natskv(words, std::move(run));
}

class Bad {
 public:
  explicit Bad(unsigned seed) : random_(seed) {}

  Words line() {
    Words words = one(commands);
    // What may be left out is not left out of these.
    Words any = number(2) == 0 ? words : one(others);
    switch (number(10)) {
      case 0:
        return {one(garbage), "b", "k"};
      case 1:
        insert(any, one(unknown));
        return any;
      case 2:
        any[1] = one(buckets);
        return any;
      case 3:
        words.resize(1 + number(words[0] == "rm" ? 1 : 2));
        return words;
      case 4:
        words = one(with_key);
        words[2] = one(keys);
        return words;
      case 5: {
        const auto& [command, option] = one(numbers);
        words = command;
        words.push_back(option + "=" + one(no_revisions));
        return words;
      }
      case 6: {
        const auto& [command, option] = one(durations);
        words = command;
        words.push_back(option + "=" + one(no_durations));
        return words;
      }
      case 7: {
        const auto& [command, option] = one(sizes);
        words = command;
        words.push_back(option + "=" + one(no_sizes));
        return words;
      }
      case 8:
        any.push_back(one(unfinished));
        return any;
      default:
        insert(any, one(wrong_globals));
        return any;
    }
  }

 private:
  std::size_t number(std::size_t below) {
    return std::uniform_int_distribution<std::size_t>(0, below - 1)(random_);
  }
  template <class T>
  const T& one(const std::vector<T>& list) {
    return list[number(list.size())];
  }
  void insert(Words& words, const std::string& word) {
    words.insert(words.begin() + static_cast<std::ptrdiff_t>(number(words.size() + 1)), word);
  }

  std::mt19937 random_;
  const std::vector<Words> with_key{{"put", "b", "k", "v"},
                                    {"create", "b", "k", "v"},
                                    {"update", "b", "k", "v", "1"},
                                    {"revert", "b", "k", "1"}};
  const std::vector<Words> commands{
      {"get", "b", "k"},         {"get", "b", "k", "l"},         {"put", "b", "k", "v"},
      {"create", "b", "k", "v"}, {"update", "b", "k", "v", "1"}, {"del", "b", "k"},
      {"purge", "b", "k"},       {"revert", "b", "k", "1"},      {"history", "b", "k"},
      {"rm", "b", "-f"}};
  const std::vector<Words> others{{"add", "b"},
                                  {"edit", "b", "--history", "2"},
                                  {"info", "b"},
                                  {"compact", "b", "-f"},
                                  {"keys", "b"},
                                  {"watch", "b"},
                                  {"export", "b"},
                                  {"import", "b"},
                                  {"diff", "b", "c"},
                                  {"cp", "b", "c"},
                                  {"view", "b"},
                                  {"new", "b", "--compress"},
                                  {"edit-value", "b", "k"}};
  const Words garbage{"gett",
                      "PUT",
                      " ",
                      "",
                      "-",
                      "++",
                      "[a]",
                      "get ",
                      "\xff\xfe",
                      "ge\x01t",
                      "*",
                      "get,put",
                      "./get",
                      "$(get)",
                      "-5",
                      "%s%n",
                      std::string(5000, 'x')};
  const Words unknown{"--zzz", "--Revision", "-Z",      "--no-json",   "---",       "--zzz=1",
                      "--=x",  "-ZZ9",       "--jsonl", "--revision-", "--\xc3\xbc"};
  const Words buckets{"", "a.b", "a b", "ü", "*", ">", "$KV", "a/b", "\x7f", "b\n", "b\xff"};
  const Words keys{"",  ".a", "a.", "a..b", "a b",  "a\tb",  "*",  "a.>",
                   "ü", "a~", ".",  "..",   "a\nb", "a\xff", "a:b"};
  const Words no_revisions{"",   "-1", "+1",   "1.5", "0", "abc", "1e3", "18446744073709551616",
                           " 1", "1 ", "0x10", "١"};
  const Words no_durations{"",     "1",  "abc",  "-1s", "1ss", "s", "1h 2m",
                           "1e9s", ".s", "300y", "5x",  "1s2", "∞"};
  const std::vector<std::pair<Words, std::string>> numbers{{{"get", "b", "k"}, "--revision"},
                                                           {{"put", "b", "k", "v"}, "--if-revision"},
                                                           {{"update", "b", "k", "v"}, "--if-revision"},
                                                           {{"del", "b", "k"}, "--if-revision"},
                                                           {{"purge", "b", "k"}, "--if-revision"},
                                                           {{"watch", "b"}, "--revision"},
                                                           {{"add", "b"}, "--history"},
                                                           {{"edit", "b"}, "--history"}};
  const std::vector<std::pair<Words, std::string>> durations{{{"get", "b", "k"}, "--timeout"},
                                                             {{"put", "b", "k", "v"}, "--timeout"},
                                                             {{"del", "b", "k", "-f"}, "--older-than"},
                                                             {{"create", "b", "k", "v"}, "--ttl"},
                                                             {{"purge", "b", "k"}, "--ttl"},
                                                             {{"add", "b"}, "--ttl"},
                                                             {{"edit", "b"}, "--marker-ttl"},
                                                             {{"compact", "b", "-f"}, "--older-than"},
                                                             {{"watch", "b"}, "--max-disconnect"}};
  const Words no_sizes{"", "x", "-2", "1.5K", "1PB", "99999999999999999999", "K", "1 K", "0x10", "+1"};
  const std::vector<std::pair<Words, std::string>> sizes{{{"add", "b"}, "--max-value-size"},
                                                         {{"add", "b"}, "--max-bucket-size"},
                                                         {{"edit", "b"}, "--max-value-size"},
                                                         {{"edit", "b"}, "--max-bucket-size"}};
  const Words unfinished{"--timeout", "-s", "--server", "-o", "--output", "--color", "--user", "--token"};
  const Words wrong_globals{"--output=yaml", "-oxml",       "--color=maybe", "-o=",      "--server=",
                            "--json=1",      "--quiet=yes", "--timeout=0",   "--output", "--user"};
};

}  // namespace

TEST_CASE("500 bad command lines: always 2, on one line, and nothing is sent") {
  const FakeServer fake(FakeServer::handshake());
  Bad bad(20240607);
  for (int i = 0; i < 500; ++i) {
    const auto words = bad.line();
    std::string shown;
    for (const auto& word : words) shown += escaped(word).substr(0, 60) + " | ";
    CAPTURE(i);
    CAPTURE(shown);
    const auto result = counted(fake, words);
    CAPTURE(escaped(result.err));
    CHECK_FALSE(result.timed_out);
    CHECK(result.status == 2);
    CHECK(result.out.empty());
    CHECK(result.err.starts_with("natskv: "));
    const auto first = result.err.find('\n');
    const auto rest = first == std::string::npos ? std::string("no line") : result.err.substr(first + 1);
    CHECK((rest.empty() || (rest.starts_with("hint: ") && lines(rest) == 1)));
  }
  CHECK(fake.connections() == 0);
}

TEST_CASE("options stand before the command, behind it and between the arguments") {
  const TestBucket b;
  for (const Words& words : {Words{"-q", "put", b.name(), "k", "v"},
                             {"put", "-q", b.name(), "k", "v"},
                             {"put", b.name(), "-q", "k", "v"},
                             {"put", b.name(), "k", "-q", "v"},
                             {"put", b.name(), "k", "v", "-q"},
                             {"-q", "put", b.name(), "-q", "k", "v", "--quiet"}}) {
    CHECK(all(kv(words)) == "0||");
  }
  CHECK(b.last_revision() == 6);
  CHECK(kv({"-j", "--timeout", "3s", "get", b.name(), "k"}).out.starts_with("{\"bucket\""));
  CHECK(kv({"get", b.name(), "--output=json", "k", "--timeout=3s"}).out.starts_with("{\"bucket\""));
  CHECK(kv({"get", "-ojson", b.name(), "k"}).out.starts_with("{\"bucket\""));
  CHECK(kv({"get", "-qj", b.name(), "k"}).out.starts_with("{\"bucket\""));
}

TEST_CASE("the last of a global option counts, any other is given once") {
  const TestBucket b;
  b.put("k", "v");
  CHECK(all(kv({"-s", "nats://127.0.0.1:1", "get", b.name(), "k", "-s", bed().server.url()})) == "0|v|");
  CHECK(all(b("get", {"k", "-o", "tsv", "-o", "raw"})) == "0|v|");
  CHECK(all(b("get", {"k", "--revision", "1", "--revision", "1"})) ==
        "2||natskv: get: --revision is given twice\n");
  const auto both = b("get", {"k", "-o", "tsv", "-j"});
  CHECK(both.status == 2);
  CHECK(both.err.find("--output and --json exclude each other") != std::string::npos);
}

TEST_CASE("behind -- everything is an argument") {
  const TestBucket b;
  b.put("-q", "dash");
  b.put("--help", "help");
  CHECK(all(b("get", {"--", "-q"})) == "0|dash|");
  CHECK(all(b("get", {"--", "--help"})) == "0|help|");
  CHECK(all(b("get", {"-0", "--", "-q", "--help"})) == "0|dash\\x00help\\x00|");
  CHECK(all(kv({"get", "--", b.name(), "-q"})) == "0|dash|");
}

TEST_CASE("-0 is an option where the command has it and a word elsewhere") {
  const TestBucket b;
  CHECK(b("put", {"-0", "zero"}).out == "1\n");
  CHECK(all(b("put", {"k", "-0"})) == "0|2\n|");
  CHECK(all(b("get", {"-0", "k"})) == "0|-0\\x00|");
  CHECK(all(b("get", {"-0", "--", "-0"})) == "0|zero\\x00|");
  CHECK(b("keys", {"-0"}).out == std::string("-0\0k\0", 5));
  CHECK(all(b("get", {"none", "--default", "-5"})) == "0|-5|");
  CHECK(b("get", {"none", "--default", "-0"}).status == 2);
}

TEST_CASE("an option's value may not be forgotten") {
  CHECK(all(nowhere({"get", "b", "k", "--revision"})) == "2||natskv: get: --revision needs a value\n");
  CHECK(all(nowhere({"get", "b", "k", "--revision", "--raw"})) ==
        "2||natskv: get: --revision needs a value (one that looks like an option is written "
        "--revision=VALUE)\n");
  CHECK(all(nowhere({"get", "b", "k", "--raw=1"})) == "2||natskv: get: --raw takes no value\n");
  CHECK(all(nowhere({"get", "b", "k", "--timeout="}))
            .starts_with("2||natskv: get: --timeout: \"\" is not a duration"));
}

TEST_CASE("a wrong command or option proposes the nearest") {
  CHECK(all(nowhere({"gte", "b", "k"})) ==
        "2||natskv: unknown command \"gte\"; did you mean get?\nhint: natskv help lists the commands\n");
  CHECK(
      all(nowhere({"help", "gte"})) ==
      "2||natskv: help: unknown command \"gte\"; did you mean get?\nhint: natskv help lists the commands\n");
  CHECK(all(nowhere({"get", "b", "k", "--revisoin", "1"})) ==
        "2||natskv: get: unknown option \"--revisoin\"; did you mean --revision?\n");
  CHECK(nowhere({"--servr=nats://u:secret@h", "get"}).err ==
        "natskv: get: unknown option \"--servr=…\"; did you mean --server?\n");
  CHECK(all(nowhere({"get", "b", "k", "--qwertyuiop"})) ==
        "2||natskv: get: unknown option \"--qwertyuiop\"\n");
}

TEST_CASE("-h after KEY, where VALUE is expected, is a usage error and not help with status 0") {
  const FakeServer fake(FakeServer::handshake());
  for (const std::string word : {"-h", "--help", "-qh"}) {
    const auto refused = counted(fake, {"put", "b", "k", word});
    CHECK(refused.status == 2);
    CHECK(refused.out.empty());
    CHECK(refused.err.starts_with("natskv: put: " + word + " is where VALUE is expected\n"));
    CHECK((word == "-qh") == (refused.err.find("hint: natskv put --help shows help") == std::string::npos));
    CHECK(counted(fake, {"put", "b", "k", "v", word}).status == 0);
    CHECK(counted(fake, {"put", "b", "k", "-F", "no-file", word}).status == 0);
    CHECK(counted(fake, {"put", "b", word}).status == 0);
  }
  CHECK(fake.connections() == 0);
}

TEST_CASE("COMMAND stands after the first --, later ones included, and not before it") {
  CHECK(
      all(nowhere({"sandbox", "sh", "-c", "true"})).starts_with("2||natskv: sandbox: unknown option \"-c\""));
  const auto word = nowhere({"sandbox", "true"});
  CHECK(word.status == 2);
  CHECK(word.err ==
        "natskv: sandbox: unexpected argument \"true\" (natskv sandbox [-- COMMAND…])\n"
        "hint: write -- before the command to run\n");
  const auto none = nowhere({"sandbox", "--"});
  CHECK(none.status == 2);
  CHECK(none.err == "natskv: sandbox: COMMAND is missing after -- (natskv sandbox [-- COMMAND…])\n");
  CHECK(kv({"sandbox", "--", "printf", "<%s>", "-q", "--", "--", ""}).out == "<-q><--><--><>");
}

TEST_CASE("words of nats kv that say what is the case anyway") {
  const TestBucket b;
  const std::string name = b.name() + "-words";
  CHECK(kv({"-q", "add", name, "--storage", "m", "--no-compress"}).status == 0);
  CHECK(kv({"info", name, "-j"}).out.find(R"("storage":"memory")") != std::string::npos);
  CHECK(kv({"-q", "add", name + "2", "--storage=f"}).status == 0);
  CHECK(kv({"info", name + "2", "-j"}).out.find(R"("storage":"file")") != std::string::npos);
  CHECK(kv({"add", name, "--storage", "x"}).err ==
        "natskv: add: --storage: \"x\" is not one of file, memory\n");
  CHECK(kv({"add", name, "--compress", "--no-compress"}).status == 2);
  b.put("k", "v");
  CHECK(b("del", {"k"}).status == 0);
  CHECK(b("watch", {"--initial", "--deletes"}).out.find("\tDEL\t") != std::string::npos);
  CHECK(b("watch", {"--deletes", "--no-deletes"}).status == 2);
  for (const std::string& made : {name, name + "2"}) CHECK(kv({"rm", made, "-f"}).status == 0);
}

TEST_CASE("names and what is allowed in them are said in one line") {
  const auto refused = [](const Words& words, const std::string& text) {
    CHECK(all(nowhere(words)) == "2||natskv: " + words[0] + ": " + text + "\n");
  };
  refused({"get", "b.c", "k"}, "BUCKET: \"b.c\" is not a bucket name (one or more of A-Z a-z 0-9 - _)");
  refused({"get", "", "k"}, "BUCKET: \"\" is not a bucket name (one or more of A-Z a-z 0-9 - _)");
  const std::string rule = " (keys are tokens of A-Z a-z 0-9 - / _ = joined by single dots)";
  refused({"put", "b", "a b", "v"}, "KEY: \"a b\" holds \" \"" + rule);
  refused({"put", "b", "a..b", "v"}, "KEY: \"a..b\" has an empty token" + rule);
  refused({"put", "b", "a.*", "v"}, "KEY: \"a.*\" holds \"*\"" + rule);
  refused({"put", "b", "", "v"}, "KEY: the key is empty" + rule);
  refused({"get", "b", "k", "-o", "yaml"}, "--output: \"yaml\" is not one of table, tsv, json, jsonl, raw");
  refused({"get", "b", "k", "--color", "maybe"}, "--color: \"maybe\" is not one of auto, always, never");
  refused({"get", "b", "k", "--timeout", "0"}, "--timeout: the timeout must be above 0");
}

TEST_CASE("no command, or only options: short help on stderr and 2") {
  for (const Words& words : {Words{}, {"-q"}, {"--timeout", "1s"}, {"--"}}) {
    const auto result = nowhere(words);
    CHECK(result.status == 2);
    CHECK(result.out.empty());
    CHECK(result.err.find("Usage: natskv [OPTIONS] COMMAND") != std::string::npos);
  }
  for (const Words& words : {Words{"-j"}, {"-o", "json"}, {"--output=jsonl", "-q"}})
    CHECK(nowhere(words).err.starts_with("{\"error\":"));
}

TEST_CASE("each character that a key may hold") {
  const TestBucket b;
  std::string key;
  for (char c = '0'; c <= 'z'; ++c) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) key += c;
  }
  for (const std::string& one : {key, std::string("-"), std::string("/"), std::string("_"), std::string("="),
                                 std::string("a.b.c"), std::string("a/b=c_d-e"), std::string(200, 'k')}) {
    CHECK(b("put", {"--", one, "v" + one}).status == 0);
    CHECK(all(b("get", {"--", one})) == "0|v" + one + "|");
  }
}
