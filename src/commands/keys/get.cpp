// get: values, byte for byte.
#include "app/invocation.hpp"
#include "base/parse.hpp"
#include "cli/verb.hpp"
#include "commands/all.hpp"
#include "commands/shared/at_option.hpp"
#include "commands/shared/keys.hpp"
#include "kv/explain.hpp"
#include "kv/read/get_many.hpp"
#include "kv/read/past.hpp"
#include "kv/read/together.hpp"
#include "output/pretty.hpp"
#include "views/entry.hpp"

#include <fmt/format.h>

#include <map>
#include <set>

namespace natskv::commands {
namespace {

class Get final : public Action {
  std::string bucket_;
  std::vector<std::string> words_;
  std::vector<Pattern> patterns_;
  std::optional<std::uint64_t> revision_;
  std::optional<std::string> default_;
  bool raw_ = false, consistent_ = false, literal_ = false, nul_ = false, pretty_ = false;
  AtOption at_;
  std::unique_ptr<Past> past_;  // with --at

  void declare(Declaration& a) override {
    a.bucket(bucket_);
    a.take({.name = "KEY",
            .kind = Kind::pattern,
            .help = "one or more keys or PATTERNs",
            .required = true,
            .many = true},
           words_);
    a.take({"--revision", Kind::revision, "this revision instead of the latest (one KEY)"}, revision_);
    at_.declare(a);
    a.take({.name = "--default",
            .kind = Kind::text,
            .help = "print this if the key does not exist (one KEY)",
            .placeholder = "VALUE"},
           default_);
    a.flag("--consistent", consistent_, "ask the stream's leader, not a replica that may lag");
    a.flag("--raw", raw_, "only the value's bytes (this is the default)");
    a.flag("--pretty", pretty_, "indent a JSON value, for people (one KEY)");
    a.flag("-0,--null", nul_, "several raw values, each ended by a NUL byte");
    a.flag("--literal", literal_, "take * and > in KEY literally");
    a.excludes("--default", "--revision");
    a.excludes("--pretty", "--raw");
    a.excludes("--at", "--revision");
    a.excludes("--at", "--consistent");
  }

  void check() override {
    patterns_ = parse::patterns(words_, literal_);
    at_.check();
    if (one()) return;
    if (raw_ && !nul_) throw usage("several values as raw bytes need -0");
    if (revision_) throw usage("--revision takes one KEY");
    if (default_) throw usage("--default takes one KEY");
    if (pretty_) throw usage("--pretty takes one KEY");
    if (consistent_ && listing()) throw usage("--consistent takes keys, not patterns");
  }

  [[nodiscard]] bool one() const { return patterns_.size() == 1 && !patterns_[0].wild; }
  [[nodiscard]] bool listing() const { return any_wild(patterns_); }

  int run(Invocation& natskv) override {
    natskv.watch_reader();
    if (one()) return single(natskv);
    const Style style = styled(Style::list({.nul = nul_}), raw_ || nul_);
    if (chosen(natskv, style) == Format::raw && !nul_) throw usage("several values as raw bytes need -0");
    auto rows = natskv.rows(fields::get(), style);
    auto bucket = natskv.bucket(bucket_);
    past_ = at_.open(natskv.session(), bucket_, patterns_);
    const auto together = past_ || consistent_ ? std::nullopt : get_together(bucket, patterns_);
    if (past_ && !listing())
      past_in_order(natskv, bucket, rows);
    else if (together)
      show(natskv, *together, rows);
    else if (listing())
      from_stream(natskv, rows);
    else
      in_order(natskv, bucket, rows);
    if (natskv.status() == 0)
      natskv.finish(rows, no_keys(bucket_, words_));
    else
      rows.finish();
    return natskv.status();
  }

  static Style styled(Style style, bool bytes) {
    style.raw = true;
    if (bytes) style.on_terminal = style.in_pipe = Format::raw;
    return style;
  }

  Format chosen(const Invocation& natskv, const Style& style) const {
    const Format format = natskv.format(style);
    if (format != Format::raw && raw_) throw usage("--raw and --output name different formats");
    if (format != Format::raw && nul_)
      throw usage("-0 is for raw values and cannot be used with another --output");
    if (format != Format::raw && pretty_) throw usage("--pretty and --output name different formats");
    return format;
  }

  int single(Invocation& natskv) {
    Style style = styled(Style::object(), true);
    style.layout.nul = nul_;
    const Format format = chosen(natskv, style);
    auto rows = natskv.rows(fields::get(), style);
    const std::string& key = patterns_[0].text;
    auto bucket = natskv.bucket(bucket_);
    past_ = at_.open(natskv.session(), bucket_, patterns_);
    try {
      const OwnedEntry found = read(bucket, key, format);
      if (pretty_) return pretty(natskv, key, found.entry.value.data);
      rows(found.entry);
      rows.finish();
      if (format == Format::raw && !nul_) final_newline(natskv, found.entry.value.data);
    } catch (const Failure& failure) {
      // A missing bucket or revision stays a failure, and so does a key that may have had a value.
      if (!default_ || failure.exit() != Exit::not_found || failure.about().key.empty() ||
          (past_ && past_->is_doubtful(key)))
        throw;
      Entry entry;
      entry.bucket = bucket_;
      entry.key = key;
      entry.value = Bytes{*default_};
      entry.size = default_->size();
      rows(entry);
      rows.finish();
      if (format == Format::raw && !nul_) final_newline(natskv, *default_);
    }
    return 0;
  }

  OwnedEntry read(Bucket& bucket, const std::string& key, Format format) {
    if (past_) return past_entry(bucket, key);
    const bool plain = format == Format::raw && !consistent_ && parse::is_key(key);
    if (plain) return bucket.value(key, revision_);
    auto found = bucket.entry(key, revision_, consistent_);
    return bucket.live(std::move(found), key, revision_);
  }

  OwnedEntry past_entry(Bucket& bucket, const std::string& key) const {
    const auto verdict = past_->keys().of(key);
    if (verdict.state != AsOf::State::present) throw past_->missing(key);
    auto found = bucket.entry(key, verdict.revision);
    if (!found) found = bucket.entry(key, verdict.revision, true);  // a replica may lag
    return bucket.live(std::move(found), key, verdict.revision);
  }

  void past_in_order(Invocation& natskv, Bucket& bucket, Rows<Entry>& rows) const {
    for (const auto& pattern : patterns_) {
      try {
        rows(past_entry(bucket, pattern.text).entry);
      } catch (const Failure& failure) {
        if (failure.exit() != Exit::not_found) throw;
        natskv.report(failure);
      }
    }
  }

  int pretty(Invocation& natskv, const std::string& key, std::string_view value) const {
    const auto text = text::pretty_json(value);
    if (!text)
      throw Failure(Exit::failure,
                    fmt::format("the value of key \"{}\" in bucket \"{}\" is not JSON", key, bucket_));
    natskv.out().write(*text);
    return 0;
  }

  // For people: a prompt right after a value is hard to read.
  static void final_newline(Invocation& natskv, std::string_view value) {
    if (natskv.out().terminal() && !value.ends_with('\n')) natskv.out().write("\n");
  }

  // As of one moment: keys in the order asked, else in the server's.
  void show(Invocation& natskv, const std::vector<OwnedEntry>& found, Rows<Entry>& rows) {
    std::map<std::string_view, const Entry*> live;
    for (const auto& one : found) {
      if (!one.entry.marker()) live.emplace(one.entry.key, &one.entry);
    }
    const auto report_missing = [&](const std::string& key) {
      if (!live.contains(key)) natskv.report(no_key(bucket_, key));
    };
    if (!listing()) {
      for (const auto& pattern : patterns_) {
        if (const auto at = live.find(pattern.text); at != live.end()) rows(*at->second);
        report_missing(pattern.text);
      }
      return;
    }
    std::uint64_t left = found.size();
    for (const auto& one : found) {
      Entry entry = one.entry;
      entry.delta = --left;
      if (!entry.marker()) rows(entry);
    }
    for (const auto& pattern : patterns_) {
      if (!pattern.wild) report_missing(pattern.text);
    }
  }

  void in_order(Invocation& natskv, Bucket& bucket, Rows<Entry>& rows) {
    GetMany gets(bucket, consistent_, patterns_.size() > most_keys_together);
    for (const auto& pattern : patterns_) gets.want(pattern.text);
    while (gets.more()) {
      const std::string key = gets.key();
      try {
        const auto found = gets.next();
        if (found && !found->entry.marker())
          rows(found->entry);
        else
          natskv.report(no_key(bucket_, key));
      } catch (const Failure& failure) {
        if (failure.exit() != Exit::not_allowed || failure.about().key != key) throw;
        natskv.report(failure);
      }
    }
  }

  // Patterns, and keys among them: one stream, each entry once.
  void from_stream(Invocation& natskv, Rows<Entry>& rows) {
    Entries entries(natskv.session(), bucket_, {.patterns = patterns_, .deltas = natskv.json()}, past_.get());
    entries.on_idle([&] { natskv.out().flush(); });
    std::set<std::string, std::less<>> missing;
    for (const auto& pattern : patterns_) {
      if (!pattern.wild && !(past_ && past_->is_doubtful(pattern.text))) missing.insert(pattern.text);
    }
    while (const Entry* entry = entries.next()) {
      if (entry->marker()) continue;
      rows(*entry);
      if (const auto at = missing.find(entry->key); at != missing.end()) missing.erase(at);
    }
    for (const auto& key : missing) natskv.report(past_ ? past_->missing(key) : no_key(bucket_, key));
    if (!past_) return;
    natskv.out().flush();
    at_.report_uncertain(natskv, *past_, patterns_);
  }
};

}  // namespace

const Verb get{
    .name = "get",
    .group = Group::keys,
    .summary = "Read the value of a key, byte for byte",
    .description =
        R"(One KEY: prints the value's bytes and nothing else; only on a terminal a newline is added if the value does not
end in one (-o table escapes what could control the terminal). Several keys or a PATTERN: one record each, keys in the
order asked, those of a pattern in the server's order; where keys and patterns are mixed, each entry once in the
server's order. A missing key is named on standard error (status 3); a pattern that matches nothing is not an error.
Up to 1,024 keys (and 32 MiB) are read as they were at one moment, from nats-server 2.11 on: what import --atomic wrote
is seen whole or not at all.

A plain get may be answered by a replica that lags. --consistent asks the stream's leader, so that your own earlier
writes are seen; in a partition a deposed leader may still answer.

--at reads the bucket as it was after a revision, at a time or so long ago (natskv export --help has the rules). A KEY
that did not exist or was deleted then is status 3. So is a KEY that is uncertain, because its revision from then is no
longer kept: the message says why, and --default does not apply. Uncertain keys that a PATTERN selects are named, and
the status is 1, or 0 with --partial.)",
    .output =
        R"(For one KEY the value; otherwise the columns key, revision, created and value. JSON: an entry, or for several
keys or a PATTERN an array of entries.)",
    .examples =
        R"(# The value, byte for byte:
$ natskv get config greeting
hello
# A default for a key that does not exist:
$ natskv get config color --default blue
blue
# The revision too, in a script:
$ natskv get config greeting -o json | jq .revision
1
# As it was after revision 1 (-2h: two hours ago):
$ natskv get config greeting --at 1
hello
)",
    .make = make_action<Get>,
};

}  // namespace natskv::commands
