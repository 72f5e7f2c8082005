#include "kv/read/missed.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace natskv {

void Missed::expect(std::uint64_t shown, std::uint64_t upto) {
  // A second outage before the first one's revisions were read: the count so far is kept.
  seen_ = shown;
  upto_ = expecting_ ? std::max(upto_, upto) : upto;
  expecting_ = true;
}

void Missed::count(std::uint64_t revision) {
  if (revision > seen_ + 1) {
    if (count_ == 0) first_ = seen_ + 1;
    last_ = revision - 1;
    count_ += last_ - seen_;
  }
  seen_ = std::max(seen_, revision);
}

void Missed::end() {
  if (expecting_ && seen_ < upto_) count(upto_ + 1);
  expecting_ = false;
}

std::optional<std::string> Missed::report() {
  if (expecting_ || count_ == 0) return std::nullopt;
  const std::uint64_t count = count_;
  count_ = 0;
  if (count == 1) return fmt::format("revision {} is no longer kept and was missed", first_);
  if (count == last_ - first_ + 1)
    return fmt::format("revisions {} to {} are no longer kept and were missed", first_, last_);
  return fmt::format("of the revisions {} to {}, {} are no longer kept and were missed", first_, last_,
                     count);
}

}  // namespace natskv
