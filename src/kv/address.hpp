// The subjects under which a bucket's keys are stored, read and written (ADR-8, ADR-57).
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace natskv {

/// A mirror stores keys under its origin's name, unless a transform renames them.
struct StreamAddress {
  std::string stream;        ///< "KV_<bucket>"
  std::string read_prefix;   ///< "$KV.<origin>.", "$KV.<bucket>."
  std::string write_prefix;  ///< with the domain's or account's prefix
  bool mirror = false;
  std::string origin;  ///< a mirror's bucket
  std::string domain;  ///< the origin's JetStream domain, if it is a different one
  std::string info;    ///< the subject to ask for the origin's STREAM.INFO
};

/// `config`: of the bucket's stream; `api_prefix`: "$JS.API", or another domain's or account's.
StreamAddress address_of(const std::string& bucket, const nlohmann::ordered_json& config,
                         const std::string& api_prefix);

}  // namespace natskv
