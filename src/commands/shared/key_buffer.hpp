// Keys that were listed and are removed afterwards, one window at a time. For each purge the server searches
// what every consumer of the stream has not acknowledged: during a listing with acknowledgements 2.15 purges
// a thousand keys a second, otherwise thirty thousand.
#pragma once

#include "kv/entry.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace natskv::commands {

class KeyBuffer {
 public:
  void add(const Entry& entry) {
    names_ += entry.key;
    items_.push_back({entry.revision, static_cast<std::uint32_t>(entry.key.size()), entry.operation});
  }
  [[nodiscard]] bool full() const { return names_.size() + items_.size() * sizeof(Item) >= max_bytes; }

  /// Passes each on as key, revision and operation, in the order they came; empty afterwards.
  template <class Use>
  void take(Use&& use) {
    std::size_t at = 0;
    for (const Item& item : items_) {
      use(names_.substr(at, item.length), item.revision, item.operation);
      at += item.length;
    }
    names_.clear();
    items_.clear();
  }

 private:
  static constexpr std::size_t max_bytes = std::size_t{8} << 20U;
  struct Item {
    std::uint64_t revision;
    std::uint32_t length;
    Operation operation;
  };
  std::string names_;
  std::vector<Item> items_;
};

}  // namespace natskv::commands
