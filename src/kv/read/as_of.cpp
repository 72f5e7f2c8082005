#include "kv/read/as_of.hpp"

#include <algorithm>

namespace natskv {

void AsOf::add(const Entry& entry, bool selected) {
  Known& known = keys_[entry.key];
  if (known.count == 0) {
    known.oldest = entry.revision & most_revision;
    known.rollup = entry.rollup || entry.operation == Operation::purge;
    known.selected = selected;
  }
  if (known.count < most_counted) ++known.count;
  if (stream_.upto == all && entry.created > stream_.until) stream_.upto = entry.revision - 1;
  if (entry.revision > stream_.upto) return;
  known.held = entry.revision & most_revision;
  known.marker = entry.marker();
  if (entry.revision > last_ + 1) hole_ = entry.revision - 1;
  last_ = entry.revision;
}

void AsOf::finish(std::uint64_t last, bool complete) {
  if (stream_.upto == all) stream_.upto = std::max(last, last_);
  if (last_ < stream_.upto) hole_ = stream_.upto;
  if (complete) hole_ = 0;
  keys_.for_each([this](const Known& known) {
    if (known.rollup || at_limit(known)) explained_ = std::max<std::uint64_t>(explained_, known.oldest);
  });
  keys_.for_each([this](const Known& known) {
    if (!known.selected) return;
    const auto state = judge(&known).state;
    present_ += state == State::present ? 1 : 0;
    deleted_ += state == State::deleted ? 1 : 0;
    uncertain_ += state == State::uncertain ? 1 : 0;
    if (state == State::present || state == State::deleted)
      first_held_ = std::min<std::uint64_t>(first_held_, known.held);
  });
}

bool AsOf::at_limit(const Known& known) const {
  return stream_.history > 0 &&
         known.count >= std::min(static_cast<std::uint64_t>(stream_.history), most_counted);
}

bool AsOf::held(const Entry& entry) const {
  const Known* known = keys_.find(entry.key);
  return known != nullptr && known->held == entry.revision && judge(known).state != State::uncertain;
}

AsOf::Verdict AsOf::judge(const Known* known) const {
  const auto uncertain = [known](Why why) {
    return Verdict{State::uncertain, why, known == nullptr ? 0 : known->oldest};
  };
  if (known != nullptr && known->held > 0) {
    if (stream_.gaps && hole_ > known->held) return uncertain(Why::gap);
    return {known->marker ? State::deleted : State::present, Why::none, known->held};
  }
  // A key loses its oldest revisions first: if it never lost any, having none up to then means absent.
  if (hole_ == 0) return {};
  if (known != nullptr && known->rollup) return uncertain(Why::purged);
  if (known != nullptr && at_limit(*known)) return uncertain(Why::limit);
  if (stream_.expires) return uncertain(Why::expired);
  if (stream_.gaps) return uncertain(Why::gap);
  return {};
}

}  // namespace natskv
