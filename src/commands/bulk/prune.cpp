#include "commands/bulk/prune.hpp"

#include "kv/explain.hpp"
#include "views/entry.hpp"

#include <fmt/format.h>

namespace natskv::commands {

void Prune::each(const Seen& kept, const Use& absent, const Use& later) {
  EntryStream entries(session, bucket, {.patterns = patterns, .values = false, .slow = true});
  // What was counted for the question is what goes: the second listing may not reach further than the first.
  if (upto == 0) upto = entries.last_revision();
  Seen named;  // a key that was listed and is then written again is named by its own conflict
  while (const Entry* entry = entries.next_current()) {
    if (entry->marker() || kept.contains(entry->key)) continue;
    const bool first = named.insert(entry->key);
    if (entry->revision <= upto)
      absent(*entry);
    else if (first)
      later(*entry);
  }
}

std::uint64_t Prune::count(const Seen& kept) {
  std::uint64_t number = 0;
  each(
      kept, [&](const Entry&) { ++number; }, [](const Entry&) {});
  return number;
}

void Prune::confirm(Natskv& natskv, const Seen* kept, bool forced) {
  if (forced) return;
  if (!natskv.interactive()) natskv.confirm({}, false, fmt::format("pruning bucket \"{}\"", bucket));
  if (kept == nullptr) return;
  const auto number = count(*kept);
  if (number == 0) return;
  natskv.confirm(fmt::format("Write to bucket \"{}\", and delete {} key{} that the source does not hold?",
                             bucket, number, number == 1 ? "" : "s"),
                 false, {});
}

void Prune::run(const Seen& kept, Writer& writer, const std::function<void(const Failure&)>& conflicts) {
  std::uint64_t number = 0;
  each(
      kept,
      [&](const Entry& entry) {
        writer.push(++number,
                    {.key = std::string(entry.key), .operation = Operation::del, .expected = entry.revision});
      },
      [&](const Entry& entry) { conflicts(written_meanwhile(bucket, entry.key, entry.revision)); });
}

std::uint64_t Prune::list(Natskv& natskv, const Seen& kept) {
  auto rows = natskv.rows(fields::keys(false), Style::list());
  std::uint64_t number = 0;
  const auto show = [&](const Entry& entry) {
    rows(entry);
    ++number;
  };
  each(kept, show, [](const Entry&) {});
  rows.finish();
  return number;
}

}  // namespace natskv::commands
