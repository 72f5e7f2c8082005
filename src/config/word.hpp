// A word where a file's name is expected may be the secret itself: by mistake, or because the nats tool takes
// it so. Nothing here reads a file.
#pragma once

#include <string>
#include <string_view>

namespace natskv::config {

/// Begins as a JWT's text does, or as a seed's: whole or cut off.
bool like_jwt(std::string_view word);
bool like_seed(std::string_view word);
/// Whether a message may quote it as a file's name: it has a folder or an ending, and nothing of a secret.
bool like_path(std::string_view word);
/// Names a file, there or not: a secret would be something else.
bool names_file(const std::string& word);
/// PATH of file://PATH.
std::string without_scheme(const std::string& word);
/// The word in quotes, or what a message says instead.
std::string shown_file(const std::string& word);

}  // namespace natskv::config
