#include "commands/keys/watch_state.hpp"

#include "base/failure.hpp"
#include "base/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace natskv::commands {
namespace {

using Json = nlohmann::ordered_json;

// Keys cannot contain a blank, so these names are unambiguous.
std::string word_for(const Pattern& pattern) {
  if (!text::valid_utf8(pattern.text)) {
    std::string word = "base64 ";
    text::base64(pattern.text, word);
    return word;
  }
  return (!pattern.wild && reads_as_pattern(pattern.text) ? "literal " : "") + pattern.text;
}

}  // namespace

std::string to_json(const WatchState& state) {
  const Json object{{"bucket", state.bucket},
                    {"created", state.created},
                    {"patterns", state.patterns},
                    {"revision", state.revision}};
  return object.dump() + "\n";
}

std::optional<WatchState> parse_watch_state(std::string_view text) {
  try {
    const auto object = Json::parse(text);
    if (!object.at("revision").is_number_unsigned()) return std::nullopt;
    return WatchState{.bucket = object.at("bucket").get<std::string>(),
                      .created = object.at("created").get<std::string>(),
                      .patterns = object.at("patterns").get<std::vector<std::string>>(),
                      .revision = object.at("revision").get<std::uint64_t>()};
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

std::vector<std::string> named(const std::vector<Pattern>& patterns) {
  std::vector<std::string> words;
  words.reserve(patterns.size());
  for (const auto& pattern : patterns) words.push_back(word_for(pattern));
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  return words;
}

Beginning beginning(const WatchState& state, const std::string& bucket, const std::vector<Pattern>& patterns,
                    const std::string& shown_file) {
  if (state.bucket != bucket)
    return {.because = fmt::format(
                "state file {} belongs to bucket \"{}\"; starting from the current values of \"{}\"",
                shown_file, state.bucket, bucket)};
  if (state.patterns != named(patterns))
    throw usage(fmt::format("state file {} belongs to other keys or patterns", shown_file),
                "use another --state file, or remove this one to start from the current values");
  return {.resume = Before{.created = state.created, .revision = state.revision}};
}

}  // namespace natskv::commands
