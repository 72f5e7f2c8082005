// `natskv help TOPIC`: what holds for all commands, as text of at most 79 columns. The manual has it too.
#pragma once

#include <array>
#include <string_view>

namespace natskv::commands {

struct Topic {
  std::string_view name;
  std::string_view summary;
  std::string_view text;  ///< paragraphs; lines that begin with two blanks stand as they are
};

/// But for `options`, which are declared.
extern const std::array<Topic, 5> topics;
const Topic* find_topic(std::string_view name);

}  // namespace natskv::commands
