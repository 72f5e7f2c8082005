#include "commands/shared/failures.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace natskv::commands {

void Failures::add(const Failure& failure, const std::string& where) {
  if (!failure.common().empty()) {
    const auto same = std::find_if(common_.begin(), common_.end(), [&](const Common& common) {
      return common.first.first.common() == failure.common();
    });
    if (same != common_.end())
      ++same->count;
    else
      common_.push_back({{failure, where}, 1});
    return;
  }
  if (failure.exit() == Exit::not_allowed && !stored_ && !failure.about().key.empty()) {
    refused_.emplace_back(failure, where);
    return;
  }
  report({failure, where});
}

void Failures::stored() {
  if (stored_) return;
  stored_ = true;
  flush_refused();
}

void Failures::report(const Kept& kept) {
  const auto& [failure, where] = kept;
  natskv_.report(failure.saying(where + failure.what()));
}

void Failures::flush_refused() {
  for (const Kept& kept : refused_) report(kept);
  refused_.clear();
}

void Failures::report_all_refused() {
  const auto& [first, where] = refused_.front();
  natskv_.report(
      first.saying(fmt::format("{}; {} keys were refused and none was written (this was the first)",
                               where + first.what(), refused_.size())));
  refused_.clear();
}

void Failures::say() {
  if (refused_.size() >= max_refused) report_all_refused();
  flush_refused();
  for (const auto& [kept, count] : common_) {
    const auto& [failure, where] = kept;
    if (count == 1) {
      report(kept);
      continue;
    }
    const std::string first =
        fmt::format("\"{}\"{}", failure.about().key,
                    where.empty() ? "" : fmt::format(" ({})", where.substr(0, where.rfind(": "))));
    const std::string what =
        failure.exit() == Exit::unknown
            ? fmt::format("{} writes may have been stored; the first is that of key {}", count, first)
            : fmt::format("{} keys were not written, first {}", count, first);
    const auto& about = failure.about();
    natskv_.report(Failure(failure.exit(),
                           fmt::format("bucket \"{}\": {}; {}", about.bucket, failure.common(), what),
                           failure.hint(), about));
  }
  common_.clear();
}

}  // namespace natskv::commands
