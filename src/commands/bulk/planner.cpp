#include "commands/bulk/planner.hpp"

#include "base/pattern.hpp"
#include "kv/explain.hpp"

#include <fmt/format.h>

namespace natskv::commands {

std::optional<Failure> Planner::unfit(const Item& item) const {
  const auto size = item.value.size();
  const auto key = [&] { return std::string(item.key); };
  const auto doing = [&] { return Task{.bucket = rules_.bucket, .key = key(), .value_size = size}; };
  if (item.check && !rules_.atomic) return usage("a CHECK needs --atomic");
  if (item.if_revision && (rules_.create || rules_.update))
    return usage("\"if_revision\" cannot be combined with --create or --update");
  if (rules_.update && !item.revision) return usage("--update needs \"revision\"");
  if (rules_.max_payload > 0 && size > rules_.max_payload)
    return over_limit(doing(), "server", rules_.max_payload, {});
  if (rules_.max_value > 0 && size > rules_.max_value)
    return over_limit(doing(), "bucket", rules_.max_value, "natskv edit --max-value-size raises it");
  if (rules_.atomic && item.if_revision && reads_as_pattern(item.key)) {
    return Failure(
        Exit::failure,
        fmt::format("key \"{}\" of bucket \"{}\": the server takes it for a pattern, so a batch cannot "
                    "write it on a condition",
                    item.key, rules_.bucket),
        "without --atomic it can be imported", {rules_.bucket, key(), 0});
  }
  const bool purges = item.operation == Operation::purge;
  if (!item.check && (purges || (rules_.drop_history && rules_.keeps_history)) && reads_as_pattern(item.key))
    return would_purge_others(rules_.bucket, key(), purges);
  if (!item.ttl || rules_.ignore_ttl || rules_.ttl_allowed) return std::nullopt;
  return Failure(Exit::failure,
                 fmt::format("key \"{}\" has a time to live, but bucket \"{}\" has no per-key TTL", item.key,
                             rules_.bucket),
                 rules_.ttl_hint, {rules_.bucket, key(), 0});
}

/// false: it has expired.
bool Planner::keep_ttl(const Item& item, Instant now, Write& write) const {
  if (rules_.ignore_ttl) return true;
  write.never_expires = item.never_expires && rules_.ttl_allowed;
  if (!item.ttl) return true;
  std::int64_t left = item.ttl->ns;
  if (item.created && __builtin_add_overflow(left, item.created->ns - now.ns, &left)) left = 0;
  if (left <= 0) return false;
  // The server counts whole seconds; a fraction is rounded up, because less than one is refused.
  write.ttl = seconds((left - 1) / 1'000'000'000 + 1);
  return true;
}

bool Planner::over_history(Write& write, bool live) const {
  if (!rules_.keeps_history || write.operation == Operation::purge) return true;
  write.drop_history = rules_.drop_history;
  if (!write.ttl || write.drop_history || write.creates) return true;
  write.over_nothing = true;
  if (rules_.decide && live) return false;
  if (write.expected) return true;
  write.expected = 0;
  write.creates = true;
  return true;
}

/// Why the condition does not hold, by the bucket's state when it was listed.
std::optional<Failure> Planner::decide(const Item& item, const Step& step, bool live) const {
  const std::string key(item.key);
  if (rules_.create || item.if_revision == std::uint64_t{0}) {
    if (!live) return std::nullopt;
    return conflict({.bucket = rules_.bucket, .key = key, .creates = true}, step.latest);
  }
  const std::uint64_t wanted = item.if_revision ? *item.if_revision : item.revision.value_or(0);
  if (wanted == step.latest && !step.again) return std::nullopt;
  return conflict({.bucket = rules_.bucket, .key = key, .revision = wanted}, step.latest);
}

Step Planner::plan(const Item& item, Instant now) {
  Step step;
  step.again = !keys_.insert(item.key);
  const auto refused = [&](Failure failure) {
    step.kind = Step::Kind::refused;
    step.failure.emplace(std::move(failure));
    return step;
  };
  const auto done = [&](Step::Kind kind) {
    step.kind = kind;
    return step;
  };
  step.write.key = item.key;
  step.write.value = item.value;
  step.write.operation = item.operation;
  if (auto failure = unfit(item)) return refused(std::move(*failure));
  if (!item.check && !keep_ttl(item, now, step.write)) return done(Step::Kind::expired);
  const auto* known = there_ == nullptr ? nullptr : there_->find(item.key);
  const bool live = known != nullptr && Snapshot::live(*known);
  if (known != nullptr) step.latest = Snapshot::revision(*known);
  const bool same = rules_.skip_unchanged && known != nullptr && !step.again && !item.check &&
                    there_->holds(*known, item.operation, item.value);
  const bool conditional = rules_.create || rules_.update || item.if_revision;
  // --create and --update do not apply to what is unchanged; if_revision is checked before that.
  if (same && !item.if_revision) return done(Step::Kind::unchanged);
  if (conditional && (rules_.decide || same)) {
    if (auto failure = decide(item, step, live)) return refused(std::move(*failure));
    if (same) return done(Step::Kind::unchanged);
  }
  if (item.check) {
    step.write.expected = *item.if_revision;
    return done(Step::Kind::check);
  }
  if (item.if_revision && *item.if_revision > 0) {
    step.write.expected = item.if_revision;
  } else if (rules_.update) {
    step.write.expected = item.revision;
  } else if (conditional) {
    step.write.expected = 0;
    step.write.creates = true;
    if (step.again && rules_.create) return done(Step::Kind::over_own);
  }
  if (!over_history(step.write, live))
    return refused(older_would_return(rules_.bucket, step.write.key, step.latest));
  return step;
}

}  // namespace natskv::commands
