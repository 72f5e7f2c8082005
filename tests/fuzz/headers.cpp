// Headers of stored messages, which any client may have written: operation, TTL, marker reason, size. A line
// each, "Name: value"; the first is the reply subject, what follows an empty line is the value.
#include "base/text.hpp"
#include "fuzz.hpp"
#include "kv/message.hpp"
#include "nats/handle.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

using namespace natskv;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool open = nats_Open(-1) == NATS_OK;  // messages of a library that is not open crash it
  fuzz::require(open);
  auto rest = fuzz::text_of(data, size);
  const auto line = [&rest] {
    const auto end = std::min(rest.find('\n'), rest.size());
    const std::string one(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return one;
  };
  const std::string reply = line();
  Delivery delivery;
  if (read_reply(reply, delivery)) fuzz::require(reply.find(delivery.consumer) != std::string::npos);
  std::vector<std::pair<std::string, std::string>> headers;
  for (std::string one = line(); !one.empty(); one = line()) {
    const auto colon = one.find(':');
    if (colon != std::string::npos) headers.emplace_back(one.substr(0, colon), one.substr(colon + 1));
  }
  natsMsg* raw = nullptr;
  fuzz::require(natsMsg_Create(&raw, "$KV.b.k", nullptr, rest.data(), static_cast<int>(rest.size())) ==
                NATS_OK);
  const nats::Message message(raw);
  // The library cuts at a NUL, as on the wire.
  for (const auto& [name, value] : headers) natsMsgHeader_Add(raw, name.c_str(), value.c_str());
  for (const bool headers_only : {false, true}) {
    Entry entry;
    read_entry(raw, headers_only, entry);
    fuzz::require(!name_of(entry.operation).empty());
    fuzz::require(entry.ttl.ns >= 0 && !(entry.never_expires && entry.ttl.ns != 0));
    fuzz::require(entry.marker() ? entry.value.data.empty() && entry.size == 0 : entry.value.data == rest);
    if (!entry.marker() && !headers_only) fuzz::require(entry.size == rest.size());
    fuzz::require(text::valid_utf8(text::visible(entry.marker_reason)));
  }
  return 0;
}
