#include "commands/prune.hpp"

#include "commands/fields.hpp"

#include <fmt/format.h>

namespace natskv::commands {

void Prune::each(const Seen& kept, const std::function<void(const Entry&)>& absent) const {
  EntryStream entries(session, bucket, {.patterns = patterns, .values = false});
  while (const Entry* entry = entries.next_current()) {
    // What is written behind the listing's start is another's.
    if (entry->marker() || entry->revision > entries.last_revision() || kept.contains(entry->key)) continue;
    absent(*entry);
  }
}

std::uint64_t Prune::count(const Seen& kept) const {
  std::uint64_t number = 0;
  each(kept, [&](const Entry&) { ++number; });
  return number;
}

void Prune::confirm(Natskv& natskv, const Seen* kept, bool forced) const {
  if (forced) return;
  if (!natskv.interactive()) natskv.confirm({}, false, "to prune nobody can be asked here");
  if (kept == nullptr) return;
  const auto number = count(*kept);
  if (number == 0) return;
  natskv.confirm(fmt::format("Write to bucket \"{}\", and delete {} key{} that the source does not hold?",
                             bucket, number, number == 1 ? "" : "s"),
                 false, {});
}

void Prune::run(const Seen& kept, Writer& writer) const {
  std::uint64_t number = 0;
  each(kept, [&](const Entry& entry) {
    writer.push(++number,
                {.key = std::string(entry.key), .operation = Operation::del, .expected = entry.revision});
  });
  writer.finish();
}

std::uint64_t Prune::list(Natskv& natskv, const Seen& kept) const {
  auto rows = natskv.rows(fields::keys(false), Style::list());
  std::uint64_t number = 0;
  each(kept, [&](const Entry& entry) {
    rows(entry);
    ++number;
  });
  rows.finish();
  return number;
}

}  // namespace natskv::commands
