// watch … -- COMMAND: what happens at each event, or burst of them.
#pragma once

#include "commands/keys/bookmark.hpp"
#include "commands/keys/burst.hpp"
#include "commands/shared/repeated.hpp"
#include "kv/read/watch.hpp"

#include <optional>

namespace natskv::commands {

class Reaction {
 public:
  /// `bookmark`: follows what was handled; may be null. `keep_going`: a COMMAND that fails is reported, and
  /// what it ran on counts as handled.
  Reaction(Invocation& natskv, natskv::Watch& entries, Repeated& command, Bookmark* bookmark, bool keep_going)
      : natskv_(natskv), entries_(entries), command_(command), bookmark_(bookmark), keep_going_(keep_going) {}

  /// Runs COMMAND on an entry, or on a burst, which is empty then; all that the watch has given must be
  /// handled by that. The status to end with; nullopt: go on. Throws as Repeated::run() and Bookmark::save().
  std::optional<int> to(const Entry& entry);
  std::optional<int> to(Burst& burst);

 private:
  std::optional<int> run(const EventVariables& variables, std::string_view input, const std::string& on,
                         About about);

  Invocation& natskv_;
  natskv::Watch& entries_;
  Repeated& command_;
  Bookmark* bookmark_;
  bool keep_going_;
};

}  // namespace natskv::commands
