// README.md's code blocks, run as they stand. ```console: a recipe, each on a server of its own, after the
// set-up that ```bash shows. ```sh: the two commands; they build and test everything, which is CI's job
// (.ci/run calls both), so here only what the first does after ./install.sh is run.
#include "support/process.hpp"
#include "support/server.hpp"
#include "support/shell_text.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

using namespace natskv::test;

namespace {

std::vector<std::string> blocks(const std::string& language) {
  const std::string text = read_file(source_path("README.md"));
  const std::string fence = "```" + language + "\n";
  std::vector<std::string> found;
  for (auto at = text.find(fence); at != std::string::npos; at = text.find(fence, at)) {
    at += fence.size();
    const auto end = text.find("```", at);
    found.push_back(text.substr(at, end - at));
    at = end;
  }
  return found;
}

Run in(const TempDir& folder, const std::string& commands, const std::string& url) {
  std::filesystem::create_symlink(natskv_command({}).args[0], folder / "natskv");
  return {.args = {"bash", "-c", "set -euo pipefail\nPATH=" + folder.path().string() + ":$PATH\n" + commands},
          .env = {{"NATS_URL", url}},
          .cwd = folder.path().string(),
          .limit = 60};
}

}  // namespace

TEST_CASE("Every recipe of the README prints what it says") {
  const auto recipes = blocks("console");
  CHECK(recipes.size() >= 10);
  const auto setups = blocks("bash");
  REQUIRE(setups.size() == 1);
  const std::string sandbox = "natskv sandbox\n";  // the test has a server
  REQUIRE(setups[0].starts_with(sandbox));
  for (const auto& recipe : recipes) {
    CAPTURE(recipe);
    Server server;
    const TempDir folder;
    const auto steps = shown(recipe);
    const auto result = run(in(folder, setups[0].substr(sandbox.size()) + script(steps), server.url()));
    INFO("stderr: " << result.err);
    CHECK(result.status == 0);
    const auto printed = outputs(result.out);
    REQUIRE(printed.size() == steps.size());
    for (std::size_t i = 0; i < steps.size(); ++i) {
      CAPTURE(steps[i].command);
      CHECK(escaped(printed[i]) == escaped(steps[i].output));
    }
  }
}

TEST_CASE("The README's first command does the main job") {
  const auto commands = blocks("sh");
  REQUIRE(commands.size() == 2);
  const std::string install = "./install.sh && ";
  REQUIRE(commands[0].starts_with(install));
  const TempDir folder;
  const auto result = run(in(folder, commands[0].substr(install.size()), ""));
  CHECK(result.status == 0);
  CHECK(result.err == "");
  // add, put, update, keys, then lines with times: watch and history; get.
  CHECK(result.out.starts_with("bucket\tconfig\n"));
  CHECK(result.out.find("\n1\n2\ngreeting\ngreeting\t2\tPUT\t") != std::string::npos);
  CHECK(result.out.find("\thi\ngreeting\t1\tPUT\t") != std::string::npos);
  CHECK(result.out.find("\thello\ngreeting\t2\tPUT\t") != std::string::npos);
  CHECK(result.out.ends_with("\thi\nhi"));
  CHECK(commands[1] == "tests/run\n");
  CHECK(std::filesystem::exists(source_path("tests/run")));
}
