// keys: the names of a bucket's keys.
#include "commands/shared/keys.hpp"

#include "base/failure.hpp"
#include "base/parse.hpp"
#include "commands/all.hpp"
#include "commands/keys/tree.hpp"
#include "kv/read/past.hpp"
#include "kv/read/seen.hpp"
#include "views/entry.hpp"

#include <fmt/format.h>

namespace natskv::commands {
namespace {

class Keys final : public Action {
  KeyListing listing_;

  void declare(Declaration& a) override {
    a.bucket(listing_.bucket);
    a.take({.name = "PATTERN", .kind = Kind::pattern, .help = "only these keys", .many = true},
           listing_.words);
    listing_.declare(a);
  }
  void check() override { listing_.check(); }
  int run(Invocation& natskv) override { return listing_.run(natskv); }
};

// Each key once: one that is written again during the listing comes a second time later. Only revisions from
// after the start can repeat a key: of older ones each key has one. `show` returns whether to continue.
template <class Each>
void each_key(Entries& entries, bool deleted, Each&& show) {
  Seen seen(entries.total());
  while (const Entry* entry = entries.next()) {
    if (entry->marker() && !deleted) continue;
    if (entry->revision <= entries.last_revision())
      seen.add_new(entry->key);
    else if (!seen.insert(entry->key))
      continue;
    if (!show(*entry)) return;
  }
}

}  // namespace

std::string no_keys(const std::string& bucket, const std::vector<std::string>& patterns) {
  if (patterns.empty()) return fmt::format("no keys in bucket \"{}\"", bucket);
  return fmt::format("no keys match in bucket \"{}\"", bucket);
}

void KeyListing::declare(Declaration& a) {
  a.flag("-0,--null", nul, "end each name with a NUL byte");
  a.flag("--count", count, "print only how many there are");
  a.flag("--tree", tree, "as a tree with counts, printed at the end");
  a.take({"--depth", Kind::count, "levels of --tree"}, depth);
  a.flag("--deleted", deleted, "include deleted and purged keys");
  a.flag("-v,--verbose", verbose, "with revision, operation, creation and size");
  a.flag("--display-value", values, "with the value, and what -v shows");
  a.take({"--limit", Kind::count, "end after this many keys"}, limit);
  a.flag("--literal", literal, "take * and > in PATTERN literally");
  at.declare(a);
  a.excludes("--count", "--tree");
  a.excludes("--tree", "--verbose");
  a.excludes("--count", "--verbose");
}

void KeyListing::check() const {
  (void)parse::patterns(words, literal);
  at.check();
  if (depth && !tree) throw usage("--depth belongs to --tree");
  if (depth && *depth == 0) throw usage("--depth: at least one level");
  if (limit && *limit == 0) throw usage("--limit: at least one key");
  if (limit && (count || tree)) throw usage("--limit belongs to a list of keys");
  if (values && (count || tree)) throw usage("--display-value belongs to a list of keys");
  if (nul && (count || tree || verbose || values)) throw usage("-0 belongs to a list of names");
}

int KeyListing::run(Invocation& natskv) const {
  natskv.watch_reader();
  natskv.take_turns();
  const bool names = !verbose && !values;
  Style style = Style::list({.nul = nul, .names = names});
  if (nul || count || tree) style.on_terminal = Format::tsv;
  const Format format = natskv.format(style);
  if (nul && format != Format::tsv) throw usage("-0 is for names, without --output");
  if (tree && (format == Format::json || format == Format::jsonl))
    throw usage("--tree is for people and has no JSON form");
  auto rows = natskv.rows(names ? fields::names() : fields::keys(values), style);
  const auto patterns = parse::patterns(words, literal);
  const auto past = at.open(natskv.session(), bucket, patterns);
  const auto end = [&] {
    natskv.out().flush();
    if (past) at.report_uncertain(natskv, *past, patterns);
    return natskv.status();
  };
  Entries entries(natskv.session(), bucket,
                  {.patterns = patterns, .values = values, .deltas = !names && natskv.json()}, past.get());
  if (count || tree) {
    Tree nodes(depth);
    std::uint64_t number = 0;
    each_key(entries, deleted, [&](const Entry& entry) {
      ++number;
      if (tree) nodes.add(entry.key);
      return true;
    });
    natskv.out().write(tree ? nodes.text() : fmt::format("{}\n", number));
    return end();
  }
  entries.on_idle([&] {
    rows.settle();
    natskv.out().flush();
  });
  std::uint64_t shown = 0;
  each_key(entries, deleted, [&](const Entry& entry) {
    rows(entry);
    return !limit || ++shown < *limit;
  });
  natskv.finish(rows, no_keys(bucket, words));
  return end();
}

const Verb keys{
    .name = "keys",
    .group = Group::keys,
    .summary = "List the keys of a bucket",
    .description =
        R"(Prints names, one a line, each once, while they are read. A key that exists from start to end is listed exactly
once, whatever is written meanwhile. Without keys there is no output, and the status is 0.

Several PATTERNs make one listing. With -v each key comes with revision, operation, creation time and size of its
latest value, in one stream of messages rather than with a request for each key.

--at lists the keys that had a value then (natskv export --help has the rules). Keys that are certain are printed. If
others are uncertain, ten of them are named on standard error and the status is 1, so that a script does not take the
list for complete; with --partial it is 0.)",
    .output =
        R"(Names, one a line; with -v the columns key, revision, operation, created and size, with --display-value also
value; with --count one number. JSON: an array of names (bytes that are not UTF-8 are replaced; entries have
key_base64), or with -v of entries; there is none for --tree.)",
    .examples =
        R"(# All names:
$ natskv keys config
greeting
app.debug
# How many there are below app:
$ natskv keys config 'app.>' --count
1
# As they were after revision 1 (-2h: two hours ago):
$ natskv keys config --at 1
greeting
# With their revisions and times:
$ natskv keys config --verbose
greeting	1	PUT	...
app.debug	2	PUT	...
)",
    .make = make_action<Keys>,
};

}  // namespace natskv::commands
