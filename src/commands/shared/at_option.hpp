// --at and --partial: get, keys, export, diff.
#pragma once

#include "app/invocation.hpp"
#include "base/pattern.hpp"
#include "cli/declaration.hpp"
#include "kv/read/past.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace natskv::commands {

class AtOption {
 public:
  void declare(Declaration& arguments);
  /// Failure(usage) for --partial without --at.
  void check() const;
  [[nodiscard]] bool given() const { return moment_.has_value(); }
  [[nodiscard]] bool partial() const { return partial_; }

  /// nullptr if it was not given. See Past.
  [[nodiscard]] std::unique_ptr<Past> open(Session& session, const std::string& bucket,
                                           const std::vector<Pattern>& patterns) const;
  /// Reports what is uncertain: not_found for a KEY that was asked for; for others a failure (with status
  /// `failure`), or with --partial a warning. Returns whether what is certain may be shown.
  bool report_uncertain(Invocation& natskv, Past& past, const std::vector<Pattern>& patterns,
                        Exit failure = Exit::failure) const;

 private:
  std::optional<Moment> moment_;
  bool partial_ = false;
};

}  // namespace natskv::commands
