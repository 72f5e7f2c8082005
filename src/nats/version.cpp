#include "nats/version.hpp"

#include <nats/nats.h>

namespace natskv::nats {

const char* compiled_version() { return NATS_VERSION_STRING; }
const char* running_version() { return nats_GetVersion(); }

}  // namespace natskv::nats
