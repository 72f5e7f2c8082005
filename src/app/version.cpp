#include "app/version.hpp"

#include "nats/version.hpp"

namespace natskv {

std::string version() {
  return std::string("natskv ") + NATSKV_VERSION + " (nats.c compiled " + nats::compiled_version() + ", running " +
         nats::running_version() + ")\n";
}

}  // namespace natskv
