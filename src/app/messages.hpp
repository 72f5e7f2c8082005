// Messages on standard error as JSON: one object a line. Pure.
#pragma once

#include "base/failure.hpp"

#include <string>
#include <string_view>

namespace natskv {

/// "conflict", "not_found", …: the name of a status in JSON.
std::string_view code_name(Exit exit);
/// {"error":{"exit":`status`,"code":"conflict","bucket":…,"key":…,"revision":…,"message":…,"hint":…}},
/// without what does not apply.
std::string error_json(const Failure& failure, int status, bool with_hint);
/// {"warning":{"message":…}}, {"note":{"message":…}}
std::string message_json(std::string_view kind, std::string_view text);
/// {"trace":…}
std::string trace_json(std::string_view line);

}  // namespace natskv
