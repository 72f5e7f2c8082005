// Writes a source's items to a bucket or, in a dry run, lists what would be done.
#pragma once

#include "app/invocation.hpp"
#include "commands/bulk/planner.hpp"
#include "commands/bulk/prune.hpp"
#include "commands/bulk/source.hpp"
#include "commands/shared/tally.hpp"
#include "commands/shared/writes.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace natskv::commands {

/// What a dry run says about a key.
struct Planned {
  std::string_view action;  ///< put, unchanged, delete, conflict
  std::string_view key;
  std::string_view reason;
};

class Transfer {
 public:
  struct Options {
    bool keep_going = false;  ///< continue after an item that is invalid or was not written
    bool patient = false;     ///< wait for a lost connection to be restored
    nats::Requests::Limits window = {};
    std::string progress;     ///< the bar's title
    std::uint64_t total = 0;  ///< number of items, for the bar
    std::string place = {};   ///< which of two servers messages are about, or ""
    bool allow_empty = true;  ///< false: a source without items is a usage error
  };

  /// `now`: the clock of Item::created.
  Transfer(Invocation& natskv, Bucket& target, Source& source, Planner& planner, std::function<Instant()> now,
           Options options);

  /// Reads the source to its end before anything is sent. Failure for an item that is invalid or not allowed,
  /// unless keep_going.
  void check();
  /// Writes the items, then prunes if all of them were written. Throws what ended it.
  void run(Prune* prune);
  /// Lists what run() would do.
  void list(Prune* prune);
  /// Reads answers while the source has nothing to read.
  void poll();

  [[nodiscard]] const Tally& tally() const { return tally_; }

 private:
  void send_all(Writes& writes);
  void send_each(Writes& writes);
  void step(Writes& writes, const Item& item);
  [[nodiscard]] bool over_own(Write& write);
  [[nodiscard]] std::optional<Failure> returns(Writes& writes, const Write& write);
  void settled(const WriteResult& settled, Failures& failures);
  void wrong(const Item& item);
  void after(const std::string& key, const Failure& failure, std::uint64_t number);
  [[nodiscard]] bool may_prune();
  void prune(Prune& prune);
  void show(Rows<Planned>& rows, const Item& item, const Step& step);
  [[nodiscard]] std::string where(std::uint64_t number) const;
  void not_acknowledged(std::uint64_t number);
  void require_some(std::uint64_t count) const;
  [[nodiscard]] Failure as_thrown(const Failure& failure) const;

  Invocation& natskv_;
  Bucket& target_;
  Source& source_;
  Planner& planner_;
  std::function<Instant()> now_;
  Options options_;
  Tally tally_;
  Writes* writes_ = nullptr;  // while items are sent
  Seen refused_;              // --create: keys that existed before
  std::optional<Progress> progress_;
  std::uint64_t items_ = 0, handled_ = 0;
  bool all_read_ = false, invalid_ = false, halted_ = false;
};

}  // namespace natskv::commands
