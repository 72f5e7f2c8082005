// Every example of every manual page, run as it stands: a fresh server, the bucket `config` (history 5) with
// `greeting` = hello at revision 1, in an empty folder.
#include "commands/table.hpp"
#include "support/client.hpp"
#include "support/process.hpp"
#include "support/server.hpp"
#include "support/shell_text.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>

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

}  // namespace

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
