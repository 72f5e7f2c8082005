#include "commands/bulk/prune.hpp"

#include "base/number_of.hpp"

#include <fmt/format.h>

#include <utility>

namespace natskv::commands {

Prune::Prune(Session& session, std::string bucket, std::vector<Pattern> patterns)
    : session_(session),
      bucket_(std::move(bucket)),
      listing_(
          session_, bucket_, std::move(patterns),
          [this](const Entry& entry, Instant) { return !entry.marker() && !kept_->contains(entry.key); },
          [this](const Entry& entry) {
            if (later_) later_(entry);
          }) {}

void Prune::confirm(Invocation& natskv, const Seen& kept) {
  kept_ = &kept;
  const auto number = listing_.count();
  if (number == 0) return;
  natskv.confirm(fmt::format("Write to {}, and delete {} that the source does not have{}?",
                             Invocation::named(session_, bucket_), number_of(number, "key"),
                             listing_.names()));
}

void Prune::each(const Seen& kept, const Use& use, const Use& later) {
  kept_ = &kept;
  later_ = later;
  listing_.for_each(use);
}

}  // namespace natskv::commands
