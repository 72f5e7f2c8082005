// What put, create and update share: a value's place on the command line and the printed answer.
#pragma once

#include "app/invocation.hpp"
#include "cli/declaration.hpp"

#include <optional>
#include <string>

namespace natskv::commands {

/// Where a VALUE comes from: the word, -F/--file, or standard input.
class ValueArguments {
 public:
  /// `hint`: for when both VALUE and --file are given.
  void declare(Declaration& declaration, std::string_view hint = {});
  /// Reads the value for this key, before connecting, except one over 1 MiB, for which the server is asked
  /// for its limit. Failure(usage), Failure(failure) for one that the server would refuse.
  [[nodiscard]] std::string read(Invocation& natskv, const std::string& bucket, const std::string& key) const;

 private:
  std::optional<std::string> word_, file_;
};

/// A Nats-TTL has whole seconds, at least one (ADR-43). Failure(usage).
void check_ttl(const std::optional<Span>& ttl);

/// Prints one write's answer.
int print(Invocation& natskv, const Written& written);

}  // namespace natskv::commands
