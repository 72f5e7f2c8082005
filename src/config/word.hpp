// Where a file's name is expected the word may be the secret itself: by mistake, or because the nats tool
// accepts that. Nothing here reads a file.
#pragma once

#include <string>
#include <string_view>

namespace natskv::config {

/// Begins like a JWT or a seed, whole or truncated.
bool like_jwt(std::string_view word);
bool like_seed(std::string_view word);
/// Whether a message may quote it as a file's name: it has a folder or an extension, and does not look like a
/// secret.
bool like_path(std::string_view word);
/// Names a file, whether it exists or not, rather than being a secret.
bool names_file(const std::string& word);
/// PATH of file://PATH.
std::string without_scheme(const std::string& word);
/// The word in quotes, or what a message may say instead.
std::string shown_file(const std::string& word);

}  // namespace natskv::config
