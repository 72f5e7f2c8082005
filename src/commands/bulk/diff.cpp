// diff: which keys of two buckets differ.
#include "app/natskv.hpp"
#include "base/failure.hpp"
#include "base/parse.hpp"
#include "commands/all.hpp"
#include "kv/read/listing.hpp"
#include "kv/read/seen.hpp"
#include "kv/read/snapshot.hpp"

#include <optional>

namespace natskv::commands {
namespace {

struct Difference {
  std::string_view change, key;
  std::uint64_t revision_a = 0, revision_b = 0;
};

Value present(std::uint64_t revision) { return revision == 0 ? Value{} : Value{revision}; }

constexpr Field<Difference> difference_fields[] = {
    {"change", "CHANGE", [](const Difference& d) { return Value{d.change}; }, Look::operation},
    {"key", "KEY", [](const Difference& d) { return Value{d.key}; }, Look::name},
    {"revision_a", "REV A", [](const Difference& d) { return present(d.revision_a); }, Look::number},
    {"revision_b", "REV B", [](const Difference& d) { return present(d.revision_b); }, Look::number},
};

class Diff final : public Action {
  std::string a_, b_;
  std::optional<std::string> word_, context_;
  std::vector<Pattern> patterns_;
  bool literal_ = false;

  void declare(Arguments& a) override {
    a.bucket(a_, "BUCKET_A");
    a.bucket(b_, "BUCKET_B");
    a.take({.name = "PATTERN", .kind = Kind::pattern, .help = "only these keys"}, word_);
    a.take({.name = "--to-context", .kind = Kind::context, .help = "BUCKET_B is reached by this context"},
           context_);
    a.flag("--literal", literal_, "take * and > in PATTERN as they stand");
  }

  void check() override {
    if (word_) patterns_ = {parse::pattern(*word_, literal_)};
  }

  int run(Natskv& natskv) override {
    try {
      const bool different = compare(natskv);
      natskv.out().flush();
      return different ? 1 : 0;
    } catch (const Failure& failure) {
      // 1 is "they differ".
      if (failure.exit() != Exit::failure) throw;
      throw Failure(Exit::usage, failure.what(), failure.hint(), failure.about());
    }
  }

  bool compare(Natskv& natskv) {
    const View<Difference> view{.fields = difference_fields,
                                .json = {},
                                .tsv = {"change", "key", "revision_a", "revision_b"},
                                .table = {},
                                .plain = {}};
    auto rows = natskv.rows(view, Style::list());
    Session& other = context_ ? natskv.session(*context_) : natskv.session();
    Snapshot first;
    const auto keys = read(natskv, first);
    std::uint64_t met = 0, shown = 0;
    {
      Seen added;
      Listing entries(other, b_, {.patterns = patterns_, .slow = true});
      entries.on_idle([&] { natskv.out().flush(); });
      auto progress = natskv.progress_beside(natskv.out(), "diff " + b_, entries.total());
      std::uint64_t count = 0;
      while (const Entry* entry = entries.next()) {
        progress.tick(++count);
        if (entry->marker()) continue;
        const auto* known = first.find(entry->key);
        const bool there = known != nullptr && Snapshot::live(*known);
        // A key that is written meanwhile comes a second time: it is shown once.
        if (there ? Snapshot::met(*known) : !added.insert(entry->key)) continue;
        const auto revision = there ? Snapshot::revision(*known) : 0;
        if (there) {
          ++met;
          const bool same = first.holds(*known, Operation::put, entry->value.data);
          first.meet(entry->key);
          if (same) continue;
        }
        rows({there ? "changed" : "added", entry->key, revision, entry->revision});
        ++shown;
      }
    }
    if (met < keys) shown += removed(natskv, first, rows);
    natskv.finish(rows, "no differences");
    return shown > 0;
  }

  // Hashes only; returns how many keys are live.
  std::uint64_t read(Natskv& natskv, Snapshot& snapshot) {
    Listing entries(natskv.session(), a_, {.patterns = patterns_, .slow = true});
    snapshot = Snapshot(entries.total());
    auto progress = natskv.progress("diff " + a_, entries.total());
    std::uint64_t live = 0, count = 0;
    while (const Entry* entry = entries.next()) {
      progress.tick(++count);
      const auto* before = snapshot.find(entry->key);
      if (before != nullptr && Snapshot::live(*before)) --live;
      snapshot.set(*entry);
      if (!entry->marker()) ++live;
    }
    return live;
  }

  // Their names were not kept: they are read once more.
  std::uint64_t removed(Natskv& natskv, Snapshot& first, Rows<Difference>& rows) {
    std::uint64_t shown = 0;
    Listing entries(natskv.session(), a_, {.patterns = patterns_, .values = false, .slow = true});
    entries.on_idle([&] { natskv.out().flush(); });
    while (const Entry* entry = entries.next()) {
      const auto* known = first.find(entry->key);
      if (known == nullptr || !Snapshot::live(*known) || !first.meet(entry->key)) continue;
      rows({"removed", entry->key, Snapshot::revision(*known), 0});
      ++shown;
    }
    return shown;
  }
};

}  // namespace

const Verb diff{
    .name = "diff",
    .aliases = {},
    .group = Group::bulk,
    .summary = "Compare the keys of two buckets",
    .description =
        "Keys that BUCKET_B has and BUCKET_A has not are added, the other way round removed, and changed "
        "where "
        "their values differ; deleted keys count as absent. Columns: change, key, revision in A, revision in "
        "B. What is added and changed comes first, in the order of B.\n\n"
        "Status 0: the same, 1: different; what would be 1 elsewhere is 2. Both buckets are read as streams; "
        "hashes of keys and values are kept, never the values.",
    .output =
        "The columns change (added, removed, changed), key, revision_a and revision_b. JSON: an array of "
        "objects with these.",
    .statuses = {{"0", "the same."},
                 {"1", "different."},
                 {"2", "the command line is wrong, or what would be 1 elsewhere."}},
    .examples =
        "$ natskv -q add staging && natskv -q put staging greeting hi\n"
        "# What differs between the two:\n"
        "$ natskv diff config staging\nchanged\tgreeting\t1\t1\n"
        "# In a script:\n"
        "$ natskv diff config config && echo the same\nthe same\n",
    .make = make_action<Diff>,
};

}  // namespace natskv::commands
