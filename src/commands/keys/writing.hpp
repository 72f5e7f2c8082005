// Work that pushes to a Writer, to its end or to a Ctrl-C.
#pragma once

#include "kv/write/writer.hpp"

#include <functional>

namespace natskv::commands {

/// Runs `work`, which pushes to `writer`, and waits for what is in flight. Where a Stop or a failure ended
/// the work, it waits 2 s at most: what has no answer by then is settled as unknown. `behind`: what is known
/// once nothing is in flight any more, a summary; called on every way out, but not when stdout's reader went
/// away.
void write_all(Writer& writer, const std::function<void()>& work, const std::function<void()>& behind = {});

}  // namespace natskv::commands
