#include "commands/keys/awaited.hpp"

#include "base/quote.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace natskv::commands {
namespace {

// Its own TTL or the bucket's, whichever is shorter.
std::optional<Instant> end_of(const Entry& entry, Span max_age) {
  Span life = entry.ttl;
  if (life.ns == 0 || (max_age.ns != 0 && max_age < life)) life = max_age;
  return entry.marker() || life.ns == 0 ? std::nullopt : after(entry.created, life);
}

}  // namespace

bool Wanted::counts(const Entry& entry) const {
  if (after && entry.revision <= *after) return false;
  if (entry.marker()) return after && !reads_values();
  if (value) return entry.value.data == *value;
  if (not_value) return entry.value.data != *not_value;
  return true;
}

std::string Wanted::sentence() const {
  const bool several = count && *count > 1;
  const std::string place = fmt::format("in bucket \"{}\"", bucket);
  const std::string match =
      fmt::format("{} that {} {}", place, several ? "match" : "matches", in_quotes(keys.text));
  if (absent)
    return keys.wild ? fmt::format("no key {} has a value", match)
                     : fmt::format("key {} {} has no value", in_quotes(keys.text), place);
  std::string text = several     ? fmt::format("{} keys {} have", *count, match)
                     : keys.wild ? fmt::format("a key {} has", match)
                                 : fmt::format("key {} {} has", in_quotes(keys.text), place);
  if (value)
    text += " the given value";
  else if (not_value)
    text += " another value";
  else if (after)
    text += fmt::format(" a revision above {}", *after);
  else
    text += " a value";
  if (after && (value || not_value)) text += fmt::format(" at a revision above {}", *after);
  if (command) text += " that COMMAND accepts";
  return text;
}

void Awaited::saw(const Entry& entry, bool counts, Span max_age) {
  if (!counts) {
    if (const auto at = keys_.find(entry.key); at != keys_.end()) keys_.erase(at);
    return;
  }
  Key& key = keys_[std::string(entry.key)];
  key = {.revision = entry.revision, .end = end_of(entry, max_age)};
  if (keeps_) {
    key.kept = copy_of(entry);
    key.kept.entry.delta.reset();  // not from a listing
  }
  if (key.end) first_end_ = std::min(*key.end, first_end_.value_or(*key.end));
}

void Awaited::start_over() {
  keys_.clear();
  first_end_.reset();
  all_seen_ = false;
}

bool Awaited::is_so() const {
  return wanted_.absent ? all_seen_ && keys_.empty() : keys_.size() >= wanted_.count.value_or(1);
}

void Awaited::is_left(std::string_view key) {
  if (const auto at = keys_.find(key); at != keys_.end()) at->second.left = true;
}

void Awaited::all_left(std::uint64_t last) {
  first_end_.reset();
  for (auto at = keys_.begin(); at != keys_.end();) {
    Key& key = at->second;
    if (!std::exchange(key.left, false) && key.revision <= last) {
      at = keys_.erase(at);
      continue;
    }
    if (key.end) first_end_ = std::min(*key.end, first_end_.value_or(*key.end));
    ++at;
  }
}

void Awaited::for_each(const std::function<void(const Entry&)>& each) const {
  for (const auto& [name, key] : keys_) {
    if (key.kept.owner) each(key.kept.entry);
  }
}

}  // namespace natskv::commands
