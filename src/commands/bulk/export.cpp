// export: a bucket as JSON Lines.
#include "app/invocation.hpp"
#include "base/failure.hpp"
#include "base/parse.hpp"
#include "base/quote.hpp"
#include "commands/all.hpp"
#include "commands/bulk/folder.hpp"
#include "kv/explain.hpp"
#include "kv/read/listing.hpp"
#include "output/file.hpp"
#include "views/entry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
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

  void declare(Arguments& a) override {
    a.bucket(bucket_);
    a.take({.name = "KEY", .kind = Kind::pattern, .help = "only these keys, or PATTERNs", .many = true},
           words_);
    a.take(
        {.name = "-F,--file", .kind = Kind::file, .help = "write to this file, replaced when all is there"},
        file_);
    a.take({.name = "--dir", .kind = Kind::directory, .help = "write a file a key below this folder"}, dir_);
    a.flag("--dots", dots_, "with --dir: . in keys is / in paths");
    a.take({.name = "--mode",
            .kind = Kind::text,
            .help = "with --dir: the files' permissions (0600)",
            .placeholder = "OCTAL"},
           mode_word_);
    a.flag("--prune", prune_, "with --dir: remove the files whose keys the bucket does not hold");
    a.flag("-f,--force", force_, "prune without asking");
    a.excludes("--dir", "--file");
    a.excludes("--dir", "--history");
    a.flag("--history", history_, "every kept revision, with delete and purge markers");
    a.flag("--literal", literal_, "take * and > in KEY as they stand");
  }

  void check() override {
    patterns_ = parse::patterns(words_, literal_);
    if (file_ && file_->empty()) throw usage("--file: the name is empty");
    if (!dir_ && (dots_ || mode_word_ || prune_)) throw usage("--dots, --mode and --prune belong to --dir");
    if (mode_word_) mode_ = mode_of(*mode_word_);
  }

  static mode_t mode_of(const std::string& word) {
    unsigned mode = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), mode, 8);
    if (error != std::errc{} || end != word.data() + word.size() || mode > 0777 || (mode & 0400U) == 0)
      throw usage("--mode takes permissions in octal, as 0644, which its owner may read");
    return static_cast<mode_t>(mode);
  }

  [[nodiscard]] std::vector<std::string> named() const {
    std::vector<std::string> keys;
    for (const auto& pattern : patterns_) {
      if (!pattern.wild) keys.push_back(pattern.text);
    }
    return keys;
  }

  /// Reports the keys that were named and did not come; whether there are any.
  bool report_missing(Invocation& natskv, const std::vector<std::string>& missing) const {
    for (const auto& key : missing) natskv.report(no_key(bucket_, key));
    return !missing.empty();
  }

  int to_folder(Invocation& natskv) {
    natskv.require_consent(!prune_ || force_, fmt::format("removing files from {}", in_quotes(*dir_)));
    const Paths paths{.dots = dots_};
    FolderWriter files(*dir_, paths, mode_);
    auto missing = named();
    {
      Listing names(natskv.session(), bucket_, {.patterns = patterns_, .values = false, .slow = true});
      while (const Entry* entry = names.next()) {
        if (entry->marker()) continue;
        files.expect(entry->key);
        std::erase(missing, entry->key);
      }
    }
    if (report_missing(natskv, missing)) return natskv.status();
    files.require_all();
    const std::uint64_t removed = prune_ ? prune(natskv, files, paths) : 0;
    std::uint64_t written = 0, equal = 0;
    Listing entries(natskv.session(), bucket_, {.patterns = patterns_, .slow = true});
    auto progress = natskv.progress("export " + bucket_, entries.total());
    while (const Entry* entry = entries.next()) {
      if (natskv.stop()) throw Stopped{};
      if (entry->marker()) continue;
      files.expect(entry->key);
      files.require_all();
      ++(files.write(entry->key, entry->value.data) ? written : equal);
      progress.tick(written + equal);
    }
    std::string text = fmt::format("bucket \"{}\": {} file{} written to {}", bucket_, written,
                                   written == 1 ? "" : "s", in_quotes(*dir_));
    if (equal > 0) text += fmt::format(", {} unchanged", equal);
    if (removed > 0) text += fmt::format(", {} removed", removed);
    natskv.note(text);
    return 0;
  }

  /// SPEC rule 3: what is named is what goes. Returns how many files went.
  std::uint64_t prune(Invocation& natskv, FolderWriter& files, const Paths& paths) const {
    if (!std::filesystem::exists(*dir_)) return 0;
    Walk walk(*dir_, {});
    const auto stale = [&](const Walk::Found& found) {
      const std::string key = paths.key_of(found.path);
      const bool selected =
          patterns_.empty() ||
          std::any_of(patterns_.begin(), patterns_.end(), [&](const Pattern& p) { return selects(p, key); });
      return !key.empty() && selected && !files.expects(key);
    };
    Seen shown;
    SomeNames names;
    while (const auto* found = walk.next()) {
      if (stale(*found) && shown.insert(found->path)) names.add(found->path);
    }
    const std::uint64_t count = names.count();
    if (count == 0) return 0;
    natskv.confirm(force_, fmt::format("Remove {} file{} from {} ({})?", count, count == 1 ? "" : "s",
                                       in_quotes(*dir_), names.text()));
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
    if (dir_) return to_folder(natskv);
    std::optional<OutputFile> file;
    if (file_ && *file_ != "-") file.emplace(*file_);
    Output& out = file ? file->out() : natskv.out();
    Rows<Entry> rows(fields::get(), Format::jsonl, {}, {}, out);
    // More than others let wait: a window would cost the transfer a tenth of its speed.
    Listing entries(
        natskv.session(), bucket_,
        {.patterns = patterns_, .history = history_, .deltas = true, .most_waiting = std::size_t{24} << 20U});
    if (!file) entries.on_idle([&] { out.flush(); });
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
    report_missing(natskv, missing);
    if (!file) {
      out.flush();
    } else if (missing.empty()) {
      file->commit();
    } else {
      natskv.note(fmt::format("{} was left as it was", in_quotes(*file_)));
      return natskv.status();
    }
    natskv.note(fmt::format("bucket \"{}\": {} {}{} written to {}", bucket_, written,
                            history_ ? "revision" : "value", written == 1 ? "" : "s",
                            file ? *file_ : "standard output"));
    return natskv.status();
  }
};

}  // namespace

const Verb export_{
    .name = "export",
    .aliases = {},
    .group = Group::bulk,
    .summary = "Write a bucket as JSON Lines",
    .description =
        R"(One JSON object a line for each key's latest value, in the order of their revisions; keys that are
deleted or purged are left out, so that import makes the same bucket of it. With --history every
revision that the bucket keeps, oldest first, delete and purge markers among them. Values that are
not UTF-8 are in value_base64.

With --file the lines go to a temporary beside the file, mode 0600, which takes its name when
everything is written: a failure leaves nothing under that name, or what was there before. A
symbolic link is replaced, never written through; a device, a named pipe and /dev/stdout are
written to as they are. A KEY that does not exist is an error (3), and then the file stays as it
was.

With --dir each key is a file below the folder, its name the path and its value the bytes (--dots:
conf.app.name is conf/app/name). A key that cannot be such a file, or would need one as a folder,
is an error before anything is written. Files that have the value already are left alone; the
others are written beside and renamed, mode 0600 or --mode, in folders of mode 0700. --prune
removes the files whose keys the bucket does not hold; on a terminal it asks, elsewhere it needs
--force.

A key that is written again while it is exported may come twice; the later line is the later
value.)",
    .output =
        "JSON Lines, an entry each; there is no other format. With --dir nothing. What was written is said on "
        "standard error.",
    .examples =
        R"(# A backup:
$ natskv export config --file config.jsonl
# Some keys, to another program:
$ natskv export config greeting 'app.>' | jq -r .value
hello
# A folder to keep in git, one file for each key:
$ natskv export config --dir conf
)",
    .make = make_action<Export>,
};

}  // namespace natskv::commands
