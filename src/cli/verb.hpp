// A command is plain data and an action.
#pragma once

#include "cli/declaration.hpp"

#include <array>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace natskv {

class Invocation;

class Action {
 public:
  virtual ~Action() = default;
  virtual void declare(Declaration& declaration) = 0;  ///< no I/O
  virtual void check() {}                              ///< combinations, files; Failure(usage)
  virtual int run(Invocation& natskv) = 0;             ///< a status: a child's, the worst of many, else 0
};

/// Help's sections, in its order.
enum class Group { buckets, keys, bulk, exec, tools, hidden };
inline constexpr std::array shown_groups{Group::buckets, Group::keys, Group::bulk, Group::exec, Group::tools};
std::string_view title(Group group);

/// What a verb is. `examples`: man-page text of lines "$ command" followed by its expected output lines and
/// free prose lines starting with "# "; each is run by a test. "..." is the rest of a line or of the output.
struct Verb {
  std::string_view name;
  std::vector<std::string_view> aliases = {};
  Group group;
  std::string_view summary;      ///< at most 60 characters, no full stop
  std::string_view description;  ///< paragraphs separated by an empty line
  std::string_view output = {};  ///< what standard output gets, for the manual
  /// Exit statuses that mean something else here than elsewhere, or exist only here; for the manual.
  std::vector<std::pair<std::string_view, std::string_view>> statuses = {};
  std::string_view examples;
  std::unique_ptr<Action> (*make)();
};

template <class A>
std::unique_ptr<Action> make_action() {
  return std::make_unique<A>();
}

}  // namespace natskv
