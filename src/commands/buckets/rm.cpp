// rm: removes a bucket.
#include "app/natskv.hpp"
#include "base/failure.hpp"
#include "base/text.hpp"
#include "commands/all.hpp"
#include "commands/shared/tally.hpp"
#include "kv/admin/config.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace natskv::commands {
namespace {

class Rm final : public Action {
  std::string bucket_;
  std::vector<std::string> more_;
  bool force_ = false, if_exists_ = false;

  void declare(Arguments& a) override {
    a.bucket(bucket_);
    a.take({.name = "MORE", .kind = Kind::text, .help = "", .many = true, .hidden = true}, more_);
    a.flag("-f,--force", force_, "do not ask");
    a.flag("--if-exists", if_exists_, "a bucket that does not exist is no error");
  }

  void check() override {
    if (!more_.empty())
      throw usage("rm removes one bucket and takes no key", "natskv del BUCKET KEY deletes keys");
  }

  int run(Natskv& natskv) override {
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

  int remove(Natskv& natskv, Bucket& bucket) const {
    natskv.require_consent(force_, fmt::format("removing bucket \"{}\"", bucket_));
    // Also where nobody is asked: a stream of that name that is no bucket is not ours to remove.
    const auto& info = bucket.info();
    if (const auto others = other_subjects(bucket_, info.at("config")); !others.empty())
      throw Failure(
          Exit::failure,
          fmt::format("stream \"KV_{}\" also takes \"{}\", whose messages would go, too; nothing was removed",
                      bucket_, others.front()),
          fmt::format("natskv purge {} --all removes the keys", bucket_), {bucket_, {}, 0});
    const auto& state = info.at("state");
    const auto values = state.value("messages", std::uint64_t{0});
    natskv.confirm(force_,
                   fmt::format("Remove {} with {} values ({})?", Natskv::named(natskv.session(), bucket_),
                               values, text::human_size(state.value("bytes", std::int64_t{0}))));
    bucket.remove();
    Tally tally{.bucket = bucket_, .puts = false};
    tally.deleted = values;
    say_summary(natskv, tally, fmt::format("removed bucket \"{}\"", bucket_));
    return 0;
  }
};

}  // namespace

const Verb rm{
    .name = "rm",
    .aliases = {},
    .group = Group::buckets,
    .summary = "Remove a bucket with all its values",
    .description =
        "Removes exactly one bucket. On a terminal it asks, saying how many values would go; elsewhere it "
        "refuses without "
        "--force. With --if-exists a bucket that is not there is status 0. A second word is an error: "
        "keys are deleted by natskv del.",
    .output =
        "None; what was removed is said on standard error. With JSON an object: bucket, deleted (values).",
    .examples =
        "$ natskv rm config --force --quiet\n"
        "$ natskv info config || echo status $?\nstatus 3\n",
    .make = make_action<Rm>,
};

}  // namespace natskv::commands
