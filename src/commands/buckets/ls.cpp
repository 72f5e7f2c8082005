// ls: the buckets; with a bucket, its keys.
#include "app/natskv.hpp"
#include "cli/verb.hpp"
#include "commands/all.hpp"
#include "commands/shared/keys.hpp"
#include "kv/admin/buckets.hpp"
#include "views/bucket.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <iterator>

namespace natskv::commands {
namespace {

class Ls final : public Action {
  KeyListing keys_;
  std::optional<std::string> bucket_, sort_;
  bool names_ = false;

  void declare(Arguments& a) override {
    a.take({.name = "BUCKET", .kind = Kind::bucket, .help = "list this bucket's keys, as keys does"},
           bucket_);
    a.take({.name = "PATTERN", .kind = Kind::pattern, .help = "keys that match", .many = true}, keys_.words);
    a.flag("-n,--names", names_, "the buckets' names only");
    a.take({.name = "--sort",
            .kind = Kind::choice,
            .help = "order of buckets (name); the others: largest or latest first",
            .choices = {"name", "values", "bytes", "updated"}},
           sort_);
    keys_.declare(a);
  }

  void check() override {
    if (bucket_) {
      if (names_) throw usage("--names lists buckets", "a bucket's keys are listed by name anyway");
      if (sort_) throw usage("--sort lists buckets, not keys");
      keys_.bucket = *bucket_;
      keys_.check();
      return;
    }
    if (keys_.depth || keys_.nul || keys_.count || keys_.tree || keys_.deleted || keys_.verbose ||
        keys_.values || keys_.literal || keys_.limit) {
      throw usage("without a BUCKET, ls takes --names and --sort only");
    }
  }

  int run(Natskv& natskv) override { return bucket_ ? keys_.run(natskv) : buckets(natskv); }

  int buckets(Natskv& natskv) const {
    const auto style = Style::list({.shape = Shape::list, .vertical = false, .nul = false, .names = names_});
    auto rows = natskv.rows(fields::buckets(), style);
    Session& session = natskv.session();
    session.connection();
    session.lift_deadline();  // page by page, each bounded by the timeout
    std::vector<BucketRecord> held;
    const bool sorted = sort_.value_or("name") != "name";
    const auto missing = list_buckets(
        session,
        [&](const nlohmann::ordered_json& info) {
          if (sorted)
            held.push_back(bucket_record(info));
          else
            rows(bucket_record(info));
        },
        [&] { natskv.out().flush(); });
    order(held);
    for (const auto& record : held) rows(record);
    for (const auto& name : missing)
      natskv.report(Failure(Exit::unreachable, fmt::format("bucket \"{}\": its servers do not answer", name),
                            {}, {name, {}, 0}));
    natskv.finish(rows, "no buckets");
    return natskv.status();
  }

  // Largest or latest first; equal ones by name, as they came.
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
        "Without BUCKET: the buckets, by name, while it reads. In JSON each is the object that info "
        "prints.\n\n"
        "With BUCKET it is keys: names of keys, one a line, with the options of keys.",
    .output =
        "Without BUCKET the columns bucket, values, bytes, created, last_update and description, with "
        "--names the names, one a line; with BUCKET what keys prints.",
    .examples =
        "$ natskv ls --names\nconfig\n"
        "$ natskv ls -o json | jq -r '.[] | \"\\(.bucket) \\(.values)\"'\nconfig 1\n"
        "$ natskv ls config\ngreeting\n",
    .make = make_action<Ls>,
};

}  // namespace natskv::commands
