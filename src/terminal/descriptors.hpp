// Which open files a child gets: those natskv was started with, and no other.
#pragma once

namespace natskv::terminal {

/// Before natskv opens any above 2: those that are open now are a child's, too.
void remember_descriptors();
/// In a forked process: every descriptor above 2 that natskv was not started with ends with exec (nats.c
/// opens sockets without that mark). Async-signal-safe.
void keep_own_descriptors_from_exec();
/// In a forked process: closes every descriptor but these (-1: none). Async-signal-safe.
void close_all_but(int kept, int other);

}  // namespace natskv::terminal
