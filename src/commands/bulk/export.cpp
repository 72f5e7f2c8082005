// export: a bucket as JSON Lines.
#include "app/natskv.hpp"
#include "base/failure.hpp"
#include "base/parse.hpp"
#include "base/quote.hpp"
#include "commands/all.hpp"
#include "kv/explain.hpp"
#include "kv/read/listing.hpp"
#include "output/file.hpp"
#include "views/entry.hpp"

#include <fmt/format.h>

#include <optional>

namespace natskv::commands {
namespace {

class Export final : public Action {
  std::string bucket_;
  std::vector<std::string> words_;
  std::vector<Pattern> patterns_;
  std::optional<std::string> file_;
  bool history_ = false, literal_ = false;

  void declare(Arguments& a) override {
    a.bucket(bucket_);
    a.take({.name = "KEY", .kind = Kind::pattern, .help = "only these keys, or PATTERNs", .many = true},
           words_);
    a.take(
        {.name = "-F,--file", .kind = Kind::file, .help = "write to this file, replaced when all is there"},
        file_);
    a.flag("--history", history_, "every kept revision, with delete and purge markers");
    a.flag("--literal", literal_, "take * and > in KEY as they stand");
  }

  void check() override {
    patterns_ = parse::patterns(words_, literal_);
    if (file_ && file_->empty()) throw usage("--file: the name is empty");
  }

  int run(Natskv& natskv) override {
    const auto& given = natskv.given();
    if (given.json || (given.output && *given.output != "jsonl"))
      throw usage("the output is JSON Lines only");
    std::optional<OutputFile> file;
    if (file_ && *file_ != "-") file.emplace(*file_);
    Output& out = file ? file->out() : natskv.out();
    Rows<Entry> rows(fields::get(), Format::jsonl, {}, {}, out);
    // More than others let wait: a window would cost the transfer a tenth of its speed.
    Listing entries(natskv.session(), bucket_,
                    {.patterns = patterns_, .history = history_, .most_waiting = std::size_t{24} << 20U});
    if (!file) entries.on_idle([&] { out.flush(); });
    auto progress = natskv.progress_beside(out, "export " + bucket_, entries.total());
    std::vector<std::string> missing;  // keys that were named and did not come
    for (const auto& pattern : patterns_) {
      if (!pattern.wild) missing.push_back(pattern.text);
    }
    std::uint64_t read = 0, written = 0;
    while (const Entry* entry = entries.next()) {
      progress.tick(++read);
      if (entry->marker() && !history_) continue;
      rows(*entry);
      if (!missing.empty()) std::erase(missing, entry->key);
      ++written;
    }
    rows.finish();
    for (const auto& key : missing) natskv.report(no_key(bucket_, key));
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
        R"(One JSON object a line for each key's latest value, in the order of their revisions; keys that are deleted or
purged are left out, so that import makes the same bucket of it. With --history every revision that the bucket keeps,
oldest first, delete and purge markers among them. Values that are not UTF-8 are in value_base64.

With --file the lines go to a temporary beside the file, mode 0600, which takes its name when everything is written: a
failure leaves nothing under that name, or what was there before. A symbolic link is replaced, never written through; a
device, a named pipe and /dev/stdout are written to as they are. A KEY that does not exist is an error (3), and then
the file stays as it was.

A key that is written again while it is exported may come twice; the later line is the later value.)",
    .output =
        "JSON Lines, an entry each; there is no other format. What was written is said on standard error.",
    .examples =
        "$ natskv export config | jq -r .value\nhello\n"
        "$ natskv export config --file config.jsonl --quiet\n"
        "$ wc -l < config.jsonl\n1\n",
    .make = make_action<Export>,
};

}  // namespace natskv::commands
