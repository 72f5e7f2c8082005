// The result of a step of doctor, and how it is shown.
#pragma once

#include "kv/admin/account.hpp"
#include "output/sink.hpp"
#include "views/check.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace natskv::commands {

/// A step that does not apply here: not a failure, and the next ones still run.
struct Skipped {
  std::string why;
};

/// It works, but its users should know.
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

// What a bucket's configuration allows; `level`: of its server's API. Each throws Off or Warned.
std::string configuration_of(const std::string& bucket, const nlohmann::ordered_json& config);
std::string key_ttl_of(const std::string& bucket, const nlohmann::ordered_json& config, int level);
std::string lock_of(const std::string& bucket, const nlohmann::ordered_json& config, int level);
std::string atomic_of(const std::string& bucket, const nlohmann::ordered_json& config, int level);

}  // namespace natskv::commands
