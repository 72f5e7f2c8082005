// watch … -- COMMAND: what happens at each event.
#pragma once

#include "commands/shared/repeated.hpp"
#include "kv/read/watch.hpp"

#include <optional>

namespace natskv::commands {

class Reaction {
 public:
  /// `keep_going`: a COMMAND that fails is reported, and its event counts as handled.
  Reaction(Invocation& natskv, natskv::Watch& entries, Repeated& command, bool keep_going)
      : natskv_(natskv), entries_(entries), command_(command), keep_going_(keep_going) {}

  /// Runs COMMAND on the watch's entry. The status to end with; nullopt: go on. Throws as Repeated::run().
  std::optional<int> to(const Entry& entry);

 private:
  std::optional<int> run(const Told& told, std::string_view input, const std::string& on, About about);

  Invocation& natskv_;
  natskv::Watch& entries_;
  Repeated& command_;
  bool keep_going_;
};

}  // namespace natskv::commands
