#include "commands/keys/tree.hpp"

#include "base/pattern.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

namespace natskv::commands {

void Tree::add(std::string_view key) {
  Node* node = &root_;
  ++node->keys;
  std::uint64_t level = 0;
  for (const auto token : tokens(key)) {
    if (depth_ && level++ == *depth_) return;
    auto at = node->below.find(token);
    if (at == node->below.end()) at = node->below.emplace(std::string(token), std::make_unique<Node>()).first;
    node = at->second.get();
    ++node->keys;
  }
}

void Tree::print(const Node& node, std::size_t level, std::string& out) {
  for (const auto& [name, below] : node.below) {
    out.append(level * 2, ' ');
    out += text::visible(name);
    if (below->keys > 1 || !below->below.empty()) out += fmt::format(" ({})", below->keys);
    out += '\n';
    print(*below, level + 1, out);
  }
}

std::string Tree::text() const {
  std::string out;
  print(root_, 0, out);
  return out;
}

}  // namespace natskv::commands
