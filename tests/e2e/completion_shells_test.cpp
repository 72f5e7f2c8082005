// ctest: long impatient
// Tab in real shells on a terminal.
#include "support/completed.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

using namespace natskv::test;

namespace {

const std::string scripts = source_path("completions/");

// A shell at its prompt, which it shows as "READY>". Its natskv completes, and otherwise shows its arguments.
class Shell {
 public:
  std::string program = "natskv";  // as it is typed

  Shell(const Place& place, Run what, const std::string& term = "dumb")
      : tabs_(what.args[0] == "bash" ? "\t\t" : "\t"),
        terminal_(with(place, std::move(what), term), {.rows = 24, .cols = 120}) {
    REQUIRE(terminal_.read_until("READY>", 20));
  }
  // Types, presses Tab, types `behind` and presses Enter; `arguments` is what natskv is then called with.
  void completes(const std::string& typed, const std::string& arguments, const std::string& behind = "") {
    CAPTURE(typed);
    const std::string number = std::to_string(++cases_);
    terminal_.send(program + " " + typed + "\t" + behind + " case" + number + "\r");
    CHECK(terminal_.read_until("<case" + number + ">", 20));
    const auto& screen = terminal_.screen();
    const auto end = screen.find("<case" + number + ">");
    if (end == std::string::npos) return;
    // fish writes how it leaves the terminal in front of what the program says.
    const auto begin = screen.find('<', screen.rfind('\n', end));
    CHECK(screen.substr(begin, end - begin) == arguments);
  }
  [[nodiscard]] bool showed(const std::string& text) const {
    return terminal_.screen().find(text) != std::string::npos;
  }
  // Types and presses Tab: `parts` are shown, each behind the one before.
  void lists(const std::string& typed, const std::vector<std::string>& parts) {
    CAPTURE(typed);
    const auto from = terminal_.screen().size();
    terminal_.send(program + " " + typed + tabs_);
    const auto shows = [&] {
      auto at = from;
      for (const auto& part : parts) {
        if (at == std::string::npos) return false;
        at = terminal_.screen().find(part, at);
        if (at != std::string::npos) at += part.size();
      }
      return at != std::string::npos;
    };
    for (int i = 0; i < 200 && !shows(); ++i) terminal_.read_for(0.1);
    INFO("shown: " << terminal_.screen().substr(from));
    CHECK(shows());
    leave();
  }
  // Types, presses Tab and Enter; whatever comes of it, the shell goes on.
  void survives(const std::string& typed) {
    CAPTURE(typed);
    const auto from = terminal_.screen().size();
    terminal_.send("natskv " + typed + "\t\r");
    for (int i = 0; i < 100 && terminal_.screen().find('\n', from) == std::string::npos; ++i)
      terminal_.read_for(0.1);
    leave();
  }

 private:
  // To an empty line: what is asked for, and proposals that are shown, take a Ctrl-C each.
  void leave() {
    for (int i = 0; i < 20; ++i) {
      terminal_.send("x");  // leaving an empty line, fish says nothing
      terminal_.read_for(0.1);
      const auto from = terminal_.screen().size();
      terminal_.send("\x03");
      for (int j = 0; j < 5; ++j) {
        if (terminal_.screen().find("READY>", from) != std::string::npos) return;
        terminal_.read_for(0.1);
      }
    }
  }
  static Run with(const Place& place, Run what, const std::string& term) {
    // natskv offers what came within 0.3 s, and nothing after 0.45 s: what took so long is asked again.
    write_file(
        place.folder / "bin/natskv",
        "#!/bin/sh\nif [ \"$1\" != __complete ]; then printf '<%s>' \"$@\"; echo; exit; fi\n"
        "for i in 1 2 3 4 5 6 7 8 9 10; do from=$(date +%s%N); " +
            natskv_command({}).args[0] +
            " \"$@\" > \"$0.$$\"; status=$?; [ $(($(date +%s%N) - from)) -ge 250000000 ] || break; done\n"
            "cat \"$0.$$\"; rm \"$0.$$\"; exit $status\n",
        0700);
    what.env = place.environment();
    what.env["TERM"] = term;
    what.cwd = place.folder.path().string();
    return what;
  }
  std::string tabs_;  // until proposals are shown
  Terminal terminal_;
  int cases_ = 0;
};

void drive(Shell& shell, const std::string& url) {
  shell.program = "~/bin/natskv";
  shell.completes("get con", "<get><config>");
  shell.program = "natskv";
  CHECK_FALSE(shell.showed("Unknown command"));
  shell.completes("edit-v", "<edit-value>");
  shell.completes("get --consis", "<get><--consistent>");
  shell.completes("get con", "<get><config>");
  // A level is followed by the next, a whole key by a space.
  shell.completes("get config app.d", "<get><config><app.db.port>", "port");
  shell.completes("get config app.db.h", "<get><config><app.db.host><x>", "x");
  shell.completes("get config mode=", "<get><config><mode=x>");
  shell.completes("get config mode:", "<get><config><mode:y>");
  shell.completes("get config top --output=jsonl -o ts", "<get><config><top><--output=jsonl><-o><tsv>");
  shell.completes("get config top -ots", "<get><config><top><-otsv>");
  shell.completes("put config k -Fsome-f", "<put><config><k><-Fsome-file>");
  shell.completes("--context ./some-f", "<--context><./some-file>");
  shell.completes("get config top --output=ta", "<get><config><top><--output=table>");
  shell.completes("-s $NATS_URL -q info co", "<-s><" + url + "><-q><info><config>");
  shell.completes("put config k -F some-f", "<put><config><k><-F><some-file>");
  shell.completes("get 'con", "<get><config>");
  shell.completes("get config \"mode=", "<get><config><mode=x>");
  shell.completes("sandbox -- ls some", "<sandbox><--><ls><some-file>");
  shell.completes("-q sandbox --store dir -- ls some", "<-q><sandbox><--store><dir><--><ls><some-file>");
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
  if (!program("shellcheck").empty())
    CHECK(run({.args = {"shellcheck", "-s", "bash", scripts + "natskv.bash"}}).out == "");
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

TEST_CASE("Several proposals are listed; revisions with time and size, the latest first") {
  const Place place;
  for (int i = 0; i < 3; ++i) Client(place.server.url()).put("config", "top", "newest");
  for (const auto& what : {bash(place, false), zsh(place), fish(place)}) {
    if (program(what.args[0]).empty()) continue;
    CAPTURE(what.args[0]);
    Shell shell(place, what, "xterm");
    shell.lists("get config app.", {"db.", "name"});
    if (what.args[0] == "bash") {
      shell.lists("revert config top ", {"11", "10", "9", "7", "6"});
    } else if (what.args[0] == "zsh") {
      shell.lists("revert config top ",
                  {"11 ", ":", "6 B", "10 ", ":", "6 B", "9 ", "7 ", "5 B", "6 ", "5 B"});
      shell.lists("co", {"compact", "Drop old delete and purge markers", "context", "List, show"});
    } else {  // in columns
      shell.lists("revert config top ", {"11 ", ":", "6 B"});
      shell.lists("co", {"mpact", "Drop old delete and purge markers"});
    }
  }
}

TEST_CASE("A key's name that is a command is never run, whatever quote is open") {
  Place place;
  place.client.put("config", "evil.$(touch${IFS}pwned)", "v");
  place.client.put("config", "q.';touch${IFS}pwned;'", "v");
  place.client.put("config", "d.\";`touch${IFS}pwned`;\"", "v");
  place.client.put("config", "harmless.';&(x)", "v");
  for (const auto& what : {bash(place, false), zsh(place), fish(place)}) {
    if (program(what.args[0]).empty()) continue;
    CAPTURE(what.args[0]);
    Shell shell(place, what);
    for (const std::string word : {"evil", "q", "d"}) {
      for (const std::string& typed :
           {"\"" + word + ".", "'" + word + ".", "\"" + word + "\".", word + "\".", word + "'."})
        shell.survives("get config " + typed);
    }
    shell.survives("get config $'q.");
    shell.completes("edit-v", "<edit-value>");
    CHECK_FALSE(std::filesystem::remove(place.folder / "pwned"));
  }
  // What means nothing inside the quote is proposed.
  Shell shell(place, bash(place, false));
  shell.completes("get config \"q.", "<get><config><q.>", "\"");
  shell.completes("get config \"harm", "<get><config><harmless.>");
  shell.completes("get config \"harmless.", "<get><config><harmless.';&(x)>");
  shell.completes("get config 'evil.", "<get><config><evil.$(touch${IFS}pwned)>");
  shell.completes("get config \"evil\".", "<get><config><evil.$(touch${IFS}pwned)>");
  shell.completes("get config to\"p", "<get><config><top>");
}

TEST_CASE("A key's name that is a command is one word behind Tab") {
  Place place;
  place.client.put("config", "evil.$(touch${IFS}x)", "v");
  for (const auto& what : {bash(place, false), zsh(place), fish(place)}) {
    if (program(what.args[0]).empty()) continue;
    CAPTURE(what.args[0]);
    Shell shell(place, what);
    shell.completes("get config evil.", "<get><config><evil.$(touch${IFS}x)>");
  }
}

TEST_CASE("A server that does not answer while Tab is pressed leaves the line as it is") {
  Place place;
  for (const auto& what : {bash(place, false), zsh(place), fish(place)}) {
    if (program(what.args[0]).empty()) continue;
    CAPTURE(what.args[0]);
    Shell shell(place, what);
    place.server.pause();
    shell.completes("get config app.d", "<get><config><app.d>");
    place.server.resume();
    shell.completes("get config app.d", "<get><config><app.db.>");
  }
}
