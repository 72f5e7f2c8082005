#include "nats/check.hpp"

#include "nats/codes.hpp"

#include <charconv>
#include <string_view>

namespace natskv::nats {
namespace {

constexpr std::string_view lost_text = "wrong last sequence";

// NOT_FOUND, TIMEOUT and NO_RESPONDERS leave the text of an earlier error in place.
bool text_is_fresh(natsStatus status, natsStatus of_text) {
  return status == of_text && status != NATS_NOT_FOUND && status != NATS_TIMEOUT &&
         status != NATS_NO_RESPONDERS;
}

// The library's reader of JSON, and a little else.
bool by_reader(const char* last) { return last != nullptr && std::string_view(last).starts_with("(util.c:"); }

// The last error's text, fit to be shown: that reader quotes what it could not parse, values included.
std::string shown(const char* last) {
  std::string text = without_prefix(last);
  const bool quotes = by_reader(last) && text.find('\'') != std::string::npos;
  return quotes && text.find(" file '") == std::string::npos ? "the server's answer has an unexpected form"
                                                             : text;
}

}  // namespace

std::string without_prefix(const char* text) {
  if (text == nullptr) return {};
  std::string_view view = text;
  // "(js.c:535): "
  if (view.starts_with('(')) {
    const auto end = view.find("): ");
    const auto colon = view.find(':');
    if (end != std::string_view::npos && colon < end &&
        view.substr(0, end).find(' ') == std::string_view::npos) {
      view.remove_prefix(end + 3);
    }
  }
  return std::string(view);
}

Error error(natsStatus status, int code) {
  natsStatus of_text = NATS_OK;
  const char* last = nats_GetLastError(&of_text);
  std::string text;
  if (text_is_fresh(status, of_text)) text = shown(last);
  if (text.empty()) {
    const char* generic = natsStatus_GetText(status);
    text = generic == nullptr ? "unknown error" : generic;
  }
  return {status, code, text};
}

Error answer_error(natsStatus status, int code) {
  natsStatus of_text = NATS_OK;
  const char* last = nats_GetLastError(&of_text);
  if (code == 0 && by_reader(last) && text_is_fresh(status, of_text))
    return {NATS_PROTOCOL_ERROR, 0, shown(last)};
  return error(status, code);
}

bool Error::conflict() const {
  return code == nats::code::wrong_last_sequence || code == nats::code::wrong_last_sequence_constant ||
         std::string_view(what()).find(lost_text) != std::string_view::npos;
}

bool Error::connection_lost() const {
  switch (status) {
    case NATS_CONNECTION_CLOSED:
    case NATS_CONNECTION_DISCONNECTED:
    case NATS_IO_ERROR:
    case NATS_STALE_CONNECTION:
    case NATS_INVALID_SUBSCRIPTION:  // closed with its connection
    case NATS_INSUFFICIENT_BUFFER:   // what a request gets while the connection is down and may be restored
      return true;
    default:
      return false;
  }
}

std::optional<std::uint64_t> Error::current_revision() const {
  const std::string_view text = what();
  const auto at = text.find(lost_text);
  if (at == std::string_view::npos) return std::nullopt;
  const auto digits = text.find_first_of("0123456789", at);
  if (digits == std::string_view::npos) return std::nullopt;
  std::uint64_t revision = 0;
  std::from_chars(text.data() + digits, text.data() + text.size(), revision);
  return revision;
}

}  // namespace natskv::nats
