// put: store a value.
#include "app/natskv.hpp"
#include "commands/all.hpp"
#include "commands/keys/write.hpp"

namespace natskv::commands {
namespace {

class Put final : public Action {
  std::string bucket_, key_;
  ValueArguments value_;
  std::optional<std::uint64_t> expected_;

  void declare(Arguments& a) override {
    a.bucket(bucket_);
    a.key(key_);
    value_.declare(a);
    a.take({.name = "--if-revision",
            .kind = Kind::revision,
            .help = "only if the key is at this revision (update)"},
           expected_);
  }

  int run(Natskv& natskv) override {
    (void)natskv.format(Style::write());
    const std::string value = value_.read(natskv, bucket_, key_);
    auto bucket = natskv.bucket(bucket_);
    return print(natskv, expected_ ? bucket.update(key_, value, *expected_) : bucket.put(key_, value));
  }
};

}  // namespace

const Verb put{
    .name = "put",
    .aliases = {},
    .group = Group::keys,
    .summary = "Store a value and print its revision",
    .description =
        "VALUE is taken as it stands, byte for byte; \"\" is the empty value. Without VALUE and --file the "
        "value is read "
        "from standard input, which must deliver at least one byte. A VALUE that looks like an option goes "
        "behind --.\n\n"
        "Prints the new revision, one number, never the value. With --if-revision it is update: a "
        "compare-and-set that "
        "fails with status 4 where the key has another revision.",
    .output =
        "The new revision, one number, never the value. JSON: an object with bucket, key, revision and "
        "operation.",
    .examples =
        "$ natskv put config colour green\n2\n"
        "# Any bytes, from a pipe or a file:\n"
        "$ printf 'a\\0b' | natskv put config binary\n3\n"
        "$ natskv put config flags -- --verbose\n4\n",
    .make = make_action<Put>,
};

}  // namespace natskv::commands
