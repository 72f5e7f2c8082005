// `context add`: options of the command line become fields of a context.
#pragma once

#include "config/context.hpp"
#include "config/layers.hpp"
#include "config/settings.hpp"

namespace natskv::commands {

/// The options that were typed become the context's fields; other fields stay. Credentials are one way to
/// authenticate: new ones replace what was there. Failure(usage).
void take(const config::Given& given, const config::Layer& options, config::Context& context);

}  // namespace natskv::commands
