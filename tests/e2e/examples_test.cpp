// Every example of every manual page, run as it stands, in a folder of its own: the server has the bucket
// `config` (history 5) with `greeting` = hello at revision 1, and what set_up() adds.
#include "app/globals.hpp"
#include "commands/all.hpp"
#include "commands/tools/help.hpp"
#include "support/client.hpp"
#include "support/process.hpp"
#include "support/server.hpp"
#include "support/shell_text.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <vector>

using namespace natskv;
using namespace natskv::test;

namespace {

// For each verb again, on one server.
void fresh(Client& client) {
  const auto names = nlohmann::json::parse(client.api("STREAM.NAMES"));
  const auto none = nlohmann::json::array();
  for (const auto& name : names.value("streams", none))
    client.api("STREAM.DELETE." + name.get<std::string>());
  client.add_bucket("config", R"({"max_msgs_per_subject": 5})");
  client.put("config", "greeting", "hello");
}

// What a verb's examples take for granted: OTHER is the URL of a second server.
std::string set_up(std::string_view verb) {
  static const std::map<std::string_view, std::string> commands{
      {"compact", "natskv -q del config greeting"},
      {"context", "touch dr.creds"},
      {"cp", "natskv -q add staging; natskv -q put staging old 1; natskv -q context add dr -s $OTHER"},
      {"diff",
       "natskv -q add staging; natskv -q put staging greeting hey; natskv -q put staging greeting hi\n"
       "natskv -q export staging -F backup.jsonl"},
      {"edit-value", "export EDITOR='sed -i s/hello/hello,/'"},
      {"elect",
       "natskv -q add locks --ttl 30s; printf '#!/bin/sh\necho working\n' > worker; chmod +x worker"},
      {"history", "natskv -q put config app.debug on; natskv -q del config app.debug"},
      {"import", "natskv -q export config -F config.jsonl; mkdir conf; printf hello > conf/greeting"},
      {"keys", "natskv -q put config app.debug on"},
      {"lock",
       "natskv -q add locks --ttl 30s; printf '#!/bin/sh\necho deploying\n' > deploy; chmod +x deploy"},
      {"put", "printf 'a\\0b' > logo.png"},
      {"revert", "natskv -q put config greeting hi"},
      {"run", "printf '#!/bin/sh\necho $GREETING\n' > server; chmod +x server"},
      {"sandbox", "printf '#!/bin/sh\necho passed\n' > tests; chmod +x tests"},
      {"wait",
       "(sleep 0.2; natskv -q put config schema 42; natskv -q put config greeting hi\n"
       "for i in 1 2 3; do natskv -q put config ready.$i yes; done; natskv -q put config replicas 5) &"},
      // Every watch ends. After the first somebody writes all the time.
      {"watch",
       "write_on() { while sleep 0.1; do command natskv -q put config greeting hi; "
       "command natskv -q put config app.debug on; done & trap \"kill $!\" EXIT; }\n"
       "natskv() { shift; case $* in *--count*) command natskv watch \"$@\";; "
       "*--updates*) command natskv watch --count 1 \"$@\";; "
       "*) command natskv watch --initial \"$@\"; write_on;; esac; }\n"
       "printf '#!/bin/sh\necho reloaded\n' > reload; chmod +x reload"}};
  const auto found = commands.find(verb);
  return found == commands.end() ? "" : found->second + "\n";
}

// "..." stands for the rest of a line, and in a line of its own for the rest of the output.
bool as_shown(const std::string& printed, const std::string& expected) {
  std::istringstream have(printed), want(expected);
  std::string line, pattern;
  while (std::getline(want, pattern)) {
    if (pattern == "...") return true;
    if (!std::getline(have, line)) return false;
    const bool begin = pattern.ends_with("...");
    if (begin) pattern.resize(pattern.size() - 3);
    if (begin ? !line.starts_with(pattern) : line != pattern) return false;
  }
  return !std::getline(have, line);
}

// The lines that the text of a manual page shows behind the paragraph that begins so.
std::string manual_lines(const std::string& page, const std::string& paragraph) {
  const std::string text = read_file(source_path("src/docs/" + page));
  auto at = text.find("\n\n  ", text.find("\n" + paragraph));
  REQUIRE(at != std::string::npos);
  std::string lines;
  for (at += 2; text.compare(at, 2, "  ") == 0; at = text.find('\n', at) + 1)
    lines += text.substr(at + 2, text.find('\n', at) + 1 - at - 2);
  return lines;
}

// The first of `steps` is `natskv sandbox`: the others are typed into its shell.
Result in_sandbox(const std::vector<Shown>& steps) {
  REQUIRE(steps.size() > 1);
  REQUIRE(steps[0].command == "natskv sandbox");
  const TempDir folder;
  std::filesystem::create_symlink(natskv_command({}).args[0], folder / "natskv");
  const std::string path = "PATH=" + folder.path().string() + ":$PATH\n";
  return run({.args = natskv_command({"sandbox"}).args,
              .input = path + script({steps.begin() + 1, steps.end()}),
              .env = {{"SHELL", "/bin/sh"}, {"TMPDIR", folder.path().string()}},
              .limit = 60});
}

}  // namespace

TEST_CASE("The manual's own example prints what it says") {
  const auto steps = shown(manual_lines("natskv.1.in", "A private server"));
  const auto result = in_sandbox(steps);
  INFO("stderr: " << result.err);
  CHECK(result.status == 0);
  const auto printed = outputs(result.out);
  REQUIRE(printed.size() == steps.size() - 1);
  for (std::size_t i = 1; i < steps.size(); ++i) CHECK(printed[i - 1] == steps[i].output);
}

TEST_CASE("The first steps of help can be taken") {
  const std::string text = commands::overview({commands::table(), declare_globals});
  std::istringstream lines(text.substr(text.find("First steps:\n") + 13));
  std::vector<Shown> steps;
  std::string line;
  while (std::getline(lines, line) && !line.empty())
    steps.push_back({line.substr(2, line.find("  ", 2) - 2), ""});
  REQUIRE(steps.size() == 5);
  CHECK(steps.back().command == "natskv watch config");
  steps.back().command += " --initial --count 1";  // else it goes on
  const auto result = in_sandbox(steps);
  CHECK(result.status == 0);
  CHECK(result.err == "");
  const auto printed = outputs(result.out);
  REQUIRE(printed.size() == 4);
  CHECK(printed[0].starts_with("bucket\tconfig\n"));
  CHECK(printed[1] == "1\n");
  CHECK(printed[2] == "hello\n");
  CHECK(printed[3].starts_with("greeting\t1\tPUT\t"));
}

TEST_CASE("A failure's line of JSON is as natskv-output(7) shows it") {
  Server server;
  Client client(server.url());
  client.add_bucket("config");
  for (int i = 0; i < 3; ++i) client.put("config", "app", "v");
  const auto result = server.natskv({"create", "config", "app", "v", "-j"});
  CHECK(result.status == 4);
  auto error = nlohmann::ordered_json::parse(result.err.substr(result.err.find("\n{") + 1));
  error["error"]["message"] = "...";
  CHECK(error.dump() + "\n" == manual_lines("natskv-output.7.in", "With json and jsonl standard error is"));
}

TEST_CASE("The examples of each command print what the manual says") {
  Server server;
  const Server other;
  Client client(server.url());
  const TempDir bin;
  std::filesystem::create_symlink(natskv_command({}).args[0], bin / "natskv");
  for (const Verb* verb : commands::table()) {
    CAPTURE(verb->name);
    fresh(client);
    const TempDir folder;
    const auto examples = shown(verb->examples);
    CHECK_FALSE(examples.empty());
    const auto result =
        run({.args = {verb->name == "completion" ? "bash" : "sh", "-c",
                      "PATH=" + bin.path().string() + ":$PATH\n" + set_up(verb->name) + script(examples)},
             .env = {{"NATS_URL", server.url()},
                     {"OTHER", other.url()},
                     {"XDG_CONFIG_HOME", folder / "config"},
                     {"TMPDIR", folder.path().string()}},
             .cwd = folder.path().string(),
             .limit = 60});
    INFO("stderr: " << result.err);
    const auto printed = outputs(result.out);
    REQUIRE(printed.size() == examples.size());
    for (std::size_t i = 0; i < examples.size(); ++i) {
      CAPTURE(examples[i].command);
      CAPTURE(escaped(printed[i]));
      CHECK(as_shown(printed[i], examples[i].output));
    }
  }
}
