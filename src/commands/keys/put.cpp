// put: store a value.
#include "app/invocation.hpp"
#include "commands/all.hpp"
#include "commands/keys/store.hpp"
#include "commands/keys/write.hpp"

namespace natskv::commands {
namespace {

class Put final : public Action {
  std::string bucket_, key_;
  ValueArguments value_;
  StoreOptions options_;
  std::optional<std::uint64_t> expected_;

  void declare(Declaration& a) override {
    a.bucket(bucket_);
    a.key(key_);
    value_.declare(a);
    a.add({"--if-revision", Kind::revision,
           "only if the key is at this revision (as update); 0: if it has no value (as create)"},
          [this](const std::string& word) { expected_ = expected_revision(word, "--if-revision"); });
    options_.declare(a);
  }

  void check() override { options_.check(); }

  int run(Invocation& natskv) override {
    (void)natskv.format(Style::write());
    const std::string value = value_.read(natskv, bucket_, key_);
    auto bucket = natskv.bucket(bucket_);
    return print(natskv, options_.store(natskv, bucket, key_, value, expected_));
  }
};

}  // namespace

const Verb put{
    .name = "put",
    .group = Group::keys,
    .summary = "Store a value and print its revision",
    .description =
        R"(VALUE is taken literally, byte for byte; "" is the empty value. Without VALUE and --file the value is read from
standard input, which must deliver at least one byte. Write -- before a VALUE that starts with -.

Prints the new revision, one number, never the value. With --if-revision it is update: a compare-and-set that fails
with status 4 if the key is at another revision.

--ttl lets the key expire by itself; the bucket must allow that (natskv add or edit with --marker-ttl; nats-server
2.11 or newer). A write without it ends the time to live that the key had, and a warning says so; --keep-ttl keeps what
is left of it. In a bucket with a history a value with a TTL over another one needs --drop-history: otherwise the older
value would come back when this one expires.

--if-changed writes nothing if the key already has this value, and prints its revision.)",
    .output =
        "The new revision, one number, never the value. JSON: an object with bucket, key, revision and "
        "operation.",
    .examples =
        R"(# A word:
$ natskv put config color green
2
# Any bytes, from a pipe or a file:
$ natskv put config logo --file logo.png
3
# Write only where that changes something:
$ natskv put config color green --if-changed
2
)",
    .make = make_action<Put>,
};

}  // namespace natskv::commands
