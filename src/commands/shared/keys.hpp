// Listing a bucket's keys: keys, and ls with a bucket.
#pragma once

#include "app/invocation.hpp"
#include "cli/declaration.hpp"
#include "commands/shared/at_option.hpp"

#include <optional>
#include <string>
#include <vector>

namespace natskv::commands {

/// The message on a terminal if there are no keys to list.
std::string no_keys(const std::string& bucket, const std::vector<std::string>& patterns);

struct KeyListing {
  std::string bucket;
  std::vector<std::string> words;
  std::optional<std::uint64_t> depth, limit;
  bool nul = false, count = false, tree = false, deleted = false, verbose = false, values = false,
       literal = false;
  AtOption at;

  /// The options (not BUCKET and PATTERN).
  void declare(Declaration& arguments);
  void check() const;
  int run(Invocation& natskv) const;
};

}  // namespace natskv::commands
