// edit: changes only those settings of a bucket that are named.
#include "app/invocation.hpp"
#include "cli/verb.hpp"
#include "commands/all.hpp"
#include "commands/buckets/bucket_settings.hpp"
#include "commands/shared/answer.hpp"
#include "kv/admin/buckets.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace natskv::commands {
namespace {

class Edit final : public Action {
  std::string bucket_;
  std::vector<std::string> more_;
  BucketSettings settings_;
  bool dry_run_ = false;

  void declare(Declaration& a) override {
    a.bucket(bucket_);
    a.take({.name = "MORE", .kind = Kind::text, .help = "", .many = true, .hidden = true}, more_);
    settings_.declare_edit(a);
    a.flag("--dry-run", dry_run_, "only print what would change");
  }

  void check() override {
    if (!more_.empty()) {
      throw usage("edit changes the settings of one bucket", "natskv edit-value BUCKET KEY edits a value");
    }
    settings_.check(bucket_, true);
  }

  int run(Invocation& natskv) override {
    // Rows for people and TSV, one object in JSON: decided before connecting.
    const Format format = natskv.format(Style::list());
    const bool object = format == Format::json || format == Format::jsonl;
    Session& session = natskv.session();
    session.connection();
    session.lift_deadline();  // several requests, each bounded by the timeout
    const auto info = read_bucket(session, bucket_);
    const Changed changed = change(natskv, bucket_, settings_.wishes(), info, consent());
    const auto& after = changed.info ? changed.info->at("config") : *changed.after;
    const auto rows = changes(differing(*changed.before, after), *changed.before, after);
    if (object)
      print(natskv, rows);
    else if (dry_run_ || answer_wanted(natskv))
      list(natskv, rows);
    if (!dry_run_ && !changed.fields.empty())
      flush_answer(natskv, fmt::format("bucket \"{}\" was changed", bucket_));
    if (changed.fields.empty())
      natskv.note(fmt::format("nothing to change: bucket \"{}\" already has these settings", bucket_));
    else if (dry_run_)
      natskv.note("dry run: nothing was changed");
    for (const auto& failure : unexpected_changes(session, bucket_, changed)) natskv.report(failure);
    if (settings_.wishes().no_mirror && !changed.fields.empty()) warn_of_mirror(natskv, *changed.before);
    return natskv.status();
  }

  [[nodiscard]] Consent consent() const {
    if (dry_run_) return Consent::dry_run;
    return settings_.forced() ? Consent::forced : Consent::ask;
  }

  void print(Invocation& natskv, const std::vector<Change>& rows) const {
    auto out = natskv.rows(fields::edited(), Style::object());
    out(edited(bucket_, rows));
    out.finish();
  }

  static void list(Invocation& natskv, const std::vector<Change>& rows) {
    auto out = natskv.rows(fields::changes(), Style::list());
    for (const auto& change : rows) out(change);
    out.finish();
  }

  void warn_of_mirror(Invocation& natskv, const nlohmann::ordered_json& before) const {
    const auto mirror = before.find("mirror");
    if (mirror == before.end() || !mirror->is_object()) return;
    const std::string origin = bucket_of(mirror->value("name", ""));
    natskv.warn(fmt::format("what was copied stays stored under $KV.{}.>, but is not a key of \"{}\"", origin,
                            bucket_));
  }
};

}  // namespace

const Verb edit{
    .name = "edit",
    .group = Group::buckets,
    .summary = "Change a bucket's settings",
    .description =
        R"(Reads the bucket's whole configuration, changes only what is named, sends it back and prints what changed, old
and new. Settings that natskv does not know stay as they are. The configuration is read again right before the update:
if it was changed meanwhile, nothing is done (status 4).

A change that makes the server drop what it stores (fewer revisions, a new or shorter TTL, a largest bucket size below
what is stored, --no-mirror) asks on a terminal and says how much would be dropped, an upper bound where only the
server can know; elsewhere it is refused (status 2) without --force. --dry-run says the same and changes nothing.

--metadata and --source add to what is there; --tags and --cluster replace it. --description "", --tags "" and
--cluster "" remove, --ttl 0 and --marker-ttl 0 switch off, and -1 lifts a size limit. Once a server has allowed a TTL
for single keys, it does not disallow it again. Storage and the origin of a mirror cannot be changed.)",
    .output =
        R"(A line for each change: field, old, new. JSON: an object with bucket and changes, each with field, old and new
(absent where there is none).)",
    .examples =
        R"(# Keep ten revisions of each key instead of five:
$ natskv edit config --history 10
history	5	10
# See what another change would do, without doing it:
$ natskv edit config --ttl 30d --description settings --dry-run
ttl_seconds		2592000
description		settings
)",
    .make = make_action<Edit>,
};

}  // namespace natskv::commands
