// JSON for people.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace natskv::text {

struct JsonLook {
  std::size_t depth = 0;  ///< of the first line
  bool indent = true;     ///< false: one line
  bool color = false;     ///< names and strings
};
/// Valid JSON for a terminal, with \\uXXXX for what it would obey or not show. No newline at the end.
std::string shown_json(std::string_view json, JsonLook look);

/// The document indented by two spaces and ended by a newline, with every number and string as it was
/// written, except characters that a terminal would obey or not show: those are \uXXXX. nullopt if it is not
/// JSON.
std::optional<std::string> pretty_json(std::string_view json);

}  // namespace natskv::text
