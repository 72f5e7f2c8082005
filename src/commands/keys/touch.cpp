// touch: restarts a value's time to live.
#include "app/invocation.hpp"
#include "base/failure.hpp"
#include "commands/all.hpp"
#include "commands/keys/store.hpp"
#include "commands/keys/write.hpp"

#include <chrono>
#include <thread>

namespace natskv::commands {
namespace {

class Touch final : public Action {
  std::string bucket_, key_;
  std::optional<Span> ttl_;
  bool drop_history_ = false;

  void declare(Declaration& a) override {
    a.bucket(bucket_);
    a.key(key_);
    a.take(
        {"--ttl", Kind::duration, "a new time to live (whole seconds, at least 1s); default: the key's own"},
        ttl_);
    a.flag("--drop-history", drop_history_, "remove the key's older revisions with the same write");
  }

  void check() override { check_ttl(ttl_); }

  int run(Invocation& natskv) override {
    (void)natskv.format(Style::write());
    auto bucket = natskv.bucket(bucket_);
    // The deadline bounds all attempts and ends them as unanswered.
    for (;;) {
      const OwnedEntry found = bucket.live(bucket.latest(key_), key_, {});
      const Entry& entry = found.entry;
      Condition condition{.revision = entry.revision, .ttl = ttl_, .drop_history = drop_history_};
      if (!ttl_) keep_ttl(bucket, entry, condition);
      try {
        return print(natskv, store_expiring(bucket, key_, entry.value.data, condition));
      } catch (const Failure& failure) {
        if (failure.exit() != Exit::conflict || natskv.stop()) throw;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
};

}  // namespace

const Verb touch{
    .name = "touch",
    .group = Group::keys,
    .summary = "Store a value again, to restart its time to live",
    .description =
        R"(Stores the bytes that KEY has as a new revision. If another client writes KEY meanwhile, its new value is read
and stored again instead. The time to live starts again: in a bucket with a TTL the bucket's, for a key with a TTL the
key's own, or the one that --ttl gives.

A key that has a history needs --drop-history: otherwise the older value would come back when the new revision
expires. The option removes the key's older revisions with the same write.)",
    .output =
        "The new revision, one number, never the value. JSON: an object with bucket, key, revision and operation.",
    .examples =
        R"(# Each request of a user gives the session another half hour:
$ natskv add sessions --ttl 30m --quiet
$ natskv put sessions alice token
1
$ natskv touch sessions alice
2
)",
    .make = make_action<Touch>,
};

}  // namespace natskv::commands
