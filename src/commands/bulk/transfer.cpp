#include "commands/bulk/transfer.hpp"

#include "commands/bulk/last_items.hpp"
#include "kv/explain.hpp"

#include <fmt/format.h>

#include <utility>

namespace natskv::commands {
namespace {

constexpr Field<Planned> planned_fields[] = {
    {"key", "KEY", [](const Planned& p) { return Value{p.key}; }, Emphasis::name},
    {"action", "ACTION", [](const Planned& p) { return Value{p.action}; }},
    {"reason", "REASON", [](const Planned& p) { return Value{p.reason}; }},
};

/// "exists, at revision 3": the failure without key and bucket, which the row already has.
std::string reason_of(const Failure& failure) {
  const std::string text = failure.what();
  const std::string what =
      fmt::format("key \"{}\" of bucket \"{}\" ", failure.about().key, failure.about().bucket);
  return text.starts_with(what) ? text.substr(what.size()) : text;
}

std::string reason_of(const Step& step) {
  switch (step.kind) {
    case Step::Kind::unchanged:
      return fmt::format("has this value at revision {}", step.latest);
    case Step::Kind::expired:
      return "its time to live is over";
    case Step::Kind::refused:
      return reason_of(*step.failure);
    case Step::Kind::check:
      return fmt::format("is at revision {}", step.latest);
    default:
      if (step.write.operation != Operation::put) return std::string(name_of(step.write.operation));
      return step.latest == 0 ? "new" : fmt::format("replaces revision {}", step.latest);
  }
}

const View<Planned>& planned() {
  static const View<Planned> view{
      .fields = planned_fields, .tsv = {"key", "action", "reason"}, .plain = "key"};
  return view;
}

}  // namespace

Transfer::Transfer(Invocation& natskv, Bucket& target, Source& source, Planner& planner,
                   std::function<Instant()> now, Options options)
    : natskv_(natskv),
      target_(target),
      source_(source),
      planner_(planner),
      now_(std::move(now)),
      options_(std::move(options)) {
  tally_.bucket = target_.name();
}

std::string Transfer::where(std::uint64_t number) const {
  return (options_.place.empty() ? "" : options_.place + ": ") + source_.where(number);
}

void Transfer::not_acknowledged(std::uint64_t number) {
  if (source_.numbered()) tally_.not_acknowledged(number);
}

void Transfer::poll() {
  if (writes_ != nullptr) writes_->poll();
}

Failure Transfer::as_thrown(const Failure& failure) const {
  std::string hint = failure.hint();
  if (writes_ == nullptr) hint += (hint.empty() ? "" : "; ") + std::string("nothing was written");
  About about = failure.about();
  if (about.bucket.empty()) about.bucket = target_.name();
  return {failure.exit(), failure.what(), hint, about};
}

void Transfer::require_some(std::uint64_t count) const {
  if (count > 0 || options_.allow_empty) return;
  throw empty_input(source_);
}

void Transfer::check() {
  source_.sizes_only(true);
  while (const Item* item = source_.next()) {
    ++options_.total;
    if (options_.keep_going) continue;  // reported when it is its turn to be sent
    if (item->wrong) throw as_thrown(*item->wrong);
    if (const auto failure = planner_.unfit(*item)) {
      throw as_thrown(failure->saying(where(item->number) + failure->what()));
    }
  }
  require_some(options_.total);
  source_.sizes_only(false);
  source_.rewind();
}

void Transfer::run(Prune* prune) {
  progress_.emplace(options_.progress, options_.total, natskv_.quiet());
  try {
    Writes writes(
        natskv_, target_,
        [this](const WriteResult& result, Failures& failures) { settled(result, failures); }, options_.window,
        options_.patient);
    writes_ = &writes;
    const bool whole = writes.run([&] { send_all(writes); });
    if (!whole && !all_read_) not_acknowledged(handled_ + 1);
    halted_ = halted_ || !whole;
    writes_ = nullptr;
  } catch (...) {
    writes_ = nullptr;
    progress_.reset();
    throw;
  }
  progress_.reset();
  if (prune != nullptr && may_prune()) this->prune(*prune);
}

void Transfer::prune(Prune& prune) {
  const std::string where = this->where(0) + "prune: ";
  Writes writes(
      natskv_, target_,
      [&](const WriteResult& settled, Failures& failures) {
        tally_.add(settled);
        if (settled.failure) failures.add(*settled.failure, where);
      },
      options_.window, options_.patient);
  std::uint64_t number = 0;
  writes.run([&] {
    prune.each(
        planner_.keys(),
        [&](const Entry& entry) {
          writes.push(
              ++number,
              {.key = std::string(entry.key), .operation = Operation::del, .expected = entry.revision});
        },
        [&](const Entry& entry) {
          const auto failure = written_meanwhile(target_.name(), entry.key, entry.revision);
          tally_.add(failure);
          writes.failed(failure, where);
        });
  });
}

void Transfer::send_all(Writes& writes) {
  try {
    send_each(writes);
  } catch (const Failure& failure) {
    if (all_read_) throw;
    not_acknowledged(handled_ + 1);
    if (failure.exit() == Exit::usage) ++tally_.failed;  // the item itself is invalid: run() says why
    throw;
  } catch (const Stopped&) {
    if (!all_read_) not_acknowledged(handled_ + 1);
    throw;
  }
}

// Every item up to the end or the first failure.
void Transfer::send_each(Writes& writes) {
  while (const Item* item = source_.next()) {
    if (natskv_.stop()) throw Stopped{};
    if (halted_) return not_acknowledged(item->number);
    ++items_;
    if (item->wrong)
      wrong(*item);
    else
      step(writes, *item);
    handled_ = item->number;
    if (progress_) progress_->tick(tally_.done());
  }
  all_read_ = true;
  require_some(items_);
}

void Transfer::wrong(const Item& item) {
  invalid_ = true;
  if (!options_.keep_going) throw as_thrown(*item.wrong);
  not_acknowledged(item.number);
  tally_.add(*item.wrong);
  natskv_.report(*item.wrong);
}

void Transfer::step(Writes& writes, const Item& item) {
  Step step = planner_.plan(item, now_());
  if (step.again) ++tally_.replaced;
  switch (step.kind) {
    case Step::Kind::unchanged:
      ++tally_.unchanged;
      return;
    case Step::Kind::expired:
      ++tally_.expired;
      return;
    case Step::Kind::over_own:
      writes.wait_for(step.write.key);
      if (over_own(step.write)) break;
      step.failure = conflict({.bucket = target_.name(), .key = step.write.key, .creates = true}, 0);
      [[fallthrough]];
    case Step::Kind::refused:
      tally_.add(*step.failure);
      writes.failed(*step.failure, where(item.number));
      return after(step.write.key, *step.failure, item.number);
    case Step::Kind::check:
    case Step::Kind::write:
      break;
  }
  if (const auto failure = returns(writes, step.write)) {
    tally_.add(*failure);
    writes.failed(*failure, where(item.number));
    return after(step.write.key, *failure, item.number);
  }
  writes.push(item.number, std::move(step.write));
}

// A key's later items replace the first one, if that was new.
bool Transfer::over_own(Write& write) {
  if (refused_.contains(write.key)) return false;
  const auto latest = target_.entry_of_leader(write.key);
  write.expected = latest ? latest->entry.revision : 0;
  write.creates = false;
  return true;
}

// Whether a condition's revision is a value or a marker only the bucket knows.
std::optional<Failure> Transfer::returns(Writes& writes, const Write& write) {
  if (!write.over_nothing || write.creates) return std::nullopt;
  writes.wait_for(write.key);
  const auto latest = target_.entry_of_leader(write.key);
  if (!latest || latest->entry.marker() || latest->entry.revision != write.expected) return std::nullopt;
  return older_would_return(target_.name(), write.key, latest->entry.revision);
}

void Transfer::settled(const WriteResult& settled, Failures& failures) {
  tally_.add(settled);
  if (!settled.failure) return;
  failures.add(*settled.failure, where(settled.number));
  after(settled.key, *settled.failure, settled.number);
}

/// Consequences of a failure: a conflict only concerns the item itself.
void Transfer::after(const std::string& key, const Failure& failure, std::uint64_t number) {
  if (planner_.rules().create) refused_.insert(key);
  if (failure.exit() == Exit::conflict) return;
  not_acknowledged(number);
  halted_ = halted_ || !options_.keep_going;
}

// Only if the bucket now has everything from the source.
bool Transfer::may_prune() {
  if (!invalid_ && !halted_ && tally_.clean()) return true;
  natskv_.warn("nothing was pruned, because not everything was written");
  return false;
}

void Transfer::list(Prune* prune) {
  tally_.would = true;
  auto rows = natskv_.rows(planned(), Style::list());
  const LastItems last(source_);
  while (const Item* item = source_.next()) {
    if (natskv_.stop()) throw Stopped{};
    ++items_;
    if (item->wrong) {
      wrong(*item);
      continue;
    }
    const Step step = planner_.plan(*item, now_());
    if (!last.counts(*item))
      ++tally_.replaced;
    else if (source_.repeats() || !step.again)
      show(rows, *item, step);
  }
  require_some(items_);
  if (prune != nullptr && may_prune()) {
    const std::string reason = "not in " + source_.shown();
    prune->each(planner_.keys(), [&](const Entry& entry) {
      rows({"delete", entry.key, reason});
      ++tally_.deleted;
    });
  }
  rows.finish();
}

void Transfer::show(Rows<Planned>& rows, const Item& item, const Step& step) {
  const std::string reason = reason_of(step);
  const auto row = [&](std::string_view action) { rows({action, item.key, reason}); };
  switch (step.kind) {
    case Step::Kind::refused:
      tally_.add(*step.failure);
      if (step.failure->exit() == Exit::conflict) {
        row("conflict");
        return natskv_.status(Exit::conflict);
      }
      natskv_.report(step.failure->saying(where(item.number) + step.failure->what()));
      return after(step.write.key, *step.failure, item.number);
    case Step::Kind::expired:
      ++tally_.expired;
      return row("unchanged");
    case Step::Kind::unchanged:
    case Step::Kind::check:
      ++tally_.unchanged;
      return row("unchanged");
    default:
      const bool puts = step.write.operation == Operation::put;
      ++(puts ? tally_.put : tally_.deleted);
      row(puts ? "put" : "delete");
  }
}

}  // namespace natskv::commands
