// Where the VALUE of put, create and update comes from.
#pragma once

#include "base/failure.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace natskv {

/// How many bytes a value may have: only asked for one over 1 MiB, so that a value that cannot be stored is
/// not kept in memory.
struct ValueLimit {
  std::function<std::size_t()> most;
  std::function<Failure(std::optional<std::uint64_t> size)> over;  ///< `size`: where it is known
};

/// The word itself, or the file's bytes (`-` is stdin), or stdin's if it is not a terminal and delivers at
/// least one byte. Failure(usage): both given, neither and no stdin, an empty stdin, a file that cannot be
/// read, over INT_MAX bytes (what nats.c can send). Call before connecting. No message contains the value.
std::string read_value(const std::optional<std::string>& word, const std::optional<std::string>& file,
                       const std::optional<ValueLimit>& limit = {});

/// Whether a VALUE "@name" names an existing file: worth a hint that it was stored literally (-F reads a
/// file).
bool looks_like_file(std::string_view word);

}  // namespace natskv
