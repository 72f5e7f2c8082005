// export: a bucket as JSON Lines.
#include "app/invocation.hpp"
#include "base/failure.hpp"
#include "base/number_of.hpp"
#include "base/parse.hpp"
#include "base/quote.hpp"
#include "commands/all.hpp"
#include "commands/bulk/folder.hpp"
#include "commands/shared/at_option.hpp"
#include "kv/explain.hpp"
#include "kv/read/past.hpp"
#include "output/file.hpp"
#include "views/entry.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace natskv::commands {
namespace {

class Export final : public Action {
  std::string bucket_;
  std::vector<std::string> words_;
  std::vector<Pattern> patterns_;
  std::optional<std::string> file_;
  std::optional<std::string> dir_, mode_word_;
  mode_t mode_ = 0600;
  bool history_ = false, literal_ = false, dots_ = false, prune_ = false, force_ = false;
  AtOption at_;
  std::unique_ptr<Past> past_;  // with --at

  void declare(Declaration& a) override {
    a.bucket(bucket_);
    a.take({.name = "KEY", .kind = Kind::pattern, .help = "only these keys, or PATTERNs", .many = true},
           words_);
    a.take({"-F,--file", Kind::file, "write to this file, which is replaced when everything is written"},
           file_);
    a.take({"--dir", Kind::directory, "write one file per key below this folder"}, dir_);
    a.flag("--dots", dots_, "with --dir: write . in keys as / in paths");
    a.take({.name = "--mode",
            .kind = Kind::text,
            .help = "with --dir: the files' permissions (0600)",
            .placeholder = "OCTAL"},
           mode_word_);
    a.flag("--prune", prune_, "with --dir: remove the files whose keys the bucket does not have");
    a.flag("-f,--force", force_, "prune without asking");
    a.excludes("--dir", "--file");
    a.excludes("--dir", "--history");
    a.flag("--history", history_, "every kept revision, including delete and purge markers");
    at_.declare(a);
    a.excludes("--at", "--history");
    a.excludes("--partial", "--prune");
    a.flag("--literal", literal_, "take * and > in KEY literally");
  }

  void check() override {
    patterns_ = parse::patterns(words_, literal_);
    if (file_ && file_->empty()) throw usage("--file: the name is empty");
    if (!dir_ && (dots_ || mode_word_ || prune_)) throw usage("--dots, --mode and --prune belong to --dir");
    if (mode_word_) mode_ = mode_of(*mode_word_);
    at_.check();
  }

  static mode_t mode_of(const std::string& word) {
    const unsigned mode = parse::whole<unsigned>(word, 8).value_or(0);
    if (mode > 0777 || (mode & 0400U) == 0)
      throw usage("--mode takes octal permissions that let the owner read, such as 0644");
    return static_cast<mode_t>(mode);
  }

  /// The keys that were named; those that are uncertain were reported.
  [[nodiscard]] std::vector<std::string> named() const {
    std::vector<std::string> keys;
    for (const auto& pattern : patterns_) {
      if (!pattern.wild && !(past_ && past_->is_doubtful(pattern.text))) keys.push_back(pattern.text);
    }
    return keys;
  }

  /// Reports the keys that were named and did not come; whether none of the named is missing.
  bool report_missing(Invocation& natskv, const std::vector<std::string>& missing) const {
    for (const auto& key : missing) natskv.report(past_ ? past_->missing(key) : no_key(bucket_, key));
    return natskv.status() == 0;
  }

  int to_folder(Invocation& natskv) {
    const Paths paths{.dots = dots_};
    FolderWriter files(*dir_, paths, mode_);
    auto missing = named();
    {
      Entries names(natskv.session(), bucket_, {.patterns = patterns_, .values = false, .slow = true},
                    past_.get());
      while (const Entry* entry = names.next()) {
        if (entry->marker()) continue;
        files.expect(entry->key);
        std::erase(missing, entry->key);
      }
    }
    if (!report_missing(natskv, missing)) return natskv.status();
    files.require_all();
    const std::uint64_t removed = prune_ ? prune(natskv, files, paths) : 0;
    std::uint64_t written = 0, equal = 0;
    Entries entries(natskv.session(), bucket_, {.patterns = patterns_, .slow = true}, past_.get());
    auto progress = natskv.progress("export " + bucket_, entries.total());
    while (const Entry* entry = entries.next()) {
      if (natskv.stop()) throw Stopped{};
      if (entry->marker()) continue;
      files.expect(entry->key);
      files.require_all();
      ++(files.write(entry->key, entry->value.data) ? written : equal);
      progress.tick(written + equal);
    }
    std::string text =
        fmt::format("bucket \"{}\": {} written to {}", bucket_, number_of(written, "file"), in_quotes(*dir_));
    if (equal > 0) text += fmt::format(", {} unchanged", equal);
    if (removed > 0) text += fmt::format(", {} removed", removed);
    natskv.note(text);
    return 0;
  }

  /// Only the files that were named are removed. Returns how many.
  std::uint64_t prune(Invocation& natskv, FolderWriter& files, const Paths& paths) const {
    if (!std::filesystem::exists(*dir_)) return 0;
    Walk walk(*dir_, {});
    const auto stale = [&](const Walk::Found& found) {
      const std::string key = paths.key_of(found.path);
      return !key.empty() && any_selects(patterns_, key) && !files.expects(key);
    };
    Seen shown;
    SomeNames names;
    while (const auto* found = walk.next()) {
      if (stale(*found) && shown.insert(found->path)) names.add(found->path);
    }
    const std::uint64_t count = names.count();
    if (count == 0) return 0;
    if (!force_) {
      natskv.confirm(
          fmt::format("Remove {} from {} ({})?", number_of(count, "file"), in_quotes(*dir_), names.text()));
    }
    walk.rewind();
    while (const auto* found = walk.next()) {
      if (stale(*found) && shown.contains(found->path)) files.remove(*found);
    }
    return count;
  }

  int run(Invocation& natskv) override {
    const auto& given = natskv.given();
    if (given.json || (given.output && *given.output != "jsonl"))
      throw usage("the output is JSON Lines only");
    std::optional<OutputFile> file;
    if (file_ && *file_ != "-") file.emplace(*file_);
    if (!file && !dir_) natskv.watch_reader();
    natskv.take_turns();
    if (dir_)
      natskv.require_consent(!prune_ || force_, fmt::format("removing files from {}", in_quotes(*dir_)));
    past_ = at_.open(natskv.session(), bucket_, patterns_);
    if (past_ && !at_.report_uncertain(natskv, *past_, patterns_)) return natskv.status();
    return dir_ ? to_folder(natskv) : to_lines(natskv, file ? &*file : nullptr);
  }

  int to_lines(Invocation& natskv, OutputFile* file) {
    Output& out = file != nullptr ? file->out() : natskv.out();
    Rows<Entry> rows(fields::get(), Format::jsonl, {}, {}, out);
    // More is queued than elsewhere: a window would cost a tenth of the speed.
    Entries entries(
        natskv.session(), bucket_,
        {.patterns = patterns_, .history = history_, .deltas = true, .most_waiting = std::size_t{24} << 20U},
        past_.get());
    if (file == nullptr) entries.on_idle([&] { out.flush(); });
    auto progress = natskv.progress_beside(out, "export " + bucket_, entries.total());
    auto missing = named();
    std::uint64_t read = 0, written = 0;
    while (const Entry* entry = entries.next()) {
      progress.tick(++read);
      if (entry->marker() && !history_) continue;
      rows(*entry);
      if (!missing.empty()) std::erase(missing, entry->key);
      ++written;
    }
    rows.finish();
    const bool all = report_missing(natskv, missing);
    if (file == nullptr) {
      out.flush();
    } else if (all) {
      file->commit();
    } else {
      natskv.note(fmt::format("{} was left unchanged", in_quotes(*file_)));
      return natskv.status();
    }
    natskv.note(fmt::format("bucket \"{}\": {} written to {}", bucket_,
                            number_of(written, history_ ? "revision" : "value"),
                            file != nullptr ? in_quotes(*file_) : "standard output"));
    return natskv.status();
  }
};

}  // namespace

const Verb export_{
    .name = "export",
    .group = Group::bulk,
    .summary = "Write a bucket as JSON Lines",
    .description =
        R"(One JSON object a line for each key's latest value, in the order of their revisions; deleted and purged keys are
left out, so that import creates the same bucket. With --history every revision that the bucket keeps, oldest first,
including delete and purge markers. Values that are not UTF-8 are in value_base64.

With --file the lines go to a temporary beside the file, mode 0600, which gets its name when everything is written:
after a failure nothing has that name, or what was there before. A symbolic link is replaced, never written through; a
device, a named pipe and /dev/stdout are written to directly. A KEY that does not exist is an error (3), and then the
file is left unchanged.

With --dir each key is a file below the folder, its name the path and its value the bytes (with --dots conf.app.name is
conf/app/name). A key that cannot be such a file, or would need another key's file as a folder, is an error before
anything is written. Files that already have the value are not touched; the others are written beside and renamed, with
mode 0600 or --mode, in folders of mode 0700. --prune removes the files whose keys the bucket does not have; on a
terminal it asks, elsewhere it needs --force.

A key that is written again during the export may come twice; the later line has the later value.

With --at the bucket is exported as it was: after a REVISION, at a TIME of the server's clock (RFC 3339 with its zone;
what was written at that very time counts), or so long ago (-2h). Only what the bucket still keeps can tell. A key
without a revision from then is uncertain if it may have lost one: it is at the bucket's history limit, was purged, or
an older value may have expired. If keys expire and revisions from then are missing, there may also have been keys of
which nothing is left. In these cases nothing is written; the first ten uncertain keys are named, and the status is 1,
or 3 if a KEY that was asked for is uncertain. --partial writes what is certain and warns. If revisions are missing that
belong to no key (compact, purge --all), a warning gives the last of them. A revision above the bucket's last and a time
before the bucket was created are status 3, a time in the future is 2. The history is read twice; if the bucket drops an
entry in between, or is recreated, the status is 1, and --file leaves the file unchanged.)",
    .output =
        R"(JSON Lines, one entry each; there is no other format. With --dir nothing. Standard error says what was written.)",
    .examples =
        R"(# A backup:
$ natskv export config --file config.jsonl
# Some keys, to another program:
$ natskv export config greeting 'app.>' | jq -r .value
hello
# A folder to keep in git, one file for each key:
$ natskv export config --dir conf
# As it was after revision 1 (--at -2h: two hours ago), to import with --skip-unchanged --prune:
$ natskv export config --at 1 | jq -r .value
hello
)",
    .make = make_action<Export>,
};

}  // namespace natskv::commands
