// A command's declaration, bound to an action that can run.
#pragma once

#include "cli/declaration.hpp"
#include "cli/verb.hpp"
#include "config/settings.hpp"

#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace natskv {

/// The program as cli/ sees it: which commands there are, and what all of them accept.
struct Program {
  std::span<const Verb* const> verbs;  ///< in help's order
  void (*declare_globals)(Declaration& declaration, config::Given& given);
  /// Commands of other tools and what to use here: {"set", "put"}.
  std::span<const std::pair<std::string_view, std::string_view>> peers = {};

  /// The verb of this name or alias, or null.
  [[nodiscard]] const Verb* find(std::string_view word) const;
};

struct BoundVerb {
  const Verb* verb = nullptr;  ///< null: the global options alone
  std::unique_ptr<Action> action;
  std::unique_ptr<config::Given> given;
  std::unique_ptr<Declaration> declaration;  ///< bound to `action` and `given`
};

/// The global options; then bind() adds a command's. Nothing else of the tree is declared, because that takes
/// time.
BoundVerb bind_globals(const Program& program);
void bind(BoundVerb& bound, const Verb& verb);
BoundVerb bind(const Program& program, const Verb& verb);

}  // namespace natskv
