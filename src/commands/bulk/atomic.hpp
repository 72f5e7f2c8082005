// import --atomic: a source's items as one batch, all or nothing.
#pragma once

#include "app/invocation.hpp"
#include "commands/bulk/planner.hpp"
#include "commands/bulk/prune.hpp"
#include "commands/bulk/source.hpp"
#include "commands/shared/tally.hpp"
#include "kv/write/batch.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace natskv::commands {

Failure too_many_writes();

class AtomicTransfer {
 public:
  /// `there`: as for Planner. `now`: one moment for all items, so that both readings decide alike.
  AtomicTransfer(Invocation& natskv, Bucket& target, Source& source, Rules rules, const Snapshot* there,
                 Instant now);

  /// Reads the source to its end and decides on the batch. Failure for an invalid item, a key that comes
  /// twice, more than 1,000 writes, or a condition that no write can carry.
  void plan();
  [[nodiscard]] const Seen& keys() const { return planner_.keys(); }
  [[nodiscard]] std::uint64_t items() const { return items_; }
  /// The deletes of --prune, after plan().
  void prune(Prune& prune);
  /// Sends it. Throws the failure that prevented it from being stored.
  void run();

  [[nodiscard]] const Tally& tally() const { return tally_; }
  /// "3 unchanged keys were not checked", because no write could carry the conditions; or "".
  [[nodiscard]] std::string unchecked() const;

 private:
  using Check = AtomicBatch::Check;
  struct PlannedWrite {
    std::string key;
    std::optional<std::uint64_t> expected;
    bool creates = false;       ///< only where there is no value: `expected` is the marker's revision, or 0
    bool deletes = false;       ///< of --prune
    bool over_nothing = false;  ///< as Write's
  };

  void plan_item(const Item& item);
  void require_carriers();
  bool find_markers();
  void report_value(const std::string& key, std::uint64_t revision, bool over_nothing);
  AtomicBatch::Outcome send();
  bool name_conflicts();
  [[nodiscard]] Failure wrong(const Item& item, const Failure& failure) const;

  Invocation& natskv_;
  Bucket& target_;
  Source& source_;
  Rules rules_;
  const Snapshot* there_;
  Instant now_;
  Planner planner_;
  Tally tally_;
  std::vector<PlannedWrite> writes_;
  std::vector<Check> checks_, unchanged_;  // conditions on keys that are not written
  std::uint64_t items_ = 0, carriers_ = 0;
  std::uint64_t markers_ = 0;  // how many writes are DEL or PURGE
  AtomicBatch::Answers answers_ = AtomicBatch::Answers::some;
};

}  // namespace natskv::commands
