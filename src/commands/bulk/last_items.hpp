// Which item of a source counts if a key may come more than once: the last one.
#pragma once

#include "commands/bulk/source.hpp"
#include "kv/read/snapshot.hpp"

namespace natskv::commands {

class LastItems {
 public:
  /// Reads a source that may repeat keys to its end, and rewinds it.
  explicit LastItems(Source& source) {
    if (!source.repeats()) return;
    while (const Item* item = source.next()) {
      if (item->wrong) continue;
      Entry entry;
      entry.key = item->key;
      entry.revision = item->number;
      numbers_.set(entry);
    }
    source.rewind();
  }

  [[nodiscard]] bool counts(const Item& item) const {
    const auto* last = numbers_.find(item.key);
    return last == nullptr || Snapshot::revision(*last) == item.number;
  }

 private:
  Snapshot numbers_;
};

}  // namespace natskv::commands
