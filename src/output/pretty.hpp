// JSON for people.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace natskv::text {

/// The document indented by two spaces and ended by a newline, every number and string as it was written, but
/// for characters that a terminal would obey or not show: those are \uXXXX. nullopt where it is no JSON.
std::optional<std::string> pretty_json(std::string_view json);

}  // namespace natskv::text
