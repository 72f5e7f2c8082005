// add --like: the settings of another bucket, or what info printed for one.
#pragma once

#include "kv/admin/config.hpp"

#include <string>

namespace natskv::commands {

/// Whether --like's value means a file ("./config", "-") rather than a bucket.
bool names_a_file(const std::string& word);
/// The settings in what `info -o json` printed into this file ("-": stdin); its state is ignored.
/// Failure(usage) if it cannot be read or is something else.
BucketChanges wishes_in(const std::string& file);
/// Merged; `more` wins.
BucketChanges merged(BucketChanges base, const BucketChanges& more);

}  // namespace natskv::commands
