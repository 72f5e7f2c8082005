// update: compare-and-set.
#include "app/invocation.hpp"
#include "base/failure.hpp"
#include "commands/all.hpp"
#include "commands/keys/store.hpp"
#include "commands/keys/write.hpp"

namespace natskv::commands {
namespace {

class Update final : public Action {
  std::string bucket_, key_;
  ValueArguments value_;
  StoreOptions options_;
  std::optional<std::uint64_t> word_, option_;

  void declare(Declaration& a) override {
    a.bucket(bucket_);
    a.key(key_);
    value_.declare(a, "a single word after KEY is VALUE; with --file, use --if-revision");
    a.add({"REVISION", Kind::revision, "the revision that the key must be at; 0: it has no value"},
          [this](const std::string& word) { word_ = expected_revision(word, "REVISION"); });
    a.add({"--if-revision", Kind::revision, "the same, as an option"},
          [this](const std::string& word) { option_ = expected_revision(word, "--if-revision"); });
    options_.declare(a);
  }

  void check() override {
    options_.check();
    if (word_ && option_) throw usage("REVISION and --if-revision exclude each other");
    if (!word_ && !option_)
      throw usage("the expected revision is missing: give REVISION after VALUE, or use --if-revision");
  }

  int run(Invocation& natskv) override {
    (void)natskv.format(Style::write());
    const std::string value = value_.read(natskv, bucket_, key_);
    auto bucket = natskv.bucket(bucket_);
    return print(natskv, options_.store(natskv, bucket, key_, value, word_ ? word_ : option_));
  }
};

}  // namespace

const Verb update{
    .name = "update",
    .group = Group::keys,
    .summary = "Store a value if the key is at a revision",
    .description =
        R"(Compare-and-set: stores VALUE only if the key's latest revision is REVISION. Otherwise nothing is written, the
status is 4, and the message gives the current revision. A single word after KEY is VALUE, and then --if-revision is
required. Revision 0 means that the key has no value, as for create.

--ttl, --keep-ttl, --drop-history and --if-changed are those of put.

An update whose answer was lost ends with 7: it may have been stored. It is safe to repeat.)",
    .output =
        "The new revision, one number, never the value. JSON: an object with bucket, key, revision and "
        "operation.",
    .examples =
        R"(# Write if nobody has written since revision 1:
$ natskv update config greeting hi 1
2
# If somebody has, nothing changes:
$ natskv update config greeting ho --if-revision 1 || echo status $?
status 4
)",
    .make = make_action<Update>,
};

}  // namespace natskv::commands
