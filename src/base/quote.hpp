// A word from outside as a message may show it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace natskv {

/// The word in double quotes; control bytes, what is not UTF-8 and characters that reorder or hide text are
/// written \xHH, a quote \", a URL's user part …. At most `characters` of it, then …
std::string in_quotes(std::string_view text, std::size_t characters = std::string_view::npos);

/// In single quotes, as one word of any POSIX shell.
std::string shell_quoted(std::string_view text);

}  // namespace natskv
