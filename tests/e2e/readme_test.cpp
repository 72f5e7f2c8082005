// README.md's code blocks, run as they stand. ```bash: first `natskv sandbox`, then a set-up, then recipes,
// each on a server of its own after that set-up; the ```text block after a recipe is what it prints. ```sh:
// the two commands; they build and test everything, which is CI's job (.ci/run calls both), so here only what
// the first does after ./install.sh is run.
#include "support/process.hpp"
#include "support/server.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

using namespace natskv::test;

namespace {

struct Block {
  std::string language, text;
};

std::vector<Block> blocks() {
  const std::string page = read_file(source_path("README.md"));
  const std::string fence = "\n```";
  std::vector<Block> found;
  for (auto at = page.find(fence); at != std::string::npos; at = page.find(fence, at)) {
    at += fence.size();
    const auto begin = page.find('\n', at) + 1;
    const auto end = page.find(fence, begin - 1) + 1;
    found.push_back({page.substr(at, begin - 1 - at), page.substr(begin, end - begin)});
    at = end - 1 + fence.size();
  }
  return found;
}

Run in(const TempDir& folder, const std::string& commands, const std::string& url) {
  std::filesystem::create_symlink(natskv_command({}).args[0], folder / "natskv");
  return {.args = {"bash", "-c", "set -euo pipefail\nPATH=" + folder.path().string() + ":$PATH\n" + commands},
          .env = {{"NATS_URL", url}, {"XDG_CONFIG_HOME", folder / "config"}},
          .cwd = folder.path().string(),
          .limit = 60};
}

}  // namespace

TEST_CASE("Every recipe of the README can be pasted and prints what it says") {
  const auto all = blocks();
  std::vector<std::size_t> recipes;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& [language, text] = all[i];
    CHECK((language == "sh" || language == "bash" || language == "text"));
    if (language == "bash") recipes.push_back(i);
    if (language == "text") CHECK(all[i - 1].language == "bash");
  }
  REQUIRE(recipes.size() >= 20);
  CHECK(all[recipes[0]].text == "natskv sandbox\n");  // the test has a server
  const std::string set_up = all[recipes[1]].text;
  for (const auto i : std::vector(recipes.begin() + 2, recipes.end())) {
    CAPTURE(all[i].text);
    Server server;
    const TempDir folder;
    const auto result = run(in(folder, set_up + all[i].text, server.url()));
    INFO("stderr: " << result.err);
    CHECK(result.status == 0);
    REQUIRE(i + 1 < all.size());
    REQUIRE(all[i + 1].language == "text");
    // A value ends without a newline.
    const std::string end = result.out.ends_with('\n') ? "" : "\n";
    CHECK(escaped(result.out + end) == escaped(all[i + 1].text));
  }
}

TEST_CASE("The README's first command does the main job") {
  std::vector<std::string> commands;
  for (const auto& block : blocks()) {
    if (block.language == "sh") commands.push_back(block.text);
  }
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
