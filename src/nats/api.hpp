// JetStream API requests: JSON in, JSON out, for what kvConfig and jsStreamConfig of nats.c 3.4 cannot
// express.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string_view>

namespace natskv::nats {

/// The answer of an API request, parsed. Throws Error{NATS_ERR, err_code, description} where the answer is an
/// "error", and Error{NATS_PROTOCOL_ERROR, 0, …} where it is not a JSON object.
nlohmann::ordered_json api_answer(std::string_view body);

}  // namespace natskv::nats
