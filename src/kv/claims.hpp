// What a JWT says about itself. Signatures are not checked: the server decides.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace natskv {

/// The claims; an empty object where it is not a JWT.
nlohmann::json claims_of(const std::string& jwt);

/// "user NAME, account KEY", or "" where it has neither.
std::string bearer_of(const std::string& jwt);

}  // namespace natskv
