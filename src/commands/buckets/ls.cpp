// ls: the buckets; with a bucket, its keys.
#include "app/invocation.hpp"
#include "base/parse.hpp"
#include "cli/verb.hpp"
#include "commands/all.hpp"
#include "commands/shared/keys.hpp"
#include "kv/admin/buckets.hpp"
#include "views/bucket.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <fnmatch.h>

#include <algorithm>

namespace natskv::commands {
namespace {

class Ls final : public Action {
  KeyListing keys_;
  std::optional<std::string> bucket_, sort_;
  bool names_ = false, long_ = false;

  void declare(Declaration& a) override {
    a.add({"BUCKET", Kind::bucket, "list this bucket's keys, like keys; with a *, list the matching buckets"},
          [this](const std::string& word) { bucket_ = word; });
    a.take({.name = "PATTERN", .kind = Kind::pattern, .help = "keys that match", .many = true}, keys_.words);
    a.flag("-n,--names", names_, "only the buckets' names");
    a.flag("-l,--long", long_,
           "also history, TTL, storage, replicas, largest size and what a bucket mirrors");
    a.take({.name = "--sort",
            .kind = Kind::choice,
            .help = "order of buckets (name); the others put the largest or latest first",
            .choices = {"name", "values", "bytes", "updated"}},
           sort_);
    keys_.declare(a);
  }

  void check() override {
    if (glob()) {
      check_glob();
    } else if (bucket_) {
      (void)parse::bucket(*bucket_);
      if (long_) throw usage("--long lists buckets", "natskv keys --verbose lists keys with more");
      if (names_) throw usage("--names lists buckets", "a bucket's keys are listed by name anyway");
      if (sort_) throw usage("--sort lists buckets, not keys");
      keys_.bucket = *bucket_;
      keys_.check();
      return;
    }
    if (keys_.depth || keys_.nul || keys_.count || keys_.tree || keys_.deleted || keys_.verbose ||
        keys_.values || keys_.literal || keys_.limit || keys_.at.given() || keys_.at.partial()) {
      throw usage("without a BUCKET, ls takes --names, --long and --sort only");
    }
  }

  int run(Invocation& natskv) override { return bucket_ && !glob() ? keys_.run(natskv) : buckets(natskv); }

  // A bucket's name cannot contain a *.
  [[nodiscard]] bool glob() const { return bucket_ && bucket_->find('*') != std::string::npos; }

  void check_glob() const {
    if (!keys_.words.empty()) throw usage("a * in BUCKET lists buckets, which takes no PATTERN");
    for (const char c : *bucket_) {
      if (c != '*') (void)parse::bucket(std::string(1, c));
    }
  }

  int buckets(Invocation& natskv) const {
    natskv.watch_reader();
    const auto style = Style::list({.names = names_});
    auto rows = natskv.rows(fields::buckets(long_), style);
    Session& session = natskv.session();
    session.connection();
    session.lift_deadline();  // page by page, each bounded by the timeout
    std::vector<BucketRecord> held;
    const bool sorted = sort_.value_or("name") != "name";
    const auto missing = list_buckets(
        session,
        [&](const nlohmann::ordered_json& info) {
          BucketInfo found = bucket_info(info);
          if (glob() && ::fnmatch(bucket_->c_str(), found.bucket.c_str(), 0) != 0) return;
          if (sorted)
            held.emplace_back(std::move(found));
          else
            rows(BucketRecord(std::move(found)));
        },
        [&] { natskv.out().flush(); });
    order(held);
    for (const auto& record : held) rows(record);
    for (const auto& name : missing)
      natskv.report(Failure(Exit::unreachable, fmt::format("bucket \"{}\": its servers do not answer", name),
                            {}, {name}));
    natskv.finish(rows, glob() ? "no buckets match" : "no buckets");
    return natskv.status();
  }

  // Largest or latest first; equal ones by name, the order in which they came.
  void order(std::vector<BucketRecord>& records) const {
    const auto by = [&records](auto member) {
      std::stable_sort(
          records.begin(), records.end(),
          [member](const BucketRecord& a, const BucketRecord& b) { return a.*member > b.*member; });
    };
    if (sort_ == "values")
      by(&BucketRecord::values);
    else if (sort_ == "bytes")
      by(&BucketRecord::bytes);
    else if (sort_ == "updated")
      by(&BucketRecord::last_update);
  }
};

}  // namespace

const Verb ls{
    .name = "ls",
    .aliases = {"list"},
    .group = Group::buckets,
    .summary = "List buckets, or a bucket's keys",
    .description =
        R"(Without BUCKET: the buckets by name, printed while they are read; with a word that contains a *, those whose
names match it ('app-*'). In JSON each is the object that info prints.

With BUCKET it is natskv keys: the names of its keys, one a line, with the options of keys.)",
    .output =
        R"(Without BUCKET the columns bucket, values, bytes, created, last_update and description; with --long also
history, ttl_seconds, storage, replicas, max_bucket_bytes and the bucket that it mirrors; with --names the names, one a
line. With BUCKET what keys prints.)",
    .examples =
        R"(# The names of all buckets:
$ natskv ls --names
config
# With their settings, the largest first:
$ natskv ls --long --sort bytes
config	1	...
# The keys of one bucket:
$ natskv ls config
greeting
)",
    .make = make_action<Ls>,
};

}  // namespace natskv::commands
