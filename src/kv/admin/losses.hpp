// What a server drops from a bucket when its settings change. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace natskv {

/// A sentence for each setting that makes the server drop stored values, or no longer treat them as keys:
/// "--history 2 drops up to 6 old revisions". How much is an upper bound where only the server can know.
/// `info` is STREAM.INFO, `after` the stream configuration to come.
std::vector<std::string> losses(const nlohmann::ordered_json& info, const nlohmann::ordered_json& after);

}  // namespace natskv
