// The one line on stderr's terminal that comes and goes: a bar, or "reading …".
#pragma once

#include <string_view>

namespace natskv::terminal {

/// Whether such a line may be shown: stderr is a terminal that can wipe a line (TERM is set and not "dumb").
bool can_show_status_line();
/// Replaces the line that is shown. From any thread.
void show_status_line(std::string_view text);
/// Wipes the line, if one is shown: call before every line written to stderr. From any thread.
void wipe_status_line();

}  // namespace natskv::terminal
