// import: JSON Lines into a bucket.
#include "app/natskv.hpp"
#include "base/failure.hpp"
#include "base/parse.hpp"
#include "commands/all.hpp"
#include "commands/bulk/importing.hpp"

#include <optional>

namespace natskv::commands {
namespace {

class Import final : public Action {
  ImportOptions options_;
  std::optional<std::string> file_;
  std::vector<std::string> prune_words_;

  void declare(Arguments& a) override {
    a.bucket(options_.bucket);
    a.take({.name = "-F,--file", .kind = Kind::file, .help = "read this file; - is standard input"}, file_);
    a.flag("--create", options_.create, "write only keys that are new");
    a.flag("--update", options_.update, "write only keys that still are at their line's revision");
    a.flag("--skip-unchanged", options_.skip_unchanged, "write no key that holds its line's value already");
    a.flag("--dry-run", options_.dry_run, "change nothing, say what would be done");
    a.flag("--keep-going", options_.keep_going, "go on behind a line that is wrong or cannot be written");
    a.flag("--ignore-ttl", options_.ignore_ttl, "write values with a time to live without it");
    a.flag("--check", options_.check, "check a pipe's lines too before the first is written");
    a.flag("--prune", options_.prune, "then delete the keys that no line names");
    a.take({.name = "--prune-pattern",
            .kind = Kind::pattern,
            .help = "as --prune, but only keys that this PATTERN matches",
            .many = true},
           prune_words_);
    a.flag("--allow-empty", options_.allow_empty, "prune for an empty input too");
    a.flag("-f,--force", options_.force, "prune without asking");
    a.excludes("--create", "--update");
    a.excludes("--prune", "--prune-pattern");
  }

  void check() override {
    options_.prune_patterns = parse::patterns(prune_words_, std::nullopt);
    options_.prune = options_.prune || !prune_words_.empty();
    if (options_.allow_empty && !options_.prune) throw usage("--allow-empty belongs to --prune");
    if (file_ && file_->empty()) throw usage("--file: the name is empty");
    if (file_) options_.file = *file_;
  }

  int run(Natskv& natskv) override {
    (void)natskv.format(Style::list());
    return Importer(natskv, options_).run();
  }
};

}  // namespace

const Verb import_{
    .name = "import",
    .aliases = {},
    .group = Group::bulk,
    .summary = "Store JSON Lines in a bucket",
    .description =
        "Each line is an object with key and value, or value_base64 for any bytes; operation DEL or PURGE "
        "writes that marker. That is what export writes. revision and created are ignored but for --update; "
        "a "
        "line with ttl_seconds gets the time that is left of it since created, one whose time is up is not "
        "written. Members that no entry has are ignored with one warning. Of several lines for a key the "
        "last "
        "one wins.\n\n"
        "A regular file is read twice, checked and then sent: a bad line (status 2) means that nothing was "
        "written. A pipe stops at the bad line; --check reads it to its end first. A conflict does not stop "
        "the rest, any other failure does, but for --keep-going.\n\n"
        "--skip-unchanged and --dry-run list the bucket first; a key is unchanged when its latest revision "
        "is "
        "the same operation with the same value, whatever its time to live. --prune deletes keys that no "
        "line "
        "names, after every line was written, and each only at the revision that was listed; on a terminal "
        "it "
        "asks, elsewhere it needs --force. A generator that dies at the end of a line can't be told from one "
        "that is done: use pipefail, or a file.\n\n"
        "Behind a lost connection import goes on: each line whose answer was lost is compared with the "
        "latest "
        "revision of its key. Where that has the line's value, it was written; where the key is as it was, "
        "it "
        "is sent again on that condition; otherwise it is a conflict, though the line may have been stored "
        "before the other's. What a proxy kept of the first sending and gives to the server later is stored "
        "later, too. The summary on standard error names the first line that was not acknowledged, if "
        "there "
        "is one; the same file can be run again. Ctrl-C waits for what is in flight.",
    .output =
        "None, but with --dry-run the keys that pruning would delete. A summary is said on standard error: "
        "put, unchanged, deleted, conflicts, failed, unknown.",
    .examples =
        "$ echo '{\"key\":\"a\",\"value\":\"1\"}' | natskv import config --quiet\n"
        "$ natskv export config | natskv import config --skip-unchanged --quiet\n"
        "$ natskv keys config\ngreeting\na\n",
    .make = make_action<Import>,
};

}  // namespace natskv::commands
