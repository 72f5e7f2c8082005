#include "commands/keys/burst.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace natskv::commands {
namespace {

constexpr int times_quiet = 10;
// Some decades, so that adding it to a time does not overflow.
constexpr std::chrono::nanoseconds endless = std::chrono::hours(24 * 365 * 20);

}  // namespace

Burst::Burst(Span quiet)
    : quiet_(std::min(std::chrono::nanoseconds(quiet.ns), endless)),
      longest_(std::min(quiet_, endless / times_quiet) * times_quiet) {}

void Burst::add(std::string_view key, std::uint64_t revision, std::string line, Time now) {
  if (empty()) first_ = now;
  last_ = now;
  revision_ = revision;
  bytes_ += line.size();
  Newest& newest = newest_[std::string(key)];
  if (newest.revision == 0) bytes_ += key.size();
  bytes_ -= newest.line.size();
  newest = {revision, std::move(line)};
}

Burst::Time Burst::due() const {
  if (empty()) return Time::max();
  if (bytes_ >= most_bytes) return first_;
  return std::min(last_ + quiet_, first_ + longest_);
}

std::string Burst::take() {
  std::vector<Newest*> ordered;
  ordered.reserve(newest_.size());
  for (auto& [key, newest] : newest_) ordered.push_back(&newest);
  std::sort(ordered.begin(), ordered.end(),
            [](const Newest* a, const Newest* b) { return a->revision < b->revision; });
  std::string lines;
  lines.reserve(bytes_);
  for (Newest* const newest : ordered) lines += std::exchange(newest->line, {});
  newest_.clear();
  bytes_ = 0;
  return lines;
}

}  // namespace natskv::commands
