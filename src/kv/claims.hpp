// What a JWT says of itself. Nobody's signature is looked at: it is the server that decides.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace natskv {

/// The claims; an empty object where it is no JWT.
nlohmann::json claims_of(const std::string& jwt);

/// "user NAME, account KEY", or "" where it says neither.
std::string bearer_of(const std::string& jwt);

}  // namespace natskv
