// create: store a value under a key that does not exist.
#include "app/invocation.hpp"
#include "commands/all.hpp"
#include "commands/keys/write.hpp"

namespace natskv::commands {
namespace {

class Create final : public Action {
  std::string bucket_, key_;
  ValueArguments value_;
  std::optional<Span> ttl_;

  void declare(Declaration& a) override {
    a.bucket(bucket_);
    a.key(key_);
    value_.declare(a);
    a.take({"--ttl", Kind::duration, "the key expires after this time (whole seconds, at least 1s)"}, ttl_);
  }

  void check() override { check_ttl(ttl_); }

  int run(Invocation& natskv) override {
    (void)natskv.format(Style::write());
    const std::string value = value_.read(natskv, bucket_, key_);
    return print(natskv, natskv.bucket(bucket_).create(key_, value, ttl_));
  }
};

}  // namespace

const Verb create{
    .name = "create",
    .group = Group::keys,
    .summary = "Store a value under a key that does not exist",
    .description =
        R"(As put, but fails with status 4 if the key has a value. A key that was deleted, purged or has expired counts as
not existing. The stream's leader is asked whether the key exists, not a replica that may lag (unless the user may not
ask it), so that a 4 can be believed.

--ttl lets the key expire by itself; the bucket must allow that (natskv add or edit with --marker-ttl; nats-server
2.11 or newer), which is checked before anything is sent.)",
    .output =
        "The new revision, one number, never the value. JSON: an object with bucket, key, revision and "
        "operation.",
    .examples =
        R"~(# One of many machines gets the job, the others get status 4:
$ natskv create config job.42 "$(uname -n)"
2
$ natskv create config job.42 another || echo status $?
status 4
)~",
    .make = make_action<Create>,
};

}  // namespace natskv::commands
