// ctest: races
#include "support/folder.hpp"
#include "support/job_shell.hpp"
#include "support/process.hpp"
#include "support/server.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace {

namespace fs = std::filesystem;
using namespace natskv::test;

// A sandbox whose folders are made in `places` only.
Run sandbox(const Folder& places, std::vector<std::string> words, Run rest = {}) {
  words.insert(words.begin(), "sandbox");
  rest.env["TMPDIR"] = places.path();
  rest.env["XDG_RUNTIME_DIR"] = std::nullopt;
  return natskv_command(std::move(words), std::move(rest));
}

std::vector<std::string> folders_in(const Folder& places) {
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator(places.path())) found.push_back(entry.path().string());
  return found;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// The server's, by the file it writes its port to.
pid_t server_of(const Folder& places) {
  for (const std::string& folder : folders_in(places)) {
    for (const auto& entry : fs::directory_iterator(folder + "/ports")) {
      const std::string name = entry.path().filename().string();
      return std::stoi(name.substr(name.find('_') + 1));
    }
  }
  return -1;
}

bool gone(pid_t pid) {
  for (int slice = 0; slice < 600; ++slice) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/stat");
    std::string line;
    std::getline(status, line);
    if (line.empty()) return true;
    // A zombie that nobody reaps (no init in a container) is gone too; but its first thread is one while
    // others still have its files open, and their locks.
    std::error_code error;
    const auto threads = std::distance(
        fs::directory_iterator("/proc/" + std::to_string(pid) + "/task", error), fs::directory_iterator());
    if (line.find(") Z") != std::string::npos && threads <= 1) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return false;
}

}  // namespace

TEST_CASE("The command's status is passed on and nothing is left behind") {
  const Folder places;
  CHECK(run(sandbox(places, {"--", "sh", "-c", "exit 42"})).status == 42);
  CHECK(run(sandbox(places, {"--", "sh", "-c", "kill -KILL $$"})).status == 128 + SIGKILL);
  const Result missing = run(sandbox(places, {"--", "natskv-no-such-program"}));
  CHECK(missing.status == 127);
  CHECK(missing.err.find("no such program: \"natskv-no-such-program\"") != std::string::npos);
  CHECK(folders_in(places).empty());
}

TEST_CASE("The command gets the server's URL and a context, and no other NATS_ variable") {
  const Folder places;
  const Result result = run(sandbox(places,
                                    {"--", "sh", "-c",
                                     "echo $NATS_URL; echo $NATS_CONTEXT; cat $NATS_CONTEXT; stat -c %a "
                                     "$NATS_CONTEXT ${NATS_CONTEXT%/*}; env | grep -c ^NATS_"},
                                    {.env = {{"NATS_USER", "somebody"}, {"NATS_URL", "nats://elsewhere"}}}));
  CHECK(result.status == 0);
  CHECK(result.err == "");
  const std::string url = first_line(result.out);
  REQUIRE(url.starts_with("nats://"));
  const std::string token = url.substr(7, url.find('@') - 7);
  const std::string address = url.substr(url.find('@') + 1);
  CHECK(token.size() >= 32);
  CHECK(address.starts_with("127.0.0.1:"));
  const std::string context = first_line(result.out.substr(url.size() + 1));
  CHECK(context.starts_with(places.path() + "/natskv-sandbox-"));
  CHECK(context.ends_with(".json"));
  CHECK(result.out == url + "\n" + context + "\n{\"description\": \"natskv sandbox\", \"url\": \"nats://" +
                          address + "\", \"token\": \"" + token + "\"}\n600\n700\n2\n");
}

TEST_CASE("The server has JetStream, and the token in no program's arguments") {
  const Folder places;
  const Result result =
      run(sandbox(places, {"--", "sh", "-c",
                           // The token reaches grep by a file: its own arguments are searched, too.
                           "token=${NATS_URL#nats://}; printf %s \"${token%@*}\" > ${NATS_CONTEXT%/*}/word; "
                           "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | "
                           "grep -c -F -f ${NATS_CONTEXT%/*}/word; ls ${NATS_CONTEXT%/*}/data"}));
  CHECK(result.out == "0\njetstream\n");
}

TEST_CASE("The server is reachable with its token only, and on loopback only") {
  const Folder places;
  const Result result = run(sandbox(
      places, {"--", "sh", "-c",
               "bare=nats://${NATS_URL#*@}; port=${bare##*:}; "
               "try() { env -u NATS_URL -u NATS_CONTEXT \"$0\" \"$@\" > /dev/null 2>&1; echo $?; }; "
               "try -s $bare ls; try -s $bare --token wrong ls; try -s $bare --user a --password b ls; "
               "try -s $NATS_URL ls; "
               // Every socket of the server's that listens: address and port in hexadecimal.
               "for fd in /proc/$(ls ${NATS_CONTEXT%/*}/ports | tr -dc 0-9)/fd/*; do readlink $fd; done | "
               "sed -n 's/^socket:.\\(.*\\)]$/ \\1 /p' > ${NATS_CONTEXT%/*}/sockets; "
               "cat /proc/net/tcp /proc/net/tcp6 | grep ' 0A ' | grep -F -f ${NATS_CONTEXT%/*}/sockets | "
               "while read n local rest; do echo $local; done | sed s/$(printf %04X $port)/PORT/",
               natskv_command({}).args.at(0)}));
  CHECK(result.out == "6\n6\n6\n0\n0100007F:PORT\n");
}

TEST_CASE("A command that cannot be run is found before a server is started") {
  const Folder places, programs;
  programs.write("headless", "exit 0\n", 0755);
  const Result folder = run(sandbox(places, {"--", places.path()}));
  CHECK(folder.status == 126);
  CHECK(folder.err == "natskv: sandbox: cannot execute \"" + places.path() + "\": Is a directory\n");
  const Result headless = run(sandbox(places, {"--", programs.at("headless")}));
  CHECK(headless.status == 126);
  CHECK(headless.err.find("Exec format error\nhint: a script needs a first line such as #!/bin/sh\n") !=
        std::string::npos);
  const Result json = run(sandbox(places, {"-j", "--", "natskv-no-such-program"}));
  CHECK(json.status == 127);
  CHECK(json.err.find("\"exit\":127,\"code\":\"no_such_command\"") != std::string::npos);
}

TEST_CASE("What the command leaves running is stopped, and counted on stderr") {
  const Folder places;
  const Result result = run(sandbox(places, {"--", "sh", "-c", "sleep 600 & sleep 600 & exit 3"}));
  CHECK(result.status == 3);
  CHECK(result.err ==
        "natskv: sandbox: warning: COMMAND ended and left 2 processes running, which were stopped\n");
}

TEST_CASE("The command and its children die with a natskv that was killed") {
  const Folder places;
  Process process(sandbox(places, {"--", "sh", "-c", "sleep 600 & echo $$ $!; wait"}));
  REQUIRE(process.read_until("\n"));
  std::istringstream pids(process.out());
  pid_t command = -1;
  pid_t child = -1;
  pids >> command >> child;
  REQUIRE(child > 0);
  process.signal(SIGKILL);
  CHECK(gone(command));
  CHECK(gone(child));
}

TEST_CASE(
    "Ctrl-Z at the terminal stops natskv and the command for the user's shell, and fg lets both go on") {
  const Folder places;
  JobShell terminal(sandbox(
      places, {"--", "sh", "-c", "trap 'echo again; exit 6' CONT; echo up; while :; do sleep 0.05; done"}));
  REQUIRE(terminal.read_until("up\r\n"));
  terminal.send("\x1a");
  REQUIRE(terminal.read_until("Stopped"));
  terminal.send("fg\n");
  REQUIRE(terminal.read_until("again\r\n"));
  terminal.send("exit $?\n");
  CHECK(terminal.wait().status == 6);
  CHECK(folders_in(places).empty());
}

TEST_CASE("SIGTERM is passed on to the command, and the data go") {
  const Folder places;
  Process process(
      sandbox(places, {"--", "sh", "-c", "trap 'exit 7' TERM; echo up; while :; do sleep 0.05; done"}));
  REQUIRE(process.read_until("up\n"));
  const pid_t server = server_of(places);
  REQUIRE(server > 0);
  process.signal(SIGTERM);
  CHECK(process.wait().status == 7);
  CHECK(gone(server));
  CHECK(folders_in(places).empty());
}

TEST_CASE("Ctrl-C ends the command; the server outlives it, and the data go") {
  const Folder places;
  Terminal terminal(
      sandbox(places, {"--", "sh", "-c",
                       "trap 'kill -0 $(ls ${NATS_CONTEXT%/*}/ports | tr -dc 0-9) && exit 9' INT; echo up; "
                       "while :; do sleep 0.05; done"}));
  REQUIRE(terminal.read_until("up"));
  terminal.send("\x03");
  CHECK(terminal.wait().status == 9);
  CHECK(folders_in(places).empty());
}

TEST_CASE("A command that dies of Ctrl-C leaves the terminal as it was, raw mode or not") {
  const Folder places;
  for (const char* mode : {"", "stty raw -echo isig; "}) {
    CAPTURE(mode);
    // Not the shell itself: one that gets SIGINT while it starts a program may lose it.
    Terminal terminal(sandbox(places, {"--", "sh", "-c", std::string(mode) + "exec sed -u s/x/READY/"}));
    terminal.send("x\n");
    REQUIRE(terminal.read_until("READY"));
    terminal.send("\x03");
    CHECK(terminal.wait().status == 130);
    CHECK(terminal.sane());
  }
}

TEST_CASE("The server dies with a natskv that was killed, and the next sandbox removes what is left") {
  const Folder places;
  pid_t server = -1;
  {
    Process process(sandbox(places, {"--", "sh", "-c", "echo up; sleep 60"}));
    REQUIRE(process.read_until("up\n"));
    server = server_of(places);
    REQUIRE(server > 0);
    process.signal(SIGKILL);
  }
  CHECK(gone(server));
  CHECK(folders_in(places).size() == 1);
  CHECK(run(sandbox(places, {"--", "true"})).status == 0);
  CHECK(folders_in(places).empty());
}

TEST_CASE("A sandbox does not touch one that runs, nor what only looks like one") {
  const Folder places, elsewhere;
  elsewhere.write("lock", "");
  fs::create_directory_symlink(elsewhere.path(), places.at("natskv-sandbox-symlink"));
  places.write("natskv-sandbox-file", "");
  fs::create_directory(places.at("natskv-sandbox-young"));
  Process process(sandbox(places, {"--", "sh", "-c", "echo up; read line; ls $NATS_CONTEXT >/dev/null"},
                          {.open_stdin = true}));
  REQUIRE(process.read_until("up\n"));
  CHECK(run(sandbox(places, {"--", "true"})).status == 0);
  process.send("go on\n");
  CHECK(process.wait().status == 0);
  CHECK(fs::exists(elsewhere.at("lock")));
  CHECK(folders_in(places).size() == 3);
}

TEST_CASE("--store keeps the data, for one sandbox at a time") {
  const Folder places, stores;
  const std::string store = stores.at("a new/store");
  Process process(
      sandbox(places, {"--store", store, "--", "sh", "-c", "echo up; read line"}, {.open_stdin = true}));
  REQUIRE(process.read_until("up\n"));
  const Result second = run(sandbox(places, {"--store", store, "--", "true"}));
  CHECK(second.status == 1);
  CHECK(second.err == "natskv: sandbox: the store \"" + store + "\" is in use by another sandbox\n");
  process.send("\n");
  CHECK(process.wait().status == 0);
  CHECK(fs::is_directory(store + "/jetstream"));
  CHECK(stores.mode("a new/store") == 0700);
  CHECK(folders_in(places).empty());
  CHECK(run(sandbox(places, {"--store", store, "--", "true"})).status == 0);
}

TEST_CASE("A server that does not start is a failure with its own last word") {
  const Folder places, programs;
  programs.write("nats-server",
                 "#!/bin/sh\necho '[1] 2026/01/02 03:04:05.6 [FTL] no luck today' >&2\nexit 3\n", 0755);
  const Result result =
      run(sandbox(places, {"--", "true"}, {.env = {{"PATH", programs.path() + ":/usr/bin:/bin"}}}));
  CHECK(result.status == 1);
  CHECK(result.err == "natskv: sandbox: nats-server ended at its start with status 3: no luck today\n");
  CHECK(folders_in(places).empty());
}

TEST_CASE("A server that a script starts is found, and ends with the sandbox") {
  const Folder places, programs;
  const std::string script = "#!/bin/sh\n" + server_program() + " \"$@\"\necho $? > /dev/null\n";
  programs.write("nats-server", script, 0755);
  const Run path{.env = {{"PATH", programs.path() + ":/usr/bin:/bin"}}};
  const Result result =
      run(sandbox(places, {"--", "sh", "-c", "ls ${NATS_CONTEXT%/*}/ports | tr -dc '0-9\n'; exit 5"}, path));
  CHECK(result.err == "");
  CHECK(result.status == 5);
  REQUIRE_FALSE(result.out.empty());
  CHECK(gone(std::stoi(result.out)));
  CHECK(folders_in(places).empty());
}

TEST_CASE("A server that a script started dies with a natskv that was killed, its data kept or not") {
  for (const bool kept : {false, true}) {
    CAPTURE(kept);
    const Folder places, programs, stores;
    programs.write("nats-server", "#!/bin/sh\n" + server_program() + " \"$@\"\necho $? > /dev/null\n", 0755);
    std::vector<std::string> words{"--", "sh", "-c",
                                   "ls ${NATS_CONTEXT%/*}/ports | tr -dc '0-9'; echo ' up'; sleep 60"};
    if (kept) words.insert(words.begin(), {"--store", stores.at("data")});
    Process process(sandbox(places, words, {.env = {{"PATH", programs.path() + ":/usr/bin:/bin"}}}));
    REQUIRE(process.read_until(" up\n"));
    process.signal(SIGKILL);
    CHECK(gone(std::stoi(process.out())));
  }
}

TEST_CASE("A script that goes away and leaves something running is no server, and nothing is left") {
  const Folder places, programs;
  programs.write("nats-server",
                 "#!/bin/sh\nsleep 600 > /dev/null & echo $! > '" + programs.at("left") + "'\n", 0755);
  const Run path{.env = {{"PATH", programs.path() + ":/usr/bin:/bin"}}};
  const Result result = run(sandbox(places, {"--", "true"}, path));
  CHECK(result.status == 1);
  CHECK(result.err == "natskv: sandbox: nats-server ended at its start with status 0\n");
  CHECK(gone(std::stoi(programs.read("left"))));
}

TEST_CASE("The command's status is passed on where a parent ignores SIGCHLD") {
  const Folder places;
  Run what = sandbox(places, {"--", "sh", "-c", "exit 7"});
  what.args.insert(what.args.begin(), {"sh", "-c", "trap '' CHLD; exec \"$@\"", "sh"});
  CHECK(run(what).status == 7);
}

TEST_CASE("Without a command it is the user's shell, and a terminal is told so") {
  const Folder places;
  Terminal terminal(sandbox(places, {}, {.env = {{"SHELL", "/bin/sh"}, {"PS1", "> "}}}));
  REQUIRE(terminal.read_until("a private nats-server is running"));
  terminal.send("test -n \"$NATS_URL\" && exit 5\n");
  CHECK(terminal.wait().status == 5);
  CHECK(folders_in(places).empty());
}

// A prompt theme sets the prompt each time; the user's files, and the status of the last command, stay in it.
TEST_CASE("The shell says in its prompt that it is in a sandbox, and the user's own start-up files run") {
  struct Case {
    std::string shell, file, theme, where;
  };
  for (const auto& [shell, file, theme, where] :
       {Case{"bash", ".bashrc", "PROMPT_COMMAND='PS1=\"mine \\$? > \"'\nalias mine='echo my own'\n", ""},
        Case{"bash", ".bashrc", "PS1='mine $? > '\nPROMPT_COMMAND=(true true)\nalias mine='echo my own'\n",
             ""},
        Case{"zsh", ".zshrc", "PS1='mine %? > '\nunsetopt prompt_cr\nalias mine='echo my own'\n", ""},
        Case{"zsh", "it's/.zshrc", "PS1='mine %? > '\nunsetopt prompt_cr\nalias mine='echo my own'\n",
             "it's"},
        Case{"fish", ".config/fish/config.fish",
             "function fish_prompt; echo -n \"mine $status > \"; end\nfunction mine; echo my own; end\n",
             ""}}) {
    CAPTURE(shell);
    CAPTURE(where);
    const std::string path = program(shell);
    if (path.empty()) {
      MESSAGE("no " << shell);
      continue;
    }
    const Folder places, home;
    home.write(file, theme);
    home.write(".zshenv", "export FROM_ZSHENV=1\n");
    Run what = sandbox(places, {}, {.env = {{"SHELL", path}, {"HOME", home.path()}, {"TERM", "dumb"}}});
    what.env["XDG_CONFIG_HOME"] = std::nullopt;
    if (!where.empty()) what.env["ZDOTDIR"] = home.at(where);
    Terminal terminal(what, {.rows = 24, .cols = 120});
    REQUIRE(terminal.read_until("(sandbox) mine 0 > "));
    terminal.send("mine\r");
    CHECK(terminal.read_until("my own\r\n"));
    terminal.send("sh -c 'exit 7'\r");
    CHECK(terminal.read_until("(sandbox) mine 7 > "));
    terminal.send("sh -c 'echo \"<$ZDOTDIR>\"'\r");
    CHECK(terminal.read_until("<" + (where.empty() ? "" : home.at(where)) + ">"));
    CHECK(terminal.screen().find("(sandbox) (sandbox)") == std::string::npos);
    terminal.send("exit 5\r");
    CHECK(terminal.wait().status == 5);
    // fish keeps something there, too.
    for (const auto& folder : folders_in(places))
      CHECK_FALSE(fs::path(folder).filename().string().starts_with("natskv-"));
  }
}

TEST_CASE("The server can be named, by an option or a variable") {
  const Folder places;
  const Run nothing_found{.env = {{"PATH", "/nowhere"}}};
  const auto server = server_program();
  const auto named =
      run(sandbox(places, {"--nats-server", server, "--", "/bin/sh", "-c", "echo $NATS_URL"}, nothing_found));
  CHECK(named.status == 0);
  CHECK(named.out.starts_with("nats://"));
  Run variable = nothing_found;
  variable.env["NATSKV_NATS_SERVER"] = server;
  CHECK(run(sandbox(places, {"--", "/bin/true"}, variable)).status == 0);
  // The option beats the variable; what cannot be run is found before anything starts.
  const auto wrong = run(sandbox(places, {"--nats-server", "/etc/passwd", "--", "/bin/true"}, variable));
  CHECK(wrong.status == 2);
  CHECK(wrong.err == "natskv: sandbox: --nats-server: \"/etc/passwd\" is not a program that can be run\n");
  variable.env["NATSKV_NATS_SERVER"] = "/nowhere/nats-server";
  CHECK(run(sandbox(places, {"--", "/bin/true"}, variable)).status == 2);
}
