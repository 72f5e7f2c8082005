// Fork and exec with the descriptors and the environment of a Run.
#pragma once

#include "support/process.hpp"

#include <array>
#include <string>
#include <vector>

namespace natskv::test {

/// Closes and forgets a descriptor; -1 is none.
void shut(int& fd);

/// The environment of a child: NAME=VALUE each.
std::vector<std::string> environment(const Run& what, bool terminal);

/// Starts what.args with `fds` as 0, 1 and 2 (-1: closed) in a session of its own, on the controlling
/// terminal `tty`
/// (-1: none). It dies with this process. Returns its pid, which is its process group too.
pid_t launch(const Run& what, const std::array<int, 3>& fds, int tty);

}  // namespace natskv::test
