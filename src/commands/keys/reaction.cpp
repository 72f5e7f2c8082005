#include "commands/keys/reaction.hpp"

#include "base/failure.hpp"

#include <fmt/format.h>

#include <utility>

namespace natskv::commands {

std::optional<int> Reaction::to(const Entry& entry) {
  return run(event_variables(entry), entry.value.data,
             fmt::format("revision {} of key \"{}\"", entry.revision, entry.key),
             {std::string(entry.bucket), std::string(entry.key), entry.revision});
}

std::optional<int> Reaction::to(Burst& burst) {
  const std::uint64_t revision = burst.revision();
  const std::size_t keys = burst.size();
  const std::string lines = burst.take();
  const EventVariables variables{{"BUCKET", entries_.bucket()},
                                 {"EVENTS", std::to_string(keys)},
                                 {"REVISION", std::to_string(revision)}};
  const std::string on = keys == 1 ? fmt::format("revision {}", revision)
                                   : fmt::format("the changes of {} keys up to revision {}", keys, revision);
  return run(variables, lines, on, {entries_.bucket(), {}, revision});
}

std::optional<int> Reaction::run(const EventVariables& variables, std::string_view input,
                                 const std::string& on, About about) {
  const auto ended = command_.run(natskv_, variables, input, [this] { entries_.relieve(); });
  const bool failed = ended.status != 0;
  // What a signal ended is not handled: it comes again at the next start.
  if (bookmark_ != nullptr && (!failed || (keep_going_ && ended.signal == 0))) {
    if (const auto given = entries_.given()) bookmark_->reached(*given);
    bookmark_->save();
  }
  if (ended.signal != 0) return 128 + ended.signal;
  if (!failed) return std::nullopt;
  const Failure failure(Exit::failure, fmt::format("COMMAND ended with status {} on {}", ended.status, on),
                        {}, std::move(about));
  if (keep_going_) {
    natskv_.report(failure);
    return std::nullopt;
  }
  return natskv_.print(failure, ended.status);
}

}  // namespace natskv::commands
