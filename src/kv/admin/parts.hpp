// Shared by making and comparing configurations.
#pragma once

#include <nlohmann/json.hpp>

#include <string_view>

namespace natskv {

/// The server's own metadata begins with it.
inline constexpr std::string_view reserved = "_nats.";

/// nlohmann's empty() is for arrays and objects.
bool is_no_text(const nlohmann::ordered_json& value);
/// Absent, zero, false, empty, unlimited.
bool says_nothing(const nlohmann::ordered_json& value);
/// Metadata without the server's own. An entry with an empty value counts, because it has a key.
nlohmann::ordered_json own_metadata(const nlohmann::ordered_json& all);

}  // namespace natskv
