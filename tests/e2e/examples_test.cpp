// Every example of every manual page, run as it stands: a fresh server, the bucket `config` (history 5) with
// `greeting` = hello at revision 1, in an empty folder.
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
#include <sstream>
#include <string>
#include <vector>

using namespace natskv;
using namespace natskv::test;

namespace {

// Made anew for each verb, on one server.
void fresh(Client& client) {
  const auto names = nlohmann::json::parse(client.api("STREAM.NAMES"));
  const auto none = nlohmann::json::array();
  for (const auto& name : names.value("streams", none))
    client.api("STREAM.DELETE." + name.get<std::string>());
  client.add_bucket("config", R"({"max_msgs_per_subject": 5})");
  client.put("config", "greeting", "hello");
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
  CHECK(error.dump() + "\n" == manual_lines("natskv-output.7.in", "With json and jsonl what is said"));
}

TEST_CASE("The examples of each command print what the manual says") {
  Server server;
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
        run({.args = {"sh", "-c", "PATH=" + bin.path().string() + ":$PATH\n" + script(examples)},
             .env = {{"NATS_URL", server.url()}, {"TMPDIR", folder.path().string()}},
             .cwd = folder.path().string(),
             .limit = 60});
    INFO("stderr: " << result.err);
    const auto printed = outputs(result.out);
    REQUIRE(printed.size() == examples.size());
    for (std::size_t i = 0; i < examples.size(); ++i) {
      CAPTURE(examples[i].command);
      CHECK(escaped(printed[i]) == escaped(examples[i].output));
    }
  }
}
