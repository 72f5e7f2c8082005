#include "kv/missed.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace natskv {

void Missed::expect(std::uint64_t shown, std::uint64_t upto) {
  // A second outage before the first one's revisions were read: what is counted so far stays counted.
  seen_ = shown;
  upto_ = upto > shown ? upto : 0;
}

void Missed::count(std::uint64_t revision) {
  const std::uint64_t end = std::min(revision - 1, upto_);
  if (end > seen_) {
    if (count_ == 0) first_ = seen_ + 1;
    last_ = end;
    count_ += end - seen_;
  }
  seen_ = std::max(seen_, revision);
  if (revision >= upto_) upto_ = 0;
}

std::optional<std::string> Missed::report() {
  if (upto_ != 0 || count_ == 0) return std::nullopt;
  const std::uint64_t count = count_;
  count_ = 0;
  if (count == 1) return fmt::format("revision {} is no longer kept and was missed", first_);
  if (count == last_ - first_ + 1)
    return fmt::format("revisions {} to {} are no longer kept and were missed", first_, last_);
  return fmt::format("of the revisions {} to {}, {} are no longer kept and were missed", first_, last_,
                     count);
}

}  // namespace natskv
