#include "commands/bulk/atomic.hpp"

#include "base/number_of.hpp"
#include "kv/explain.hpp"
#include "kv/read/get_many.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace natskv::commands {

Failure too_many_writes() {
  return usage(fmt::format("an atomic import can have at most {} writes", AtomicBatch::max_writes),
               "without --atomic there is no limit");
}

AtomicTransfer::AtomicTransfer(Invocation& natskv, Bucket& target, Source& source, Rules rules,
                               const Snapshot* there, Instant now)
    : natskv_(natskv),
      target_(target),
      source_(source),
      rules_(std::move(rules)),
      there_(there),
      now_(now),
      planner_(rules_, there_) {
  tally_.bucket = target_.name();
}

Failure AtomicTransfer::wrong(const Item& item, const Failure& failure) const {
  const std::string where = item.wrong ? "" : source_.where(item.number);
  const std::string hint = failure.hint() + (failure.hint().empty() ? "" : "; ") + "nothing was written";
  return {failure.exit(), where + failure.what(), hint, {target_.name(), failure.about().key, 0}};
}

void AtomicTransfer::plan() {
  while (const Item* item = source_.next()) {
    ++items_;
    plan_item(*item);
  }
  source_.rewind();
  require_carriers();
}

void AtomicTransfer::plan_item(const Item& item) {
  if (item.wrong) throw wrong(item, *item.wrong);
  Step step = planner_.plan(item, now_);
  if (step.again) {
    throw wrong(item, usage(fmt::format("key \"{}\" is given twice, and --atomic allows each key only once",
                                        item.key)));
  }
  switch (step.kind) {
    case Step::Kind::refused:
      if (step.failure->exit() == Exit::conflict) tally_.conflicts = 1;
      throw wrong(item, *step.failure);
    case Step::Kind::expired:
      ++tally_.expired;
      return;
    case Step::Kind::unchanged:
      ++tally_.unchanged;
      if (unchanged_.size() < AtomicBatch::max_writes) unchanged_.push_back({step.write.key, step.latest});
      return;
    case Step::Kind::check:
      if (checks_.size() >= AtomicBatch::max_writes) throw too_many_writes();
      checks_.push_back({step.write.key, *step.write.expected});
      return;
    case Step::Kind::write:
    case Step::Kind::over_own:
      break;
  }
  if (writes_.size() >= AtomicBatch::max_writes) throw too_many_writes();
  if (!step.write.expected) ++carriers_;
  writes_.push_back({.key = std::move(step.write.key),
                     .expected = step.write.expected,
                     .creates = step.write.creates,
                     .deletes = false,
                     .over_nothing = step.write.over_nothing});
}

void AtomicTransfer::require_carriers() {
  if (checks_.size() <= carriers_) return;
  throw usage(fmt::format("each CHECK needs a write that has no condition of its own: there {} {}, and {}",
                          checks_.size() == 1 ? "is" : "are", number_of(checks_.size(), "CHECK"),
                          number_of(carriers_, "such write")),
              "the server takes one condition for each write");
}

void AtomicTransfer::prune(Prune& prune) {
  prune.each(
      planner_.keys(),
      [this](const Entry& entry) {
        if (writes_.size() >= AtomicBatch::max_writes) throw too_many_writes();
        writes_.push_back(
            {.key = std::string(entry.key), .expected = entry.revision, .creates = false, .deletes = true});
      },
      [this](const Entry& entry) {
        ++tally_.conflicts;
        throw written_meanwhile(target_.name(), entry.key, entry.revision);
      });
}

/// "No value" means no message, or a marker, whose revision then is the condition. False: a key has a value.
bool AtomicTransfer::find_markers() {
  GetMany gets(target_, true);
  struct Wanted {
    std::uint64_t* expected;
    bool creates, over_nothing;
  };
  std::vector<Wanted> wanted;
  for (auto& write : writes_) {
    if (!write.creates && !write.over_nothing) continue;
    gets.want(write.key);
    wanted.push_back({&*write.expected, write.creates, write.over_nothing});
  }
  for (auto& check : checks_) {
    if (check.revision != 0) continue;
    gets.want(check.key);
    wanted.push_back({&check.revision, true, false});
  }
  bool none = true;
  for (std::size_t i = 0; gets.more(); ++i) {
    const std::string key = gets.key();
    const auto found = gets.next();
    const auto& [expected, creates, over_nothing] = wanted[i];
    const bool live = found && !found->entry.marker();
    if (creates) *expected = found && !live ? found->entry.revision : 0;
    if (!live || (!creates && found->entry.revision != *expected))
      continue;  // of the latter the server tells
    none = false;
    report_value(key, found->entry.revision, over_nothing);
  }
  return none;
}

/// A key has a value, and was to have none.
void AtomicTransfer::report_value(const std::string& key, std::uint64_t revision, bool over_nothing) {
  ++(over_nothing ? tally_.failed : tally_.conflicts);
  natskv_.report(over_nothing ? older_would_return(target_.name(), key, revision)
                              : conflict({.bucket = target_.name(), .key = key, .creates = true}, revision));
}

void AtomicTransfer::run() {
  if (writes_.empty()) return;
  const auto until =
      std::chrono::steady_clock::now() + std::chrono::nanoseconds(target_.session().timeout().ns);
  const auto checks = checks_;
  while (true) {
    checks_ = checks;  // where no value is expected, there may be another marker
    if (!find_markers()) return;
    const auto outcome = send();
    switch (outcome.kind) {
      case AtomicBatch::Kind::stored:
        for (const auto& write : writes_) ++(write.deletes ? tally_.deleted : tally_.put);
        tally_.put -= markers_;
        tally_.deleted += markers_;
        tally_.first_revision = outcome.first;
        tally_.last_revision = outcome.last;
        return;
      case AtomicBatch::Kind::failed:
        (outcome.failure->exit() == Exit::unknown ? tally_.unknown : tally_.failed) = writes_.size();
        throw Failure(*outcome.failure);
      case AtomicBatch::Kind::conflict:
        if (name_conflicts()) return;
        [[fallthrough]];
      case AtomicBatch::Kind::again:
        if (std::exchange(answers_, AtomicBatch::Answers::all) == AtomicBatch::Answers::some) continue;
        if (std::chrono::steady_clock::now() < until) {
          natskv_.stop().pause(std::chrono::milliseconds(100));  // others' batches end, a leader is chosen
          continue;
        }
    }
    tally_.failed = writes_.size();
    throw Failure(
        Exit::unreachable,
        fmt::format("bucket \"{}\": the server dropped the batch again and again; nothing was stored",
                    target_.name()),
        "try again in a moment", {target_.name()});
  }
}

AtomicBatch::Outcome AtomicTransfer::send() {
  AtomicBatch batch(target_, writes_.size(), answers_);
  auto check = checks_.begin();
  auto unchanged = unchanged_.begin();
  const auto carried = [&](const PlannedWrite& write) -> std::optional<Check> {
    if (write.expected) return std::nullopt;
    if (check != checks_.end()) return *check++;
    if (unchanged != unchanged_.end()) return *unchanged++;
    return std::nullopt;
  };
  source_.rewind();
  markers_ = 0;
  Planner planner(rules_, there_);
  auto write = writes_.begin();
  bool going = true;
  while (going && write != writes_.end() && !write->deletes) {
    const Item* item = source_.next();
    if (item == nullptr) throw Failure(Exit::failure, source_.shown() + " changed while it was read");
    Step step = planner.plan(*item, now_);
    if (step.kind != Step::Kind::write) continue;
    if (step.write.key != write->key)
      throw Failure(Exit::failure, source_.shown() + " changed while it was read");
    step.write.expected = write->expected;
    if (step.write.operation != Operation::put) ++markers_;
    going = batch.push(step.write, carried(*write));
    ++write;
  }
  for (; going && write != writes_.end(); ++write) {
    going = batch.push({.key = write->key, .operation = Operation::del, .expected = write->expected}, {});
  }
  return batch.finish();
}

/// Reports the keys whose revision has changed. False: only a marker changed, where no value was expected.
bool AtomicTransfer::name_conflicts() {
  struct Condition {
    std::string key;
    std::uint64_t revision;
    bool creates, over_nothing;
  };
  std::vector<Condition> conditions;
  std::uint64_t carried = 0;
  for (const auto& write : writes_) {
    if (write.expected) conditions.push_back({write.key, *write.expected, write.creates, write.over_nothing});
  }
  for (const auto* checks : {&checks_, &unchanged_}) {
    for (const auto& check : *checks) {
      if (carried++ < carriers_) conditions.push_back({check.key, check.revision, false, false});
    }
  }
  GetMany gets(target_, true);
  for (const auto& condition : conditions) gets.want(condition.key);
  std::uint64_t named = 0;
  bool markers = false;
  for (std::size_t i = 0; gets.more(); ++i) {
    const auto found = gets.next();
    const auto& [key, revision, creates, over_nothing] = conditions[i];
    const std::uint64_t latest = found ? found->entry.revision : 0;
    if (latest == revision) continue;
    const bool live = found && !found->entry.marker();
    if (creates && !live) {
      markers = true;
      continue;
    }
    ++named;
    natskv_.report(
        creates && over_nothing
            ? older_would_return(target_.name(), key, latest)
            : conflict({.bucket = target_.name(), .key = key, .revision = revision, .creates = creates},
                       latest));
  }
  if (named == 0 && markers) return false;
  tally_.conflicts = std::max<std::uint64_t>(named, 1);
  if (named == 0) {
    natskv_.report(
        Failure(Exit::conflict,
                fmt::format("bucket \"{}\": one of the {} conditions did not hold; nothing was stored",
                            target_.name(), conditions.size()),
                {}, {target_.name()}));
  }
  return true;
}

std::string AtomicTransfer::unchecked() const {
  const std::uint64_t free = carriers_ - checks_.size();
  if (writes_.empty() || tally_.unchanged <= free) return {};
  const std::uint64_t count = tally_.unchanged - free;
  return fmt::format("{} unchanged key{} not checked: no write could carry the condition", count,
                     count == 1 ? " was" : "s were");
}

}  // namespace natskv::commands
