// What a person sees, on a terminal of 80x24 and one of 40x10: rendered by an emulator and compared as a
// screen.
#include "support/client.hpp"
#include "support/emulator.hpp"
#include "support/process.hpp"
#include "support/server.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>
#include <sstream>
#include <string>
#include <vector>

using namespace natskv::test;

namespace {

constexpr Screen large{.rows = 24, .cols = 80};
constexpr Screen small{.rows = 10, .cols = 40};

using Expected = std::vector<std::pair<Screen, std::string>>;

// A bucket with everything that could spoil a screen.
struct Looks {
  Looks() : client(server.url()) {
    client.add_bucket(
        "config", R"({"max_msgs_per_subject": 5, "description": "all the settings of 設定 in one place"})");
    client.put("config", "app.name", "plain");
    client.put("config", "app.wide", "漢字かな交じり文の値 that is long enough to be cut somewhere");
    client.put("config", "app.accent", "e\u0301e\u0301 combining");
    client.put("config", "app.escape", "\x1b[31mred\x1b]0;title\a");
    client.put("config", "app.lines", "one\r\ntwo\ttabbed");
    client.put("config", "app.right", "\u202egnp.exe");
    client.put("config", "app.zero", "zero\u200bwidth");
    client.put("config", "app.\x1b[2J", "a key that clears");
    client.put("config", "app.name", "", {{"KV-Operation", "DEL"}});
  }
  Run command(const std::vector<std::string>& words, Run rest = {}) const {
    return server.command(words, std::move(rest));
  }
  // The screen when the program has ended.
  std::string screen(const std::vector<std::string>& words, Screen size, Run rest = {}) const {
    Terminal terminal(command(words, std::move(rest)), size);
    terminal.wait();
    CHECK(terminal.sane());
    return without_times(shown_on(terminal.screen(), size.rows, size.cols));
  }

  Server server;
  Client client;
};

std::string without(std::string text, const std::vector<std::string>& parts) {
  for (const auto& part : parts) {
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part))
      text.erase(at, part.size());
  }
  return text;
}

}  // namespace

#define NEEDS_EMULATOR \
  if (emulator().empty()) SKIP("no pyte (Debian's python3-pyte)")

TEST_CASE("A table fits its screen") {
  NEEDS_EMULATOR;
  const Looks looks;
  CHECK(looks.screen({"history", "config", "app.>"}, large) ==
        "*KEY          REVISION  OPERATION  CREATED                     SIZE  VALUE\n"
        "app.name            1  PUT        ####-##-## ##:##:## +00:00   5 B  plain\n"
        "app.wide            2  PUT        ####-##-## ##:##:## +00:00  70 B  漢字かな交…\n"
        "app.accent          3  PUT        ####-##-## ##:##:## +00:00  16 B  éé combining\n"
        "app.escape          4  PUT        ####-##-## ##:##:## +00:00  18 B  (binary, 18…\n"
        "app.lines           5  PUT        ####-##-## ##:##:## +00:00  15 B  one\\r\\ntwo\\…\n"
        "app.right           6  PUT        ####-##-## ##:##:## +00:00  10 B  \\u{202E}gnp…\n"
        "app.zero            7  PUT        ####-##-## ##:##:## +00:00  12 B  zero\\u{200B…\n"
        "app.\\x1B[2J         8  PUT        ####-##-## ##:##:## +00:00  17 B  a key that …\n"
        "app.name            9  DEL        ####-##-## ##:##:## +00:00   0 B\n");
  CHECK(looks.screen({"history", "config", "app.>"}, small) ==
        "app.name        1  PUT    5 B  plain\n"
        "app.wide        2  PUT   70 B  漢字かな…\n"
        "app.accent      3  PUT   16 B  éé combi…\n"
        "app.escape      4  PUT   18 B  (binary,…\n"
        "app.lines       5  PUT   15 B  one\\r\\nt…\n"
        "app.right       6  PUT   10 B  \\u{202E}…\n"
        "app.zero        7  PUT   12 B  zero\\u{2…\n"
        "app.\\x1B[2J     8  PUT   17 B  a key th…\n"
        "app.name        9  DEL    0 B\n");
  CHECK(looks.screen({"keys", "config", "-v"}, small) ==
        "*KEY          REV…  OPE…  SIZE\n"
        "app.wide        2  PUT   70 B\n"
        "app.accent      3  PUT   16 B\n"
        "app.escape      4  PUT   18 B\n"
        "app.lines       5  PUT   15 B\n"
        "app.right       6  PUT   10 B\n"
        "app.zero        7  PUT   12 B\n"
        "app.\\x1B[2J     8  PUT   17 B\n");
  CHECK(looks.screen({"ls"}, large) ==
        "*BUCKET  VALUES  BYTES  CREATED               LAST UPDATE           DESCRIPTION\n"
        "config       9  645 B  ####-##-## ##:##:##…  ####-##-## ##:##:##…  all the sett…\n");
  CHECK(looks.screen({"ls"}, small) ==
        "*BUCKET  VAL…  BYTES  DESCRIPTION\n"
        "config     9  645 B  all the settings o…\n");
}

TEST_CASE("An object's fields continue under themselves") {
  NEEDS_EMULATOR;
  const Looks looks;
  CHECK(looks.screen({"info", "config"}, large) ==
        "*Bucket:        config\n"
        "*Description:   all the settings of 設定 in one place\n"
        "*Created:       ####-##-## ##:##:## +00:00\n"
        "*Last update:   ####-##-## ##:##:## +00:00\n"
        "*Values:        9\n"
        "*Keys:          8\n"
        "*Bytes:         645 B\n"
        "*History:       5\n"
        "*Storage:       file\n"
        "*Replicas:      1\n"
        "*Stream:        KV_config\n"
        "*Backing store: JetStream\n");
  CHECK(looks.screen({"info", "config"}, {.rows = 20, .cols = 40}) ==
        "*Bucket:        config\n"
        "*Description:   all the settings of 設定\n"
        "               in one place\n"
        "*Created:       ####-##-## ##:##:##\n"
        "               +00:00\n"
        "*Last update:   ####-##-## ##:##:##\n"
        "               +00:00\n"
        "*Values:        9\n"
        "*Keys:          8\n"
        "*Bytes:         645 B\n"
        "*History:       5\n"
        "*Storage:       file\n"
        "*Replicas:      1\n"
        "*Stream:        KV_config\n"
        "*Backing store: JetStream\n");
}

TEST_CASE("Help fits the screen") {
  NEEDS_EMULATOR;
  const Looks looks;
  const auto text = looks.screen({"help"}, large);
  CHECK(text.starts_with("natskv: NATS JetStream key-value buckets from a shell\n"));
  CHECK(text.find("First steps:") != std::string::npos);
}

TEST_CASE("A question stands alone, whatever it is about") {
  NEEDS_EMULATOR;
  const Looks looks;
  for (const auto& [size, expected] :
       Expected{{large,
                 "Store revision 2 (漢字かな交じり文の値 that is long enough to be cut somewhere)\n"
                 "of key \"app.wide\" again, over revision 2 (漢字かな交じり文の値 that is long enou\n"
                 "gh to be cut somewhere)? [y/N] n\n"
                 "natskv: revert: nothing changed\n"},
                {small,
                 "Store revision 2 (漢字かな交じり文の値 t\n"
                 "hat is long enough to be cut somewhere)\n"
                 "of key \"app.wide\" again, over revision 2\n"
                 " (漢字かな交じり文の値 that is long enou\n"
                 "gh to be cut somewhere)? [y/N] n\n"
                 "natskv: revert: nothing changed\n"}}) {
    Terminal terminal(looks.command({"revert", "config", "app.wide", "2"}), size);
    REQUIRE(terminal.read_until("[y/N] "));
    terminal.send("n\n");
    CHECK(terminal.wait().status == 1);
    CHECK(shown_on(terminal.screen(), size.rows, size.cols) == expected);
  }
  for (const auto& [size, expected] : Expected{{large,
                                                "Delete 7 keys of bucket \"config\"? [y/N] n\n"
                                                "natskv: del: nothing changed\n"},
                                               {small,
                                                "Delete 7 keys of bucket \"config\"? [y/N]\n"
                                                "n\n"
                                                "natskv: del: nothing changed\n"}}) {
    Terminal terminal(looks.command({"del", "config", "app.*"}), size);
    REQUIRE(terminal.read_until("[y/N] "));
    terminal.send("n\n");
    CHECK(terminal.wait().status == 1);
    CHECK(shown_on(terminal.screen(), size.rows, size.cols) == expected);
  }
}

TEST_CASE("watch shows each change in a row of its own, and Ctrl-C leaves the screen as it is") {
  NEEDS_EMULATOR;
  for (const auto& [size, expected] :
       Expected{{large,
                 "*KEY         REVISION  OPERATION  CREATED                     SIZE  VALUE\n"
                 "app.escape         4  PUT        ####-##-## ##:##:## +00:00  18 B  (binary, 18 …\n"
                 "app.lines          5  PUT        ####-##-## ##:##:## +00:00  15 B  one\\r\\ntwo\\t…\n"
                 "new               10  PUT        ####-##-## ##:##:## +00:00   9 B  (binary, 9 B)\n"
                 "new               11  PURGE      ####-##-## ##:##:## +00:00   0 B\n"
                 "^C\n"},
                {small,
                 "*KEY         REV…  OPE…  SIZE  VALUE\n"
                 "app.escape     4  PUT   18 B  (binary, …\n"
                 "app.lines      5  PUT   15 B  one\\r\\ntw…\n"
                 "new           10  PUT    9 B  (binary, …\n"
                 "new           11  PURGE   0 B\n"
                 "^C\n"}}) {
    Looks looks;
    Terminal terminal(looks.command({"watch", "config", "app.lines", "app.escape", "new"}), size);
    REQUIRE(terminal.read_until("app.lines"));
    looks.client.put("config", "new", "\x1b[5mblink");
    looks.client.put("config", "new", "", {{"KV-Operation", "PURGE"}});
    REQUIRE(terminal.read_until("PURGE"));
    terminal.send("\x03");
    CHECK(terminal.wait().status == 130);
    CHECK(terminal.sane());
    CHECK(without_times(shown_on(terminal.screen(), size.rows, size.cols)) == expected);
  }
}

TEST_CASE("A bar stays on one line, and is gone at the end") {
  NEEDS_EMULATOR;
  Looks looks;
  const std::string bucket = "a-bucket-with-a-name-that-is-rather-long-for-a-small-terminal";
  looks.client.add_bucket(bucket);
  for (const auto& size : {large, small}) {
    CAPTURE(size.cols);
    Screen errors = size;
    errors.in = errors.out = false;
    Terminal terminal(looks.command({"import", bucket}, {.input = "", .open_stdin = true}), errors);
    const std::string line = R"({"key":"k","value":"v"})"
                             "\n";
    for (int i = 0; i < 100 && !terminal.read_until("import ", 0.1); ++i) terminal.send(line + line + line);
    const auto during = shown_on(terminal.screen(), size.rows, size.cols);
    CHECK(during.starts_with("import " + bucket.substr(0, static_cast<std::size_t>(size.cols) - 9)));
    CHECK(std::count(during.begin(), during.end(), '\n') == 1);
    terminal.close_stdin();
    CHECK(terminal.wait().status == 0);
    const auto after = shown_on(terminal.screen(), size.rows, size.cols);
    CHECK(after.starts_with("natskv: import: "));
    CHECK(after.find("import " + bucket.substr(0, 5)) == std::string::npos);
  }
}

TEST_CASE("A terminal that is narrow, dumb, unnamed or not UTF-8 gets no control and no line too long") {
  NEEDS_EMULATOR;
  const Looks looks;
  for (const std::vector<std::string>& words : {std::vector<std::string>{"history", "config", "app.>"},
                                                {"keys", "config"},
                                                {"watch", "config", "--initial"},
                                                {"keys", "config", "-v"},
                                                {"keys", "config", "--tree"},
                                                {"info", "config"},
                                                {"ls"},
                                                {"help"},
                                                {"help", "get"},
                                                {"del", "-h"}}) {
    CAPTURE(words[0]);
    for (const std::optional<std::string>& term : {std::optional<std::string>("dumb"), {}, {""}}) {
      Terminal terminal(looks.command(words, {.env = {{"TERM", term}}}));
      CHECK(terminal.wait().status == 0);
      CHECK(terminal.screen().find('\x1b') == std::string::npos);
    }
    Terminal one(looks.command(words), {.rows = 24, .cols = 1});
    CHECK(one.wait().status == 0);
    CHECK(one.sane());
    const bool table =
        words.back() != "--tree" && words[0] != "info" && words[0] != "help" && words[0] != "del";
    if (table) CHECK(without(shown_on(one.screen(), 24, 1), {"*", "…", "\n"}) == "");
    Terminal latin(looks.command(words, {.env = {{"TERM", "dumb"}, {"LC_ALL", "de_DE.ISO-8859-1"}}}));
    CHECK(latin.wait().status == 0);
    for (const char c : latin.screen()) CHECK((c == '\r' || c == '\n' || (c >= ' ' && c < '\x7f')));
  }
  Terminal narrow(looks.command({"history", "config", "app.>"}), {.rows = 24, .cols = 1});
  CHECK(narrow.wait().status == 0);
  CHECK(shown_on(narrow.screen(), 24, 1) == "*…\n…\n…\n…\n…\n…\n…\n…\n…\n…\n");
  for (const std::optional<std::string>& term : {std::optional<std::string>("dumb"), {}}) {
    Terminal terminal(looks.command({"revert", "config", "app.escape", "4"}, {.env = {{"TERM", term}}}));
    REQUIRE(terminal.read_until("[y/N] "));
    terminal.send("n\n");
    CHECK(terminal.wait().status == 1);
    CHECK(terminal.screen().find('\x1b') == std::string::npos);
  }
}

TEST_CASE("doctor's lines continue under themselves") {
  NEEDS_EMULATOR;
  const Looks looks;
  for (const auto cols : {40, 80}) {
    CAPTURE(cols);
    const auto text = looks.screen({"doctor", "config"}, {.rows = 60, .cols = cols});
    CHECK(text.find("\nskipped  tls             the server") != std::string::npos);
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      CAPTURE(line);
      // A word of 59 letters, the server's name, is longer than the room.
      const bool begins = line.starts_with("ok ") || line.starts_with("skipped ");
      CHECK((begins || line.starts_with(std::string(25, ' '))));
    }
  }
}

TEST_CASE("get --pretty indents JSON, and what a terminal would obey is escaped") {
  NEEDS_EMULATOR;
  Looks looks;
  looks.client.put("config", "json", R"({"host":"db\u001b[31m","ports":[1,2]})");
  CHECK(looks.screen({"get", "config", "json", "--pretty"}, small) ==
        "{\n  \"host\": \"db\\u001b[31m\",\n  \"ports\": [\n    1,\n    2\n  ]\n}\n");
  CHECK(looks.screen({"get", "config", "app.accent", "--pretty"}, small) ==
        "natskv: get: the value of key \"app.accen\nt\" in bucket \"config\" is no JSON\n");
}
