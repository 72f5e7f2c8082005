// The server's JSON: API answers, a bucket's configuration; and the reply subject of a delivery.
#include "fuzz.hpp"
#include "kv/admin/config.hpp"
#include "kv/message.hpp"
#include "nats/api.hpp"
#include "nats/check.hpp"

#include <nlohmann/json.hpp>

using namespace natskv;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = fuzz::text_of(data, size);
  Delivery delivery;
  static_cast<void>(read_reply(text, delivery));
  try {
    auto answer = nats::api_answer(text);
    fuzz::require(answer.is_object());
    const auto config = answer.value("config", answer);
    static_cast<void>(is_bucket("b", config));
    const auto kept = significant(config);
    fuzz::require(differing(kept, config).empty());
    fuzz::require(not_kept(config, config).empty());
    auto changed = config;
    fuzz::accepts([&] {
      apply({.description = "d",
             .history = 5,
             .ttl = Span{1},
             .tags = {{"a"}},
             .metadata = {{"k", "v"}},
             .sources = {"s"}},
            "b", changed);
      return 0;
    });
  } catch (const nats::Error&) {
  } catch (const nlohmann::json::exception&) {  // run() says that the answer has another form
  }
  return 0;
}
