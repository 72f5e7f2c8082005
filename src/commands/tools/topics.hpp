// `natskv help TOPIC`: what all commands share, as text of at most 79 columns. Also part of the manual.
#pragma once

#include <array>
#include <string_view>

namespace natskv::commands {

struct Topic {
  std::string_view name;
  std::string_view summary;
  std::string_view text;  ///< paragraphs; lines that begin with two blanks are not filled
};

/// Without `options`, which come from the declarations.
extern const std::array<Topic, 5> topics;
const Topic* find_topic(std::string_view name);

}  // namespace natskv::commands
