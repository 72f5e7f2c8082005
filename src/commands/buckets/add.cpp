// add: creates a bucket; never removes anything.
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

using Json = nlohmann::ordered_json;

constexpr std::string_view another =
    "not all of that can be changed: create another bucket and copy the keys with natskv cp";

class Add final : public Action {
  std::string bucket_;
  BucketSettings settings_;
  bool update_ = false;

  void declare(Declaration& a) override {
    a.bucket(bucket_);
    settings_.declare_add(a);
    a.flag("--update", update_, "change the bucket as edit does if it exists");
  }

  void check() override {
    if (settings_.forced() && !update_) throw usage("--force belongs to --update");
    settings_.check(bucket_, update_);
    if (update_ && settings_.like())
      throw usage("--update changes only what is named; --like BUCKET sets everything");
  }

  int run(Invocation& natskv) override {
    BucketSheet sheet(natskv, answer_wanted(natskv));
    Session& session = natskv.session();
    session.connection();
    session.lift_deadline();  // several requests, each bounded by the timeout
    auto info = find_bucket(session, bucket_, Exit::conflict);
    if (info && update_) return update(natskv, sheet, *info);
    Json wanted = new_config(session);
    if (info) {
      accept(wanted, info->at("config"));
      natskv.note(fmt::format("bucket \"{}\" exists already, with this configuration", bucket_));
      sheet.print(*info);
      return 0;
    }
    require_server(session, bucket_, needs(settings_.wishes()));
    check_origins(session, settings_.wishes(), wanted);
    const Json made = create(session, wanted);
    sheet.print(made);
    flush_answer(natskv, fmt::format("bucket \"{}\" was created", bucket_));
    if (const auto failure = settings_not_applied(session, bucket_, wanted, made.at("config")))
      natskv.report(*failure);
    return natskv.status();
  }

  Json new_config(Session& session) const {
    if (!settings_.like()) return bucket_config(bucket_, settings_.wishes());
    Json config = config_as(bucket_, read_bucket(session, *settings_.like()).at("config"));
    BucketChanges wishes = settings_.wishes();
    if (wishes.mirror) config.erase("sources");
    wishes.no_mirror = !wishes.sources.empty();
    apply(wishes, bucket_, config);
    return config;
  }

  // Another client may create it after the check.
  Json create(Session& session, const Json& wanted) const {
    try {
      return create_bucket(session, bucket_, wanted);
    } catch (const Failure& failure) {
      if (failure.exit() != Exit::conflict) throw;
      const auto info = find_bucket(session, bucket_, Exit::conflict);
      if (!info) throw;
      accept(wanted, info->at("config"));
      return *info;
    }
  }

  // An existing bucket is as requested, or a conflict.
  void accept(const Json& wanted, const Json& existing) const {
    auto names = differing(wanted, existing);
    // Whether a mirror has TTLs of keys depends on its origin, not on the user.
    if (settings_.wishes().mirror) std::erase(names, "allow_msg_ttl");
    if (names.empty()) return;
    throw Failure(Exit::conflict,
                  fmt::format("bucket \"{}\" exists with another configuration: {}", bucket_,
                              spelled(names, existing, wanted)),
                  editable(names)
                      ? fmt::format("natskv edit {} changes it; add --update creates or changes", bucket_)
                  : updatable(names) ? fmt::format("natskv add {} --update changes it", bucket_)
                                     : std::string(another),
                  {bucket_});
  }

  int update(Invocation& natskv, BucketSheet& sheet, const Json& info) const {
    const BucketChanges& wishes = settings_.wishes();
    const Json& config = info.at("config");
    Json wanted = config;
    if (wishes.storage) wanted["storage"] = *wishes.storage;
    if (wishes.mirror) wanted["mirror"] = bucket_config(bucket_, wishes).at("mirror");
    if (const auto fixed = differing(wanted, config); !fixed.empty()) {
      throw Failure(Exit::conflict,
                    fmt::format("bucket \"{}\": the server cannot change this: {}", bucket_,
                                spelled(fixed, config, wanted)),
                    std::string(another), {bucket_});
    }
    const auto consent = settings_.forced() ? Consent::forced : Consent::ask;
    const Changed changed = change(natskv, bucket_, wishes, info, consent, true);
    sheet.print(*changed.info);
    flush_answer(natskv, fmt::format("bucket \"{}\" now has these settings", bucket_));
    for (const auto& failure : unexpected_changes(natskv.session(), bucket_, changed)) natskv.report(failure);
    if (const auto retention = config.value("retention", "limits"); retention != "limits")
      natskv.report(
          Failure(Exit::failure,
                  fmt::format("bucket \"{}\": retention is {}, not limits, and the server cannot change that",
                              bucket_, retention),
                  std::string(another), {bucket_}));
    return natskv.status();
  }
};

}  // namespace

const Verb add{
    .name = "add",
    .aliases = {"new"},
    .group = Group::buckets,
    .summary = "Create a bucket",
    .description =
        R"(Creates the bucket and prints what info prints. If it exists with exactly the configuration that this command
would give it, that is success; with any other it is a conflict (status 4), and the message lists what differs.

--update changes an existing bucket instead, as edit does (it asks before stored values are dropped). It also gives
the bucket what early clients left out: it then refuses writes when it is full instead of dropping old values, allows
purges and direct gets, and has the usual duplicate window.

--like starts from the settings of another bucket, or from what natskv info -o json printed into a file (written with
a / or a dot: ./config.json; - is standard input). Other options win. State, stream and what the server adds are not
copied.

Options that the server would silently drop are refused before anything is created. If something still did not take
effect it is named (status 1), and the bucket stays: add never removes anything.

A mirror is a read-only copy; what is written to it goes to its origin. It also answers reads of its origin, so it
should keep as much: give it the origin's --history, and no tighter --ttl or sizes (a warning names what is tighter).
Whether single keys may have a TTL is taken from its origin; if the origin allowed that later, add --update --mirror
takes it over. Sources copy the keys of other buckets into this one, which can be written to as well.

A stream KV_BUCKET that is not a bucket is never touched.)",
    .output = "What info prints.",
    .examples =
        R"(# Keep ten revisions of each key; keys expire 30 days after their last write:
$ natskv add features --history 10 --ttl 30d
bucket	features
...
# Another bucket with the same settings but one:
$ natskv add drafts --like features --history 3
bucket	drafts
...
# In a script: a bucket that exists with other settings is a conflict.
$ natskv add features --history 5 || echo status $?
status 4
)",
    .make = make_action<Add>,
};

}  // namespace natskv::commands
