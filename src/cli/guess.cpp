#include "cli/guess.hpp"

#include "base/parse.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace natskv {
namespace {

Failure with_guess(std::string_view what, std::string_view word, std::string_view guess, std::string hint) {
  return usage(fmt::format("unknown {} {}{}", what, parse::quoted(std::string(word)),
                           guess.empty() ? std::string() : fmt::format("; did you mean {}?", guess)),
               std::move(hint));
}

}  // namespace

Failure unknown_command(const Program& program, std::string_view word, std::string_view next) {
  constexpr std::string_view list = "natskv help lists the commands";
  if (word == "kv" && program.find(next) != nullptr)
    return with_guess("command", word, next, "the commands of nats kv, without kv");
  const auto peer = std::find_if(program.peers.begin(), program.peers.end(),
                                 [&](const auto& known) { return known.first == word; });
  if (peer != program.peers.end()) return with_guess("command", word, peer->second, std::string(list));
  std::vector<std::string_view> names;
  for (const Verb* verb : program.verbs) {
    if (verb->group == Group::hidden) continue;
    names.push_back(verb->name);
    names.insert(names.end(), verb->aliases.begin(), verb->aliases.end());
  }
  return with_guess("command", word, text::nearest(word, names), std::string(list));
}

Failure unknown_option(std::string_view word, const std::vector<std::string_view>& known) {
  return with_guess("option", word, text::nearest(word.substr(0, word.find('=')), known), {});
}

}  // namespace natskv
