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
  void declare(Arguments& arguments);
  /// Failure(usage) where --partial stands alone.
  void check() const;
  [[nodiscard]] bool given() const { return moment_.has_value(); }
  [[nodiscard]] bool partial() const { return partial_; }

  /// nullptr where it was not given. See Past.
  [[nodiscard]] std::unique_ptr<Past> open(Session& session, const std::string& bucket,
                                           const std::vector<Pattern>& patterns) const;
  /// Names what is uncertain: a KEY that was asked for is not_found; others are a failure, or with --partial
  /// a warning. `failure`: the status of the former. Whether what is certain may be shown as the whole.
  bool report_uncertain(Invocation& natskv, Past& past, const std::vector<Pattern>& patterns,
                        Exit failure = Exit::failure) const;

 private:
  std::optional<Moment> moment_;
  bool partial_ = false;
};

}  // namespace natskv::commands
