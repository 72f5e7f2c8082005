// rm: removes a bucket.
#include "app/invocation.hpp"
#include "base/failure.hpp"
#include "base/number_of.hpp"
#include "base/text.hpp"
#include "commands/all.hpp"
#include "commands/shared/tally.hpp"
#include "kv/admin/buckets.hpp"
#include "kv/admin/config.hpp"
#include "kv/admin/info.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace natskv::commands {
namespace {

class Rm final : public Action {
  std::string bucket_;
  std::vector<std::string> more_;
  bool force_ = false, if_exists_ = false;

  void declare(Declaration& a) override {
    a.bucket(bucket_);
    a.take({.name = "MORE", .kind = Kind::text, .help = "", .many = true, .hidden = true}, more_);
    a.flag("-f,--force", force_, "do not ask");
    a.flag("--if-exists", if_exists_, "a bucket that does not exist is not an error");
  }

  void check() override {
    if (!more_.empty())
      throw usage("rm removes one bucket and takes no key", "natskv del BUCKET KEY deletes keys");
  }

  // What would be removed, and which buckets copy it.
  std::string question(Invocation& natskv, const BucketInfo& info) const {
    std::string text = fmt::format("Remove {}", Invocation::named(natskv.session(), bucket_));
    text += info.values == 0 ? ", which is empty?"
                             : fmt::format(" with {} ({})?", number_of(info.values, "value"),
                                           text::human_size(info.bytes.bytes));
    const auto copies = copies_of(natskv);
    if (!copies.empty()) text += fmt::format(" It is copied by {}.", fmt::join(copies, ", "));
    return text;
  }

  // The buckets of this server that mirror or source it; left out if the user may not list buckets.
  [[nodiscard]] std::vector<std::string> copies_of(Invocation& natskv) const {
    std::vector<std::string> names;
    const auto copies = [this](const BucketOrigin& origin) {
      return origin.bucket == bucket_ && origin.domain.empty();
    };
    try {
      list_buckets(
          natskv.session(),
          [&](const nlohmann::ordered_json& one) {
            const BucketInfo info = bucket_info(one);
            if ((info.mirror && copies(*info.mirror)) ||
                std::any_of(info.sources.begin(), info.sources.end(), copies))
              names.push_back(info.bucket);
          },
          [] {});
    } catch (const Failure& failure) {
      if (failure.exit() != Exit::not_allowed) throw;
    }
    return names;
  }

  int run(Invocation& natskv) override {
    (void)natskv.format(Style::write());
    auto bucket = natskv.bucket(bucket_);
    try {
      return remove(natskv, bucket);
    } catch (const Failure& failure) {
      if (!if_exists_ || failure.exit() != Exit::not_found) throw;
      say_summary(natskv, Tally{.bucket = bucket_, .puts = false},
                  fmt::format("bucket \"{}\" does not exist: nothing to do", bucket_));
      return 0;
    }
  }

  int remove(Invocation& natskv, Bucket& bucket) const {
    natskv.require_consent(force_, fmt::format("removing bucket \"{}\"", bucket_));
    // Even without a question: a stream of that name that is not a bucket must not be removed.
    if (const auto others = other_subjects(bucket_, bucket.info().at("config")); !others.empty())
      throw Failure(
          Exit::failure,
          fmt::format(
              "stream \"KV_{}\" also takes \"{}\", whose messages would be removed, too; nothing was removed",
              bucket_, others.front()),
          fmt::format("natskv purge {} --all removes the keys", bucket_), {bucket_});
    const auto info = bucket_info(bucket.info());
    if (!force_) natskv.confirm(question(natskv, info));
    bucket.remove();
    Tally tally{.bucket = bucket_, .puts = false};
    tally.deleted = info.values;
    say_summary(natskv, tally, fmt::format("removed bucket \"{}\"", bucket_));
    return 0;
  }
};

}  // namespace

const Verb rm{
    .name = "rm",
    .group = Group::buckets,
    .summary = "Remove a bucket with all its values",
    .description =
        R"(Removes exactly one bucket. On a terminal it asks, and says how many values would be deleted and which buckets
of this server copy them; elsewhere it needs --force. With --if-exists a bucket that does not exist is status 0. A
second word is an error: natskv del deletes keys.)",
    .output = R"(None; standard error says what was removed. With JSON an object: bucket, deleted (values).)",
    .examples =
        R"(# In a script, where nobody can be asked:
$ natskv rm config --force
# Make sure that it is gone, whether it was there or not:
$ natskv rm config --force --if-exists
)",
    .make = make_action<Rm>,
};

}  // namespace natskv::commands
