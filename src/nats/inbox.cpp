#include "nats/inbox.hpp"

#include "nats/check.hpp"
#include "nats/handle.hpp"

#include <string_view>

namespace natskv::nats {

std::string new_inbox(const std::string& prefix) {
  natsInbox* raw = nullptr;
  check(natsInbox_Create(&raw));
  const Inbox inbox(raw);
  const std::string_view subject = raw;
  // natsInbox_Create ignores the connection's own prefix.
  constexpr std::string_view standard = "_INBOX";
  if (prefix.empty() || !subject.starts_with(standard)) return std::string(subject);
  return prefix + std::string(subject.substr(standard.size()));
}

}  // namespace natskv::nats
