// For those who may not include nats.h.
#pragma once

namespace natskv::nats {

const char* compiled_version();
const char* running_version();

}  // namespace natskv::nats
