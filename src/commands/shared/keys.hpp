// Listing a bucket's keys: keys, and ls with a bucket.
#pragma once

#include "app/natskv.hpp"
#include "input/arguments.hpp"

#include <optional>
#include <string>
#include <vector>

namespace natskv::commands {

struct KeyListing {
  std::string bucket;
  std::vector<std::string> words;
  std::optional<std::uint64_t> depth;
  bool nul = false, count = false, tree = false, deleted = false, verbose = false, values = false,
       literal = false;

  /// The options (not BUCKET and PATTERN).
  void declare(Arguments& arguments);
  void check() const;
  int run(Natskv& natskv) const;
};

}  // namespace natskv::commands
