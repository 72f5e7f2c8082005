// A COMMAND under a lock, for lock and elect.
#pragma once

#include "app/invocation.hpp"
#include "cli/declaration.hpp"
#include "kv/lease/lease.hpp"
#include "terminal/child.hpp"

#include <optional>
#include <string>
#include <vector>

namespace natskv::commands {

/// BUCKET KEY [--ttl D] [--grace D] [--value TEXT] -- COMMAND…
struct HeldArguments {
  std::string bucket, key;
  std::optional<Span> ttl, grace;
  std::optional<std::string> text;
  std::vector<std::string> command;

  void declare(Declaration& arguments);
  /// Throws Failure(usage).
  void check() const;
  /// COMMAND, looked up before connecting. Throws Failure.
  [[nodiscard]] terminal::Program program() const;
  [[nodiscard]] lease::Claim claim() const;
};

/// Waits for the lock until then (nullopt: without limit), and after 2 s reports who holds it and each new
/// holder; a time in the past is a single attempt. Returns whether it was taken. Throws Failure, and Stopped
/// on a signal.
bool take(Invocation& natskv, lease::Lease& lease, const HeldArguments& arguments,
          std::optional<lease::Time> until);

/// Why it could not be taken: 4 if another client holds it, 7 if it may be ours, else 5.
Failure not_taken(const lease::Lease& lease, const HeldArguments& arguments);

struct Ended {
  int status = 0;
  std::optional<Failure> loss = {};  ///< the lock was lost, and COMMAND was stopped
};

/// Runs COMMAND while the lock is renewed, and releases the lock when COMMAND and what it started have ended.
Ended run_held(Invocation& natskv, lease::Lease& lease, const HeldArguments& arguments,
               terminal::Program program);

}  // namespace natskv::commands
