#include "app/messages.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <array>

namespace natskv {
namespace {

void append(std::string_view name, std::string_view value, std::string& line) {
  if (value.empty()) return;
  line += fmt::format(",\"{}\":", name);
  text::json_string(value, line);
}

}  // namespace

std::string_view code_name(Exit exit) {
  switch (exit) {
    case Exit::timed_out:
      return "timeout";
    case Exit::not_executable:
      return "not_executable";
    case Exit::no_such_command:
      return "no_such_command";
    default:
      break;
  }
  constexpr std::array names{"ok",       "failure",     "usage",       "not_found",
                             "conflict", "unreachable", "not_allowed", "unknown"};
  const auto at = static_cast<std::size_t>(exit);
  return at < names.size() ? names[at] : names[1];
}

std::string error_json(const Failure& failure, int status, bool with_hint) {
  std::string line = fmt::format(R"({{"error":{{"exit":{},"code":"{}")", status, code_name(failure.code()));
  append("bucket", failure.about().bucket, line);
  if (const std::string& key = failure.about().key; text::valid_utf8(key)) {
    append("key", key, line);
  } else {
    line += ",\"key_base64\":\"";
    text::base64(key, line);
    line += '"';
  }
  if (failure.about().revision != 0) line += fmt::format(",\"revision\":{}", failure.about().revision);
  append("message", failure.what(), line);
  if (with_hint) append("hint", failure.hint(), line);
  return line + "}}\n";
}

std::string message_json(std::string_view kind, std::string_view text) {
  std::string line = fmt::format("{{\"{}\":{{\"message\":", kind);
  text::json_string(text, line);
  return line + "}}\n";
}

std::string trace_json(std::string_view text) {
  std::string line = "{\"trace\":";
  text::json_string(text, line);
  return line + "}\n";
}

}  // namespace natskv
