#include "commands/keys/reaction.hpp"

#include "base/failure.hpp"

#include <fmt/format.h>

#include <utility>

namespace natskv::commands {

std::optional<int> Reaction::to(const Entry& entry) {
  return run(about(entry), entry.value.data,
             fmt::format("revision {} of key \"{}\"", entry.revision, entry.key),
             {std::string(entry.bucket), std::string(entry.key), entry.revision});
}

std::optional<int> Reaction::run(const Told& told, std::string_view input, const std::string& on,
                                 About about) {
  const auto ended = command_.run(natskv_, told, input, [this] { entries_.relieve(); });
  // A COMMAND that ends because natskv is told to end has not failed; nor has it handled anything.
  if (ended.signal != 0) return 128 + ended.signal;
  if (ended.status == 0) return std::nullopt;
  const Failure failure(Exit::failure, fmt::format("COMMAND ended with status {} on {}", ended.status, on),
                        {}, std::move(about));
  if (keep_going_) {
    natskv_.report(failure);
    return std::nullopt;
  }
  natskv_.print(failure, ended.status);
  return ended.status;
}

}  // namespace natskv::commands
