// Tab in real shells on a terminal, and what `natskv __complete` answers them.
#include "commands/table.hpp"
#include "docs/tree.hpp"
#include "support/client.hpp"
#include "support/emulator.hpp"
#include "support/process.hpp"
#include "support/server.hpp"
#include "support/tcp.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

using namespace natskv::test;

namespace {

const std::string scripts = source_path("completions/");

// One server with what completion finds; natskv in a folder of its own.
struct Place {
  Place() : client(server.url()) {
    std::filesystem::create_directory(folder / "bin");
    client.add_bucket("config", R"({"max_msgs_per_subject": 5})");
    for (const char* key : {"app.db.host", "app.db.port", "app.name", "mode=x", "mode:y", "top"})
      client.put("config", key, "value");
    client.put("config", "top", "newer");
    client.put("config", "gone", "", {{"KV-Operation", "DEL"}});
  }

  [[nodiscard]] std::map<std::string, std::optional<std::string>> environment() const {
    return {{"NATS_URL", server.url()},
            {"PATH", folder.path().string() + "/bin:/usr/local/bin:/usr/bin:/bin"},
            {"HOME", folder.path().string()},
            {"XDG_CONFIG_HOME", folder / "config"}};
  }
  // The first line: what the rest is.
  std::string kind(std::vector<std::string> words) const {
    words.insert(words.begin(), {"__complete", "--"});
    const auto out = server.natskv(std::move(words), {.env = environment()}).out;
    return out.substr(0, out.find('\n'));
  }
  std::vector<std::string> offered(std::vector<std::string> words) const {
    words.insert(words.begin(), {"__complete", "--"});
    std::vector<std::string> lines;
    const auto result = server.natskv(std::move(words), {.env = environment()});
    CHECK(result.status == 0);
    CHECK(result.err == "");
    std::string line;
    for (const char c : result.out) {
      if (c == '\n') {
        lines.push_back(line.substr(0, line.find('\t')));
        line.clear();
      } else {
        line += c;
      }
    }
    if (!lines.empty()) lines.erase(lines.begin());
    return lines;
  }

  Server server;
  Client client;
  TempDir folder;
};

using Words = std::vector<std::string>;

// A shell at its prompt, which it shows as "READY>". Its natskv completes, and otherwise shows its arguments.
class Shell {
 public:
  Shell(const Place& place, Run what) : terminal_(with(place, std::move(what)), {.rows = 24, .cols = 120}) {
    REQUIRE(terminal_.read_until("READY>", 20));
  }
  // Types, presses Tab and Enter; `arguments` is what natskv is then called with.
  void completes(const std::string& typed, const std::string& arguments) {
    CAPTURE(typed);
    const std::string number = std::to_string(++cases_);
    terminal_.send("natskv " + typed + "\t case" + number + "\r");
    CHECK(terminal_.read_until("<case" + number + ">", 20));
    const auto& screen = terminal_.screen();
    const auto end = screen.find("<case" + number + ">");
    if (end == std::string::npos) return;
    // fish writes how it leaves the terminal in front of what the program says.
    const auto begin = screen.find('<', screen.rfind('\n', end));
    CHECK(screen.substr(begin, end - begin) == arguments);
  }

 private:
  static Run with(const Place& place, Run what) {
    write_file(place.folder / "bin/natskv",
               "#!/bin/sh\nif [ \"$1\" = __complete ]; then exec " + natskv_command({}).args[0] +
                   " \"$@\"; fi\nprintf '<%s>' \"$@\"\necho\n",
               0700);
    what.env = place.environment();
    what.env["TERM"] = "dumb";
    what.cwd = place.folder.path().string();
    return what;
  }
  Terminal terminal_;
  int cases_ = 0;
};

void drive(Shell& shell, const std::string& url) {
  shell.completes("edit-v", "<edit-value>");
  shell.completes("get --consis", "<get><--consistent>");
  shell.completes("get con", "<get><config>");
  shell.completes("get config app.d", "<get><config><app.db.>");
  shell.completes("get config app.db.h", "<get><config><app.db.host>");
  shell.completes("get config mode=", "<get><config><mode=x>");
  shell.completes("get config mode:", "<get><config><mode:y>");
  shell.completes("get config top --output=jsonl -o ts", "<get><config><top><--output=jsonl><-o><tsv>");
  shell.completes("get config top --output=ta", "<get><config><top><--output=table>");
  shell.completes("-s $NATS_URL -q info co", "<-s><" + url + "><-q><info><config>");
  shell.completes("put config k -F some-f", "<put><config><k><-F><some-file>");
  shell.completes("get 'con", "<get><config>");
}

std::string bash_rc(const Place& place, bool with_library) {
  const std::string path = place.folder / (with_library ? "rc1" : "rc2");
  write_file(path,
             "PS1='READY>'\nbind 'set enable-bracketed-paste off'\n" +
                 std::string(with_library ? "source /usr/share/bash-completion/bash_completion\n" : "") +
                 "source " + scripts + "natskv.bash\n");
  write_file(place.folder / "some-file", "");
  return path;
}

Run bash(const Place& place, bool with_library) {
  return {.args = {"bash", "--noprofile", "--rcfile", bash_rc(place, with_library), "-i"}};
}

Run zsh(const Place& place) {
  write_file(place.folder / "some-file", "");
  write_file(place.folder / ".zshrc", "PS1='READY>'\nunsetopt zle_bracketed_paste prompt_sp\nfpath=(" +
                                          scripts + " $fpath)\nautoload -U compinit\ncompinit -u -d " +
                                          (place.folder / "dump") + "\n");
  return {.args = {"zsh", "-d", "-i"}};
}

Run fish(const Place& place) {
  write_file(place.folder / "some-file", "");
  return {.args = {"fish", "--private", "-C",
                   "function fish_prompt; echo -n 'READY>'; end; set -g fish_autosuggestion_enabled 0; "
                   "set -g fish_greeting; source " +
                       scripts + "natskv.fish",
                   "-i"}};
}

}  // namespace

TEST_CASE("The scripts are right in their shells' eyes") {
  CHECK(run({.args = {"bash", "-n", scripts + "natskv.bash"}}).status == 0);
  if (!program("zsh").empty()) CHECK(run({.args = {"zsh", "-n", scripts + "_natskv"}}).status == 0);
  if (!program("fish").empty()) CHECK(run({.args = {"fish", "-n", scripts + "natskv.fish"}}).status == 0);
}

TEST_CASE("bash completes, with bash-completion and without") {
  const Place place;
  {
    Shell shell(place, bash(place, false));
    drive(shell, place.server.url());
  }
  if (!std::filesystem::exists("/usr/share/bash-completion/bash_completion")) SKIP("no bash-completion");
  Shell shell(place, bash(place, true));
  drive(shell, place.server.url());
}

TEST_CASE("zsh completes") {
  if (program("zsh").empty()) SKIP("no zsh");
  const Place place;
  Shell shell(place, zsh(place));
  drive(shell, place.server.url());
}

TEST_CASE("fish completes") {
  if (program("fish").empty()) SKIP("no fish");
  const Place place;
  Shell shell(place, fish(place));
  drive(shell, place.server.url());
}

TEST_CASE("A word, its commands, options and choices are offered without a server") {
  const Place place;
  CHECK(place.offered({"rev"}) == Words{"revert"});
  CHECK(place.offered({"help", "comp"}) == Words{"compact"});
  CHECK(place.offered({"get", "b", "k", "--rev"}) == Words{"--revision"});
  CHECK(place.offered({"get", "b", "k", "--raw", "--ra"}) == Words{});
  CHECK(place.offered({"get", "--", "b", "k", "--ra"}) == Words{});
  CHECK(place.offered({"get", "-o", "js"}) == Words{"json", "jsonl"});
  CHECK(place.offered({"get", "--output=ra"}) == Words{"--output=raw"});
  CHECK(place.offered({"no-such-command", ""}) == Words{});
  CHECK(place.offered({"--no-such-option", ""}) == Words{});
  CHECK(place.offered({"put", "config", "top", ""}) == Words{});
}

TEST_CASE("Every option's and argument's value is offered by its kind") {
  const Place place;
  std::filesystem::create_directories(place.folder / "config/nats/context");
  write_file(place.folder / "config/nats/context/work.json", "{}");
  for (const auto& command : natskv::docs::commands()) {
    CAPTURE(command.verb->name);
    Words before{std::string(command.verb->name)};
    const auto looks_right = [&](const Words& words, const natskv::Declared::Item& item) {
      CAPTURE(item.longer);
      using natskv::Kind;
      switch (item.argument.kind) {
        case Kind::choice: {
          const auto& choices = item.argument.choices;
          CHECK(place.offered(words) == Words(choices.begin(), choices.end()));
          break;
        }
        case Kind::file:
          CHECK(place.kind(words) == "files");
          break;
        case Kind::directory:
          CHECK(place.kind(words) == "directories");
          break;
        case Kind::command:
          CHECK(place.kind(words) == "command");
          break;
        case Kind::context:
          CHECK(place.offered(words) == Words{"work"});
          break;
        case Kind::bucket:
          CHECK(place.offered(words) == Words{"config"});
          break;
        default:
          break;
      }
    };
    for (const auto& item : command.declared->items()) {
      // The global ones are the same everywhere.
      if (!item.option() || !item.takes_value() || item.argument.hidden) continue;
      if (item.global && command.verb != &natskv::commands::get) continue;
      Words words = before;
      words.insert(words.end(), {item.longer, ""});
      looks_right(words, item);
    }
    for (const auto* item : command.arguments()) {
      Words words = before;
      words.emplace_back();
      looks_right(words, *item);
      using natskv::Kind;
      if (item->argument.kind == Kind::key || item->argument.kind == Kind::pattern) {
        CAPTURE(item->longer);
        CHECK(place.offered(words) == Words{"app.", "mode:y", "mode=x", "top"});
      }
      if (item->argument.kind == Kind::revision) CHECK(place.offered(words) == Words{"7", "6"});
      before.emplace_back(item->argument.kind == Kind::bucket ? "config"
                          : item->argument.kind == Kind::key  ? "top"
                                                              : "x");
    }
  }
}

TEST_CASE("Revisions come with time and size, markers with their name; commands with their summary") {
  Place place;
  place.client.put("config", "top", "", {{"KV-Operation", "DEL"}});
  const auto answer = [&](Words words) {
    words.insert(words.begin(), {"__complete", "--"});
    return without_times(place.server.natskv(std::move(words), {.env = place.environment()}).out);
  };
  CHECK(answer({"revert", "config", "top", ""}) ==
        "words\n9\t####-##-## ##:##:## +00:00  DEL\n7\t####-##-## ##:##:## +00:00  5 B\n"
        "6\t####-##-## ##:##:## +00:00  5 B\n");
  CHECK(answer({"reve"}) == "words\nrevert\tStore the value of an old revision again\n");
  CHECK(answer({"get", "b", "k", "--consis"}) ==
        "words\n--consistent\task the stream's leader, not a replica that may lag\n");
}

TEST_CASE("A server that dies while Tab is pressed leaves the line as it is") {
  Place place;
  Shell shell(place, bash(place, false));
  place.server.pause();
  shell.completes("get config app.d", "<get><config><app.d>");
  place.server.resume();
  shell.completes("get config app.d", "<get><config><app.db.>");
  // In the middle of an answer: of many keys, or of none.
  for (const char* delay : {"0.01", "0.05"}) {
    Server dying;
    Client client(dying.url());
    client.add_bucket("config");
    for (int i = 0; i < 3000; ++i) client.send("$KV.config.many.k" + std::to_string(i), "v");
    client.last_revision("config");
    Process killer(
        {.args = {"sh", "-c", "sleep " + std::string(delay) + "; kill -9 " + std::to_string(dying.pid())}});
    const auto result = natskv::test::natskv({"__complete", "--", "get", "config", "many."},
                                             {.env = {{"NATS_URL", dying.url()}}, .limit = 5});
    killer.wait();
    CHECK_FALSE(result.timed_out);
    CHECK(result.status == 0);
    CHECK(result.err == "");
    CHECK((result.out.empty() || result.out.starts_with("words\n")));
  }
}

TEST_CASE("Buckets, levels of keys, revisions and contexts come from where they are") {
  const Place place;
  CHECK(place.offered({"get", ""}) == Words{"config"});
  CHECK(place.offered({"get", "config", ""}) == Words{"app.", "mode:y", "mode=x", "top"});
  CHECK(place.offered({"get", "config", "app."}) == Words{"app.db.", "app.name"});
  CHECK(place.offered({"get", "config", "app.*"}) == Words{});
  CHECK(place.offered({"revert", "config", "top", ""}) == Words{"7", "6"});
  CHECK(place.offered({"get", "config", "top", "--revision="}) == Words{"--revision=7", "--revision=6"});
  CHECK(place.offered({"get", "nobucket", ""}) == Words{});
  std::filesystem::create_directories(place.folder / "config/nats/context");
  write_file(place.folder / "config/nats/context/work.json", "{}");
  CHECK(place.offered({"--context", ""}) == Words{"work"});
  // What was typed counts, not the environment.
  CHECK(place.offered({"-s", "nats://127.0.0.1:1", "get", ""}) == Words{});
  write_file(place.folder / "config/nats/context/there.json", R"({"url": ")" + place.server.url() + "\"}");
  CHECK(place.offered({"-s", "nats://127.0.0.1:1", "cp", "x", "--to-context", "there", ""}) ==
        Words{"config"});
  const auto of_context = place.server.natskv(
      {"__complete", "--", "--context", "there", "get", ""},
      {.env = {{"NATS_URL", std::nullopt}, {"XDG_CONFIG_HOME", place.folder / "config"}}});
  CHECK(of_context.out == "words\nconfig\t\n");
  // Nobody is asked: standard input is the shell's.
  const auto asked = place.server.natskv({"__complete", "--", "--password-file", "-", "get", ""},
                                         {.open_stdin = true, .limit = 5});
  CHECK_FALSE(asked.timed_out);
  CHECK(asked.out == "");
}

TEST_CASE("Names that a terminal or a shell could obey are not offered raw") {
  Place place;
  place.client.put("config", "evil.$(touch${IFS}x)", "v");
  place.client.put("config", "evil.\x1b[31m", "v");
  place.client.put("config", "evil.\xe2\x80\xaegnp", "v");
  CHECK(place.offered({"get", "config", "evil."}) == Words{"evil.$(touch${IFS}x)"});
  for (const auto& what : {bash(place, false), zsh(place), fish(place)}) {
    if (program(what.args[0]).empty()) continue;
    CAPTURE(what.args[0]);
    Shell shell(place, what);
    shell.completes("get config evil.", "<get><config><evil.$(touch${IFS}x)>");
  }
}

TEST_CASE("At most 200 words are offered, of a bucket of any size") {
  Place place;
  for (int i = 0; i < 300; ++i) place.client.send("$KV.config.many.k" + std::to_string(i), "v");
  CHECK(place.offered({"get", "config", "many."}).size() == 200);
}

TEST_CASE("Tab gives up, silently, on a server that does not answer") {
  Place place;
  const Listener silent;
  CHECK(place.offered({"-s", silent.url(), "get", ""}) == Words{});
  place.server.pause();
  CHECK(place.offered({"get", "config", ""}) == Words{});
  const auto result =
      place.server.natskv({"__complete", "--", "keys", ""}, {.env = place.environment(), .limit = 5});
  CHECK_FALSE(result.timed_out);
  CHECK(result.out == "");
  place.server.resume();
}
