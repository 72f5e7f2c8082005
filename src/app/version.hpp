// natskv's own version and nats.c's, compiled and running.
#pragma once

#include <string>

namespace natskv {

std::string version();

}  // namespace natskv
