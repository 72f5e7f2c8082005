// What completion finds on a server, and `natskv __complete` asked about it.
#pragma once

#include "support/client.hpp"
#include "support/folder.hpp"
#include "support/process.hpp"
#include "support/server.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace natskv::test {

/// natskv offers what came within 0.3 s, and nothing after 0.45 s: what took so long is asked again.
inline Result patient(const Run& what) {
  Result result;
  for (int tries = 0; tries < 10; ++tries) {
    result = run(what);
    if (result.seconds < 0.25) break;
  }
  return result;
}

/// One server with what completion finds; natskv in a folder of its own.
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
  Result ask(std::vector<std::string> words) const {
    words.insert(words.begin(), {"__complete", "--"});
    return patient(server.command(std::move(words), {.env = environment()}));
  }
  // The first line: what the rest is.
  std::string kind(std::vector<std::string> words) const {
    const auto out = ask(std::move(words)).out;
    return out.substr(0, out.find('\n'));
  }
  std::vector<std::string> offered(std::vector<std::string> words) const {
    std::vector<std::string> lines;
    const auto result = ask(std::move(words));
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

}  // namespace natskv::test
