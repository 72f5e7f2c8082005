// del: delete markers.
#include "commands/all.hpp"
#include "commands/keys/key_removal.hpp"

namespace natskv::commands {
namespace {

class Del final : public Action {
  KeyRemoval removal_{Operation::del};
  void declare(Declaration& a) override { removal_.declare(a); }
  void check() override { removal_.check(); }
  int run(Invocation& natskv) override { return removal_.run(natskv); }
};

}  // namespace

const Verb del{
    .name = "del",
    .group = Group::keys,
    .summary = "Delete keys, keeping their history",
    .description =
        R"(Writes a delete marker for each key and prints its revision; the history stays (natskv history, natskv revert).
Keys are deleted at once; a PATTERN or --older-than asks on a terminal and needs --force elsewhere. Only what was
listed is deleted: a key that is written again meanwhile stays, is named, and is a conflict (4).

A missing key is not an error unless --must-exist is given, which asks the stream's leader. Keys that other clients
wrote outside natskv's own rules can be deleted too. No spelling of del removes a bucket: that is natskv rm.)",
    .output =
        R"(The revision of each marker, one number a line; in JSON objects with bucket, key, revision and operation, a
single one for one KEY, an array for several and for a PATTERN. With --dry-run the keys that would be deleted, as keys
prints them.)",
    .examples =
        R"(# One key; its history stays:
$ natskv del config greeting
2
# Every key below app, without being asked:
$ natskv del config 'app.>' --force
# See what a pattern would delete:
$ natskv del config '>' --older-than 30d --dry-run
)",
    .make = make_action<Del>,
};

}  // namespace natskv::commands
