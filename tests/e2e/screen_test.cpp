// What a person sees, on a terminal of 80x24 and one of 40x10: rendered by an emulator and compared as a
// screen.
#include "base/text.hpp"
#include "support/client.hpp"
#include "support/emulator.hpp"
#include "support/eventually.hpp"
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
struct Desk {
  Desk() : client(server.url()) {
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

/// Whether the line with this text comes, and its end: what is typed then is behind it.
bool whole_line(Terminal& terminal, const std::string& text) {
  if (!terminal.read_until(text)) return false;
  const auto at = terminal.screen().find(text);
  return eventually([&] {
    terminal.read_for(0.02);
    return terminal.screen().find('\n', at) != std::string::npos;
  });
}

}  // namespace

#define NEEDS_EMULATOR \
  if (emulator().empty()) SKIP("no pyte (Debian's python3-pyte)")

TEST_CASE("A table fits its screen") {
  NEEDS_EMULATOR;
  const Desk desk;
  CHECK(
      desk.screen({"history", "config", "app.>"}, {.rows = 24, .cols = 120}) ==
      "*KEY          REV  OP   CREATED (UTC)        SIZE  VALUE\n"
      "app.name       1  PUT  ####-##-## ##:##:##   5 B  plain\n"
      "app.wide       2  PUT  ####-##-## ##:##:##  70 B  漢字かな交じり文の値 that is long enough to be cut somewhere\n"
      "app.accent     3  PUT  ####-##-## ##:##:##  16 B  éé combining\n"
      "app.escape     4  PUT  ####-##-## ##:##:##  18 B  (binary, 18 B)\n"
      "app.lines      5  PUT  ####-##-## ##:##:##  15 B  one\\r\\ntwo\\ttabbed\n"
      "app.right      6  PUT  ####-##-## ##:##:##  10 B  \\u{202E}gnp.exe\n"
      "app.zero       7  PUT  ####-##-## ##:##:##  12 B  zero\\u{200B}width\n"
      "app.\\x1B[2J    8  PUT  ####-##-## ##:##:##  17 B  a key that clears\n"
      "app.name       9  DEL  ####-##-## ##:##:##   0 B\n");
  CHECK(desk.screen({"history", "config", "app.>"}, large) ==
        "*KEY          REV  OP   CREATED (UTC)        SIZE  VALUE\n"
        "app.name       1  PUT  ####-##-## ##:##:##   5 B  plain\n"
        "app.wide       2  PUT  ####-##-## ##:##:##  70 B  漢字かな交じり文の値 that is …\n"
        "app.accent     3  PUT  ####-##-## ##:##:##  16 B  éé combining\n"
        "app.escape     4  PUT  ####-##-## ##:##:##  18 B  (binary, 18 B)\n"
        "app.lines      5  PUT  ####-##-## ##:##:##  15 B  one\\r\\ntwo\\ttabbed\n"
        "app.right      6  PUT  ####-##-## ##:##:##  10 B  \\u{202E}gnp.exe\n"
        "app.zero       7  PUT  ####-##-## ##:##:##  12 B  zero\\u{200B}width\n"
        "app.\\x1B[2J    8  PUT  ####-##-## ##:##:##  17 B  a key that clears\n"
        "app.name       9  DEL  ####-##-## ##:##:##   0 B\n");
  CHECK(desk.screen({"history", "config", "app.>"}, small) ==
        "app.name       1  PUT  plain\n"
        "app.wide       2  PUT  漢字かな交じり文…\n"
        "app.accent     3  PUT  éé combining\n"
        "app.escape     4  PUT  (binary, 18 B)\n"
        "app.lines      5  PUT  one\\r\\ntwo\\ttabb…\n"
        "app.right      6  PUT  \\u{202E}gnp.exe\n"
        "app.zero       7  PUT  zero\\u{200B}width\n"
        "app.\\x1B[2J    8  PUT  a key that clears\n"
        "app.name       9  DEL\n");
  CHECK(desk.screen({"keys", "config", "-v"}, small) ==
        "*KEY          REV  OP\n"
        "app.wide       2  PUT\n"
        "app.accent     3  PUT\n"
        "app.escape     4  PUT\n"
        "app.lines      5  PUT\n"
        "app.right      6  PUT\n"
        "app.zero       7  PUT\n"
        "app.\\x1B[2J    8  PUT\n");
  CHECK(desk.screen({"ls"}, large) ==
        "*BUCKET  VALUES  BYTES  UPDATED (UTC)        DESCRIPTION\n"
        "config       9  645 B  ####-##-## ##:##:##  all the settings of 設定 in one pla…\n");
  CHECK(desk.screen({"ls"}, small) ==
        "*BUCKET  VALUES  BYTES  DESCRIPTION\n"
        "config       9  645 B  all the settings…\n");
}

TEST_CASE("Tables at the widths people have: names and times whole, a third for the value") {
  NEEDS_EMULATOR;
  Desk desk;
  desk.client.add_bucket("b", R"({"allow_msg_ttl": true})");
  desk.client.add_bucket("b-two-with-a-longer-name", R"({"description": "what it is for"})");
  desk.client.put("b", "feature.flags.checkout.new", std::string(10'000, 'x'));
  desk.client.put("b", "session.1", "soon gone", {{"Nats-TTL", "1h"}});
  desk.client.put("b", "big", std::string(1'000'000, 'y'));
  desk.client.put("b", "設定", "漢字かな交じり文の値漢字かな交じり文の値漢字かな交じり文の値");
  desk.client.put("b", "e\u0301", "e\u0301e\u0301");
  for (
      const auto& [cols, expected] : std::vector<std::pair<int, std::string>>{
          {60,
           "*KEY                         REV  VALUE\n"
           "feature.flags.checkout.new    1  xxxxxxxxxxxxxxxxxxxxxxxxxx…\n"
           "session.1                     2  soon gone\n"
           "big                           3  yyyyyyyyyyyyyyyyyyyyyyyyyy…\n"
           "設定                          4  漢字かな交じり文の値漢字か…\n"
           "é                             5  éé\n"},
          {80,
           "*KEY                         REV  VALUE\n"
           "feature.flags.checkout.new    1  xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…\n"
           "session.1                     2  soon gone\n"
           "big                           3  yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy…\n"
           "設定                          4  漢字かな交じり文の値漢字かな交じり文の値漢字か…\n"
           "é                             5  éé\n"},
          {100,
           "*KEY                         REV  OP   EXPIRES (UTC)        VALUE\n"
           "feature.flags.checkout.new    1  PUT                       xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…\n"
           "session.1                     2  PUT  ####-##-## ##:##:##  soon gone\n"
           "big                           3  PUT                       yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy…\n"
           "設定                          4  PUT                       漢字かな交じり文の値漢字かな交じり文の値…\n"
           "é                             5  PUT                       éé\n"},
          {120,
           "*KEY                         REV  OP   CREATED (UTC)        EXPIRES              VALUE\n"
           "feature.flags.checkout.new    1  PUT  ####-##-## ##:##:##                       xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…\n"
           "session.1                     2  PUT  ####-##-## ##:##:##  ####-##-## ##:##:##  soon gone\n"
           "big                           3  PUT  ####-##-## ##:##:##                       yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy…\n"
           "設定                          4  PUT  ####-##-## ##:##:##                       漢字かな交じり文の値漢字かな交じり文の…\n"
           "é                             5  PUT  ####-##-## ##:##:##                       éé\n"}}) {
    CAPTURE(cols);
    CHECK(desk.screen({"keys", "b", "--display-value"}, {.rows = 24, .cols = cols}) == expected);
  }
  CHECK(desk.screen({"ls"}, {.rows = 24, .cols = 60}) ==
        "*BUCKET                    VALUES  DESCRIPTION\n"
        "b                              5\n"
        "b-two-with-a-longer-name       0  what it is for\n"
        "config                         9  all the settings of 設定 …\n");
  CHECK(
      desk.screen({"ls"}, {.rows = 24, .cols = 100}) ==
      "*BUCKET                    VALUES      BYTES  UPDATED (UTC)        DESCRIPTION\n"
      "b                              5  986.7 KiB  ####-##-## ##:##:##\n"
      "b-two-with-a-longer-name       0        0 B                       what it is for\n"
      "config                         9      645 B  ####-##-## ##:##:##  all the settings of 設定 in one p…\n");
  CHECK(desk.screen({"get", "b", ">"}, {.rows = 24, .cols = 30}) ==
        "*KEY\n"
        "  VALUE\n"
        "feature.flags.checkout.new\n"
        "  xxxxxxxxxxxxxxxxxxxxxxxxxxx…\n"
        "session.1\n"
        "  soon gone\n"
        "big\n"
        "  yyyyyyyyyyyyyyyyyyyyyyyyyyy…\n"
        "設定\n"
        "  漢字かな交じり文の値漢字か…\n"
        "é\n"
        "  éé\n");
  CHECK(desk.screen({"get", "b", "session.1", "big"}, {.rows = 24, .cols = 30}, {.env = {{"LC_ALL", "C"}}}) ==
        "*KEY        REV  VALUE\n"
        "session.1    2  soon gone\n"
        "big          3  yyyyyyyyyyy...\n");
  // From 1 to 39 columns: no line but a name's own is wider, whatever is in it.
  for (int cols = 1; cols <= 39; ++cols) {
    CAPTURE(cols);
    const auto run = desk.command({"keys", "b", "--display-value", "-o", "table", "--color", "never"},
                                  {.env = {{"COLUMNS", std::to_string(cols)}}});
    Terminal terminal(run, {.rows = 60, .cols = 200});
    CHECK(terminal.wait().status == 0);
    std::istringstream lines(terminal.screen());
    for (std::string line; std::getline(lines, line);) {
      CAPTURE(line);
      CHECK((natskv::text::width(line) <= static_cast<std::size_t>(cols) + 1 ||
             line.starts_with("feature.flags.checkout.new\r") || line.starts_with("session.1\r") ||
             line == "big\r" || line.starts_with("設定\r")));
    }
  }
}

TEST_CASE("A terminal of 10,000 columns is filled, and no more") {
  Desk desk;
  desk.client.add_bucket("b");
  desk.client.put("b", "big", std::string(1'000'000, 'y'));
  for (const std::vector<std::string>& words : {std::vector<std::string>{"keys", "b", "--display-value"},
                                                {"watch", "b", "--initial"},
                                                {"get", "b", ">"}}) {
    CAPTURE(words[0]);
    Terminal terminal(desk.command(words, {.env = {{"TERM", "dumb"}}}), {.rows = 24, .cols = 10'000});
    CHECK(terminal.wait().status == 0);
    std::size_t widest = 0;
    std::istringstream lines(terminal.screen());
    for (std::string line; std::getline(lines, line);) {
      if (line.ends_with('\r')) line.pop_back();
      widest = std::max(widest, natskv::text::width(line));
    }
    CHECK(widest == 10'000);
  }
}

TEST_CASE("A table goes on as it began when the terminal is resized while it is written") {
  Desk desk;
  desk.client.add_bucket("b");
  constexpr int keys = 2000;
  for (int i = 0; i < keys; ++i)
    desk.client.put("b", "key." + std::to_string(10'000 + i), std::string(100, 'v'));
  Terminal terminal(desk.command({"keys", "b", "--display-value"}, {.env = {{"TERM", "dumb"}}}), large);
  REQUIRE(terminal.read_until("key.10000"));  // more than a terminal holds is still to come
  terminal.resize(24, 40);
  CHECK(terminal.wait().status == 0);
  CHECK(terminal.sane());
  int rows = 0;
  std::istringstream lines(terminal.screen());
  for (std::string line; std::getline(lines, line);) {
    if (line.find("key.") == std::string::npos) continue;
    ++rows;
    CHECK(line.starts_with("key." + std::to_string(9999 + rows) + "  "));
    if (line.ends_with('\r')) line.pop_back();
    CHECK(natskv::text::width(line) == 80);
  }
  CHECK(rows == keys);
}

TEST_CASE("A list that has nothing to show says so on a terminal, and only there") {
  NEEDS_EMULATOR;
  const Server server;
  const auto shown = [&](const std::vector<std::string>& words) {
    Terminal terminal(server.command(words), large);
    CHECK(terminal.wait().status == 0);
    return shown_on(terminal.screen(), large.rows, large.cols);
  };
  CHECK(shown({"ls"}) == "natskv: ls: no buckets\n");
  REQUIRE(run(server.command({"add", "b"})).status == 0);
  CHECK(shown({"keys", "b"}) == "natskv: keys: no keys in bucket \"b\"\n");
  CHECK(shown({"keys", "b", "x.>"}) == "natskv: keys: no keys match in bucket \"b\"\n");
  CHECK(shown({"history", "b", ">"}) == "natskv: history: no keys match in bucket \"b\"\n");
  CHECK(shown({"get", "b", "x.*"}) == "natskv: get: no keys match in bucket \"b\"\n");
  CHECK(shown({"del", "b", "x.*", "--dry-run"}) == "natskv: del: no keys match in bucket \"b\"\n");
  CHECK(shown({"watch", "b", "--initial"}) == "natskv: watch: no keys in bucket \"b\"\n");
  CHECK(shown({"keys", "b", "-j"}) == "[]\n");
  CHECK(shown({"keys", "b", "-q"}).empty());
  const auto piped = run(server.command({"keys", "b"}));
  CHECK(piped.out.empty());
  CHECK(piped.err.empty());
}

TEST_CASE("An object's fields continue under themselves") {
  NEEDS_EMULATOR;
  const Desk desk;
  CHECK(desk.screen({"info", "config"}, large) ==
        "*Bucket:        config\n"
        "*Description:   all the settings of 設定 in one place\n"
        "*Created:       ####-##-## ##:##:## +00:00\n"
        "*Last update:   ####-##-## ##:##:## +00:00\n"
        "*Values:        9, markers included\n"
        "*Keys:          8, deleted ones included\n"
        "*Bytes:         645 B\n"
        "*History:       5\n"
        "*Storage:       file\n"
        "*Replicas:      1\n"
        "*Stream:        KV_config\n"
        "*Backing store: JetStream\n"
        "*Key TTL:       no\n"
        "*Atomic:        no\n");
  CHECK(desk.screen({"info", "config"}, {.rows = 30, .cols = 40}) ==
        "*Bucket:        config\n"
        "*Description:   all the settings of 設定\n"
        "               in one place\n"
        "*Created:       ####-##-## ##:##:##\n"
        "               +00:00\n"
        "*Last update:   ####-##-## ##:##:##\n"
        "               +00:00\n"
        "*Values:        9, markers included\n"
        "*Keys:          8, deleted ones included\n"
        "*Bytes:         645 B\n"
        "*History:       5\n"
        "*Storage:       file\n"
        "*Replicas:      1\n"
        "*Stream:        KV_config\n"
        "*Backing store: JetStream\n"
        "*Key TTL:       no\n"
        "*Atomic:        no\n");
}

TEST_CASE("Help fits the screen") {
  NEEDS_EMULATOR;
  const Desk desk;
  const auto text = desk.screen({"help"}, large);
  CHECK(text.starts_with("natskv: NATS JetStream key-value buckets from a shell\n"));
  CHECK(text.find("First steps:") != std::string::npos);
}

TEST_CASE("A question stands alone, whatever it is about") {
  NEEDS_EMULATOR;
  const Desk desk;
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
    Terminal terminal(desk.command({"revert", "config", "app.wide", "2"}), size);
    REQUIRE(terminal.read_until("[y/N] "));
    terminal.send("n\n");
    CHECK(terminal.wait().status == 1);
    CHECK(shown_on(terminal.screen(), size.rows, size.cols) == expected);
  }
  for (const auto& size : {large, small}) {
    Terminal terminal(desk.command({"del", "config", "app.*"}), size);
    REQUIRE(terminal.read_until("[y/N] "));
    terminal.send("n\n");
    CHECK(terminal.wait().status == 1);
    auto shown = shown_on(terminal.screen(), size.rows, size.cols);
    std::erase(shown, '\n');
    CHECK(shown ==
          "Delete 7 keys of bucket \"config\" at " + desk.server.url() +
              " (app.wide, app.accent, app.escape, app.lines, app.right, app.zero and app.\\x1B[2J)?" +
              " [y/N] nnatskv: del: nothing changed");
  }
}

TEST_CASE("watch shows each event in a line, and Ctrl-C leaves the screen as it is") {
  NEEDS_EMULATOR;
  for (const auto& [size, expected] :
       Expected{{large,
                 "##:##:## PUT   app.escape #4 (binary, 18 B)\n"
                 "##:##:## PUT   app.lines #5 one\\r\\ntwo\\ttabbed\n"
                 "##:##:## PUT   k1 #10 v\n"
                 "##:##:## PUT   feature.flags.checkout.new #11 on\n"
                 "natskv: watch: waiting for changes, Ctrl-C ends\n"
                 "##:##:## PUT   new #12 (binary, 9 B)\n"
                 "##:##:## PUT   new #13 a value that is longer than the terminal is wide, whatev…\n"
                 "##:##:## PURGE new #14\n"
                 "^C\n"},
                {small,
                 "##:##:## PUT   k1 #10 v\n"
                 "##:##:## PUT   feature.flags.checkout.ne\n"
                 "w #11\n"
                 "  on\n"
                 "natskv: watch: waiting for changes, Ctrl\n"
                 "-C ends\n"
                 "##:##:## PUT   new #12 (binary, 9 B)\n"
                 "##:##:## PUT   new #13 a value that is …\n"
                 "##:##:## PURGE new #14\n"
                 "^C\n"}}) {
    Desk desk;
    desk.client.put("config", "k1", "v");
    desk.client.put("config", "feature.flags.checkout.new", "on");
    Terminal terminal(desk.command({"watch", "config", "app.lines", "app.escape", "k1", "feature.>", "new"}),
                      size);
    REQUIRE(terminal.read_until("waiting for changes, Ctrl-C ends"));
    desk.client.put("config", "new", "\x1b[5mblink");
    desk.client.put("config", "new",
                    "a value that is longer than the terminal is wide, whatever it is, and more");
    desk.client.put("config", "new", "", {{"KV-Operation", "PURGE"}});
    REQUIRE(whole_line(terminal, "#14"));
    terminal.send("\x03");
    CHECK(terminal.wait().status == 130);
    CHECK(terminal.sane());
    CHECK(without_times(shown_on(terminal.screen(), size.rows, size.cols)) == expected);
  }
}

TEST_CASE("watch reads the terminal's width for every event") {
  NEEDS_EMULATOR;
  Desk desk;
  Terminal terminal(desk.command({"watch", "config", "new"}), large);
  REQUIRE(terminal.read_until("waiting for changes"));
  const std::string value(200, 'x');
  desk.client.put("config", "new", value);
  REQUIRE(whole_line(terminal, "#10 "));
  terminal.resize(24, 120);
  desk.client.put("config", "new", value);
  REQUIRE(whole_line(terminal, "#11 "));
  terminal.send("\x03");
  CHECK(terminal.wait().status == 130);
  const auto shown = shown_on(terminal.screen(), 24, 120);
  std::vector<std::size_t> widths;
  std::istringstream lines(shown);
  for (std::string line; std::getline(lines, line);) {
    if (line.find("…") != std::string::npos) widths.push_back(natskv::text::width(line));
  }
  CHECK(widths == std::vector<std::size_t>{80, 120});
}

TEST_CASE("A bar stays on one line, and is gone at the end") {
  NEEDS_EMULATOR;
  Desk desk;
  const std::string bucket = "a-bucket-with-a-name-that-is-rather-long-for-a-small-terminal";
  desk.client.add_bucket(bucket);
  for (const auto& size : {large, small}) {
    CAPTURE(size.cols);
    Screen errors = size;
    errors.in = errors.out = false;
    Terminal terminal(desk.command({"import", bucket}, {.input = "", .open_stdin = true}), errors);
    const std::string line = R"({"key":"k","value":"v"})"
                             "\n";
    for (int i = 0; i < 300 && !terminal.read_until("import ", 0.1); ++i) terminal.send(line + line + line);
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
  const Desk desk;
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
      Terminal terminal(desk.command(words, {.env = {{"TERM", term}}}));
      CHECK(terminal.wait().status == 0);
      CHECK(terminal.screen().find('\x1b') == std::string::npos);
    }
    Terminal one(desk.command(words), {.rows = 24, .cols = 1});
    CHECK(one.wait().status == 0);
    CHECK(one.sane());
    Terminal latin(desk.command(words, {.env = {{"TERM", "dumb"}, {"LC_ALL", "de_DE.ISO-8859-1"}}}));
    CHECK(latin.wait().status == 0);
    for (const char c : latin.screen()) CHECK((c == '\r' || c == '\n' || (c >= ' ' && c < '\x7f')));
  }
  for (const std::optional<std::string>& term : {std::optional<std::string>("dumb"), {}}) {
    Terminal terminal(desk.command({"revert", "config", "app.escape", "4"}, {.env = {{"TERM", term}}}));
    REQUIRE(terminal.read_until("[y/N] "));
    terminal.send("n\n");
    CHECK(terminal.wait().status == 1);
    CHECK(terminal.screen().find('\x1b') == std::string::npos);
  }
}

TEST_CASE("doctor's lines continue under themselves") {
  NEEDS_EMULATOR;
  const Desk desk;
  for (const auto cols : {40, 80}) {
    CAPTURE(cols);
    const auto text = desk.screen({"doctor", "config"}, {.rows = 90, .cols = cols});
    CHECK(text.find("\nskipped  tls             not offered") != std::string::npos);
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      CAPTURE(line);
      // A word of 59 letters, the server's name, is longer than the room.
      const bool begins = line.starts_with("ok ") || line.starts_with("skipped ") || line.starts_with("off ");
      CHECK((begins || line.starts_with(std::string(25, ' '))));
    }
  }
}

TEST_CASE("get --pretty indents JSON, and what a terminal would obey is escaped") {
  NEEDS_EMULATOR;
  Desk desk;
  desk.client.put("config", "json", R"({"host":"db\u001b[31m","ports":[1,2]})");
  CHECK(desk.screen({"get", "config", "json", "--pretty"}, small) ==
        "{\n  \"host\": \"db\\u001b[31m\",\n  \"ports\": [\n    1,\n    2\n  ]\n}\n");
  CHECK(desk.screen({"get", "config", "app.accent", "--pretty"}, small) ==
        "natskv: get: the value of key \"app.accen\nt\" in bucket \"config\" is not JSON\n");
}
