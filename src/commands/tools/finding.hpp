// What a step of doctor finds out, and how it is shown.
#pragma once

#include "kv/admin/account.hpp"
#include "output/sink.hpp"
#include "views/check.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace natskv::commands {

/// A step that has nothing to do here: no failure, and the next ones go on.
struct Skipped {
  std::string why;
};

/// It works, but whoever uses it should know.
struct Warned {
  std::string what, hint;
};

/// Not enabled here.
struct Off {
  std::string what, hint;
};

/// The check's line for a person, and those of its hint.
std::string line_of(const Check& check, const TerminalStyle& looks);

std::string text_of(const AccountUse& use);

// What a bucket's configuration allows, `level` being that of its server's API. Each throws Off or Warned.
std::string configuration_of(const std::string& bucket, const nlohmann::ordered_json& config);
std::string key_ttl_of(const std::string& bucket, const nlohmann::ordered_json& config, int level);
std::string lock_of(const std::string& bucket, const nlohmann::ordered_json& config, int level);
std::string atomic_of(const std::string& bucket, const nlohmann::ordered_json& config, int level);

}  // namespace natskv::commands
