// A bucket of five revisions a key, and watches of it that run a COMMAND.
#pragma once

#include "support/client.hpp"
#include "support/process.hpp"
#include "support/server.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace natskv::test {

using Words = std::vector<std::string>;

struct Watched {
  Watched() { client.add_bucket("b", R"({"max_msgs_per_subject": 5})"); }
  /// watch b OPTIONS, and -- COMMAND where there is one.
  [[nodiscard]] Run command(Words options, const Words& command = {}, Run rest = {}) const {
    options.insert(options.begin(), {"watch", "b"});
    if (!command.empty()) options.emplace_back("--");
    options.insert(options.end(), command.begin(), command.end());
    return server.command(std::move(options), std::move(rest));
  }
  [[nodiscard]] Result run(Words options, const Words& words = {}, Run rest = {}) const {
    return test::run(command(std::move(options), words, std::move(rest)));
  }
  /// sh -c SCRIPT, whose $1 is the folder.
  [[nodiscard]] Words sh(const std::string& script) const {
    return {"sh", "-c", script, "sh", folder.path().string()};
  }

  /// Waits until a watch has begun: what is written from now on is a change. With `events`: until the server
  /// has sent it so many.
  void begun(std::uint64_t events = 0) {
    for (int slice = 0; slice < 1000; ++slice) {
      const auto list = nlohmann::json::parse(client.api("CONSUMER.LIST.KV_b"));
      for (const auto& one : list["consumers"]) {
        if (one["delivered"]["consumer_seq"].get<std::uint64_t>() >= events) return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    FAIL("no watch has begun");
  }

  Server server;
  Client client{server.url()};
  TempDir folder;
};

}  // namespace natskv::test
