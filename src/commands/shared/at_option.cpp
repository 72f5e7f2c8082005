#include "commands/shared/at_option.hpp"

#include "base/parse.hpp"
#include "commands/shared/some_names.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace natskv::commands {

void AtOption::declare(Declaration& a) {
  a.add({.name = "--at",
         .kind = Kind::text,
         .help = "as it was after this revision, at this time (RFC 3339, with a zone) or this long ago (-2h)",
         .placeholder = "TIME|REVISION"},
        [this](const std::string& word) { moment_ = parse::moment(word, "--at"); });
  a.flag("--partial", partial_, "with --at: what is certain, even if other keys are not");
}

void AtOption::check() const {
  if (partial_ && !given()) throw usage("--partial belongs to --at");
}

std::unique_ptr<Past> AtOption::open(Session& session, const std::string& bucket,
                                     const std::vector<Pattern>& patterns) const {
  if (!given()) return nullptr;
  return std::make_unique<Past>(session, bucket, patterns, *moment_);
}

bool AtOption::report_uncertain(Invocation& natskv, Past& past, const std::vector<Pattern>& patterns,
                                Exit failure) const {
  const auto& keys = past.keys();
  const auto& bucket = past.bucket();
  bool certain = true;
  const auto say = [&](const std::string& text) {
    if (partial_) return natskv.warn(text);
    certain = false;
    natskv.report(Failure(Exit::failure, text, "--partial continues with what is certain", {bucket})
                      .ending_with(failure));
  };
  std::uint64_t others = keys.uncertain();
  bool only_keys = !patterns.empty();
  for (const auto& pattern : patterns) {
    only_keys = only_keys && !pattern.wild;
    if (pattern.wild || !past.is_doubtful(pattern.text)) continue;
    natskv.report(past.missing(pattern.text));
    certain = certain && partial_;
    if (keys.keeps(pattern.text) && past.is_uncertain(pattern.text)) --others;
  }
  if (others > 0) {
    SomeNames names;
    for (const auto& name : past.uncertain_names(SomeNames::max_names)) names.add(name);
    names.add_unnamed(others - std::min(others, names.count()));
    say(fmt::format("bucket \"{}\": {} key{} uncertain at {}, {} revisions from then are no longer kept: {}",
                    bucket, names.count(), names.count() == 1 ? " is" : "s are", past.shown(),
                    names.count() == 1 ? "its" : "their", names.text()));
  }
  if (only_keys) return certain;
  if (keys.nameless()) {
    say(fmt::format(
        "bucket \"{}\": keys that it held at {} may have expired since, and nothing is left to name them",
        bucket, past.shown()));
  } else if (const auto revision = keys.unexplained(); revision > 0) {
    natskv.warn(fmt::format(
        "bucket \"{}\": revisions up to {} were removed with nothing left of their keys (compact, purge "
        "--all): what these held at {} is not known",
        bucket, revision, past.shown()));
  }
  return certain;
}

}  // namespace natskv::commands
