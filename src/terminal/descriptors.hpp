// Which open files a child gets: those that natskv was started with, and no others.
#pragma once

namespace natskv::terminal {

/// Call before natskv opens any above 2: a child inherits those that are open now.
void remember_descriptors();
/// In a forked process: marks every descriptor above 2 that natskv was not started with close-on-exec (nats.c
/// opens sockets without that). Async-signal-safe.
void keep_own_descriptors_from_exec();
/// In a forked process: closes every descriptor except these (-1: none). Async-signal-safe.
void close_all_but(int kept, int other);

}  // namespace natskv::terminal
