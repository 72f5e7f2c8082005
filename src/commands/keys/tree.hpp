// keys --tree: the hierarchy with counts. Keeps the nodes that it prints, not the keys.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace natskv::commands {

class Tree {
 public:
  /// `depth`: levels that are printed; none: all.
  explicit Tree(std::optional<std::uint64_t> depth) : depth_(depth) {}
  void add(std::string_view key);
  /// One line per node: its indented name, and the number of keys at and below it if there are several.
  [[nodiscard]] std::string text() const;

 private:
  struct Node {
    std::uint64_t keys = 0;
    std::map<std::string, std::unique_ptr<Node>, std::less<>> below;
  };
  static void print(const Node& node, std::size_t level, std::string& out);

  std::optional<std::uint64_t> depth_;
  Node root_;
};

}  // namespace natskv::commands
