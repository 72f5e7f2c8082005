// doctor: what works between here and a bucket, and what does not.
#include "app/natskv.hpp"
#include "base/number_of.hpp"
#include "base/parse.hpp"
#include "base/text.hpp"
#include "cli/verb.hpp"
#include "commands/all.hpp"
#include "kv/admin/account.hpp"
#include "kv/admin/buckets.hpp"
#include "kv/admin/config.hpp"
#include "kv/admin/info.hpp"
#include "kv/claims.hpp"
#include "kv/connect.hpp"
#include "kv/explain.hpp"
#include "kv/read/listing.hpp"
#include "nats/look.hpp"
#include "nats/nkey.hpp"
#include "output/ansi.hpp"
#include "views/check.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <functional>
#include <random>

namespace natskv::commands {
namespace {

constexpr std::size_t least_room = 10;  // for a detail; on a narrower terminal lines are left to it

/// A step that has nothing to do here: no failure, and the next ones go on.
struct Skipped {
  std::string why;
};

/// It works, but whoever uses it should know.
struct Warned {
  std::string what, hint;
};

/// Not enabled here.
struct Off {
  std::string what, hint;
};

std::string random_key() {
  std::random_device random;
  return fmt::format("natskv-doctor-{:08x}{:08x}", random(), random());
}

class Examination {
 public:
  Examination(Natskv& natskv, std::optional<std::string> bucket, std::optional<std::string> key)
      : natskv_(natskv),
        bucket_(std::move(bucket)),
        key_(key ? *key : random_key()),
        random_(!key),
        lines_(natskv.format(Style::list()) == Format::table),
        rows_(natskv.rows(fields::check(), Style::list())) {}

  int run() {
    connection_steps();
    if (bucket_) bucket_steps();
    if (!lines_) rows_.finish();
    return status_;
  }

 private:
  void connection_steps() {
    step("settings", [&] { return settings(); });
    step("resolve", [&] { return resolve(); });
    step("tcp", [&] { return tcp(); });
    step("tls", [&] { return tls(); });
    step("authentication", [&] { return authentication(); });
    step("server", [&] { return server(); });
    step("latency", [&] { return latency(); });
    step("jetstream", [&] { return jetstream(); });
  }

  void bucket_steps() {
    step("bucket", [&] { return bucket(); });
    // From here on each is asked on a connection of its own: a refusal of one says nothing about the next.
    const bool found = !over_;
    const auto one = [&](std::string_view name, const std::function<std::string()>& ask) {
      over_ = !found || natskv_.stop();
      step(name, ask);
    };
    one("read", [&] { return read(); });
    one("list", [&] { return list(); });
    one("watch", [&] { return watch(); });
    one("write", [&] { return write(); });
    one("configuration", [&] { return configuration(); });
    one("key ttl", [&] { return key_ttl(); });
    one("lock", [&] { return lock(); });
    one("atomic", [&] { return atomic(); });
  }

  void step(std::string_view name, const std::function<std::string()>& ask) {
    Check check{.check = name, .result = "ok", .detail = {}, .hint = {}};
    const Why before = natskv_.stop().why();
    if (before != Why::none && before != Why::deadline) throw Stopped{};
    if (over_) {
      check.result = "skipped";
      return say(check);
    }
    try {
      check.detail = ask();
    } catch (const Skipped& skipped) {
      check.result = "skipped";
      check.detail = skipped.why;
    } catch (const Warned& warned) {
      check.result = "warning";
      check.detail = warned.what;
      check.hint = warned.hint;
    } catch (const Off& off) {
      check.result = "off";
      check.detail = off.what;
      check.hint = off.hint;
    } catch (const Failure& failure) {
      failed(check, failure);
    } catch (const nats::LookTimeout& error) {
      failed(check, Failure(Exit::unreachable, error.what(), hint_));
    } catch (const nats::LookError& error) {
      failed(check, Failure(name == "tls" ? Exit::not_allowed : Exit::unreachable, error.what(), hint_));
    }
    say(check);
  }

  void failed(Check& check, const Failure& failure) {
    check.result = "failed";
    check.detail = failure.what();
    check.hint = failure.hint();
    if (status_ == 0) status_ = static_cast<int>(failure.exit());
    over_ = true;
  }

  // Each at once: the next step may take its whole time.
  void say(const Check& check) {
    if (lines_) {
      const std::string place = fmt::format("{:<8} {:<15}", check.result, check.check);
      const bool color = natskv_.looks().color;
      const std::size_t indent = place.size() + 1;
      const auto width = static_cast<std::size_t>(natskv_.looks().width);
      const std::size_t room = width == 0 ? 0 : std::max(width, indent + least_room) - indent;
      std::string text = check.detail.empty()
                             ? place.substr(0, place.find_last_not_of(' ') + 1)
                             : place + " " + text::wrapped(text::visible(check.detail), room, indent);
      if (!check.hint.empty()) {
        const auto hint = text::wrapped("hint: " + text::visible(check.hint), room, indent);
        constexpr std::size_t label = 5;
        text += fmt::format("\n{:{}}{}{}", "", indent, ansi::painted("hint:", ansi::cyan, color),
                            hint.substr(label));
      }
      const auto look = check.result == "skipped" ? Look::faint : Look::operation;
      text.replace(0, check.result.size(),
                   ansi::painted(check.result, ansi::start(look, check.result), color));
      natskv_.out().write(text + "\n");
    } else {
      rows_(check);
      rows_.settle();
    }
    natskv_.out().flush();
  }

  std::string settings() {
    settings_ = natskv_.session().settings();
    settings_.warnings.clear();  // said once
    std::string text;
    for (const auto& origin : settings_.origins)
      text += fmt::format("{}{} {} ({})", text.empty() ? "" : "; ", origin.name, origin.value, origin.from);
    return text;
  }

  // Of several servers the first that answers serves: a dead one is told, not a failure.
  std::string each_server(const std::function<std::string(nats::Look&)>& ask) {
    std::string text;
    std::string trouble;
    bool any = false;
    for (const auto& url : settings_.servers) {
      nats::Look look(url, Span{settings_.timeout.ns / static_cast<std::int64_t>(settings_.servers.size())});
      try {
        const std::string found = ask(look);
        if (!any) look_at_ = url;
        any = true;
        text += fmt::format("{}{}", text.empty() ? "" : "; ", found);
      } catch (const nats::LookError& error) {
        trouble = fmt::format("{}: {}", config::shown({url}), error.what());
        text += fmt::format("{}{}", text.empty() ? "" : "; ", trouble);
      }
    }
    if (!any) throw nats::LookError(text);
    return text;
  }

  std::string resolve() {
    hint_ = "check the name in --server, NATS_URL or the context";
    return each_server(
        [](nats::Look& look) { return fmt::format("{}: {}", look.host(), fmt::join(look.resolve(), ", ")); });
  }

  std::string tcp() {
    hint_ = "is a server running there (natskv sandbox starts one), and does a firewall let this port pass?";
    return each_server([](nats::Look& look) { return look.connect(); });
  }

  std::string tls() {
    hint_ = "is it a NATS server, and does it want TLS first (--tlsfirst)?";
    nats::Look look(look_at_, settings_.timeout);
    if (!settings_.tls_first) {
      greeting_ = look.greeting();
      if (!greeting_->tls_required && !greeting_->tls_available) {
        if (!settings_.tls_required) throw Skipped{"the server offers none, none was asked for"};
        throw Failure(Exit::not_allowed, "the server does not offer TLS, which was asked for",
                      "without a tls:// URL, --tlsca and --tlscert it is not asked for");
      }
      if (!greeting_->tls_required && !settings_.tls_required) throw Skipped{"offered, not asked for"};
    }
    const auto certificate = handshake(look);
    if (settings_.tls_first) greeting_ = look.greeting();
    std::string names =
        fmt::format("{}; certificate for {}, from {}, {}", certificate.protocol,
                    fmt::join(certificate.names, ", "), certificate.issuer,
                    certificate.days_left < 0 ? fmt::format("expired {} days ago", -certificate.days_left)
                                              : fmt::format("{} days left", certificate.days_left));
    if (!certificate.problem.empty())
      throw Failure(
          Exit::not_allowed, fmt::format("{}: {}", certificate.problem, names),
          settings_.tls_ca.empty()
              ? "name the certificate authority with --tlsca"
              : "the server needs a certificate that is valid now, for the name it is called by, and "
                "from the authority of --tlsca");
    return names;
  }

  nats::Certificate handshake(nats::Look& look) const {
    try {
      return look.handshake(settings_.tls_ca);
    } catch (const nats::NoAuthorities&) {
      throw no_authorities(settings_);
    }
  }

  std::unique_ptr<Session> connected() {
    auto session = std::make_unique<Session>([this] { return settings_; }, natskv_.stop(), natskv_);
    session->give_up_connecting();
    session->connection();
    session->lift_deadline();
    return session;
  }

  std::string authentication() {
    session_ = connected();
    std::string as;
    for (const auto& origin : settings_.origins) {
      for (const std::string_view way : {"user", "token", "creds", "nkey", "jwt"}) {
        if (origin.name == way && as.empty())
          as = origin.name == "user" ? "user " + origin.value : "by " + origin.name;
      }
    }
    // Of what was signed with, what it says of itself.
    const auto [jwt, seed] = session_->link().credentials();
    const std::string bearer = bearer_of(jwt.reveal());
    if (!bearer.empty()) {
      as += fmt::format(" ({})", bearer);
    } else if (const auto key = nats::public_key(seed.reveal())) {
      as += fmt::format(" ({})", *key);
    }
    if (as.empty()) as = settings_.tls_cert.empty() ? "without credentials" : "by the client certificate";
    try {
      const auto asking = connected();
      const auto answer = asking->request_json("$SYS.REQ.USER.INFO", std::min(settings_.timeout, seconds(1)));
      if (const auto data = answer.find("data"); data != answer.end() && data->is_object()) {
        const auto user = data->value("user", "");
        return fmt::format("{}: {}account {}", as, user.empty() ? "" : fmt::format("user {}, ", user),
                           data->value("account", "(unknown)"));
      }
    } catch (const nats::Error&) {  // nats-server 2.9 does not tell, and a user may not be allowed to ask
    }
    return as + "; the server does not tell the account";
  }

  std::string server() {
    if (!greeting_) return session_->connected_url();
    return fmt::format("nats-server {}, name {}{}, at {}", greeting_->version, greeting_->name,
                       greeting_->cluster.empty() ? "" : ", cluster " + greeting_->cluster,
                       session_->connected_url());
  }

  std::string latency() {
    const auto time = session_->round_trip();
    return fmt::format("{:.2f} ms there and back", static_cast<double>(time.ns) / 1e6);
  }

  std::string jetstream() {
    try {
      return text_of(account_use(*connected()));
    } catch (const NotAllowedToAsk& refused) {
      throw Skipped{refused.why + " (reading and writing keys does not need it)"};
    }
  }

  static std::string text_of(const AccountUse& use) {
    std::string text = number_of(use.streams, "stream");
    if (use.max_streams >= 0) text += fmt::format(" of {}", use.max_streams);
    const auto add = [&text](Size used, Size most, std::string_view of) {
      if (used.bytes == 0 && most.bytes < 0) return;
      text += fmt::format(", {} {}", text::human_size(used.bytes), of);
      if (most.bytes >= 0) text += " of " + text::human_size(most.bytes);
    };
    add(use.storage, use.max_storage, "storage");
    add(use.memory, use.max_memory, "memory");
    return use.domain.empty() ? text : text + ", domain " + use.domain;
  }

  std::string bucket() {
    const auto session = connected();
    Bucket bucket(*session, *bucket_);
    config_ = bucket.info().at("config");
    level_ = bucket.on_old_server() ? 0 : api_level(*session, *bucket_);
    const auto info = bucket_info(bucket.info());
    return fmt::format("{}, {}, last revision {}{}", number_of(info.values, "value"),
                       text::human_size(info.bytes.bytes), info.last_revision,
                       bucket.place().mirror ? ", a mirror" : "");
  }

  std::string configuration() const {
    const auto odd = oddities(*bucket_, config_);
    if (odd.empty()) return "as natskv add makes it";
    Warned all{{}, {}};
    for (const auto& one : odd) {
      all.what += (all.what.empty() ? "" : "; ") + one.what;
      if (all.hint.find(one.hint) == std::string::npos) all.hint += (all.hint.empty() ? "" : "; ") + one.hint;
    }
    throw Warned(all);
  }

  [[nodiscard]] bool ttl_of_keys() const { return config_.value("allow_msg_ttl", false); }
  [[nodiscard]] bool mirrors() const { return config_.contains("mirror") && !config_.at("mirror").is_null(); }

  std::string key_ttl() const {
    if (ttl_of_keys()) {
      const Span markers{config_.value("subject_delete_marker_ttl", std::int64_t{0})};
      return "single keys may have a TTL" +
             (markers.ns > 0 ? fmt::format("; expired ones leave a marker for {}", text::human_span(markers))
                             : "; expired ones leave no marker, so watchers are not told");
    }
    throw Off{
        "single keys can't have a TTL (--ttl of create, put, update, touch)",
        level_ >= 1 ? fmt::format("natskv edit {} --marker-ttl 1m", *bucket_) : "it needs nats-server 2.11"};
  }

  std::string lock() const {
    const Span ttl{config_.value("max_age", std::int64_t{0})};
    const bool lease = ttl >= seconds(2) && ttl <= seconds(3600);
    if (mirrors()) throw Off{"a mirror keeps keys that have expired", "lock in its origin"};
    if (ttl_of_keys() && (ttl.ns == 0 || ttl >= seconds(2))) return "keys can be leases by their own TTL";
    if (lease && config_.value("max_msgs_per_subject", std::int64_t{1}) >= 1)
      return fmt::format("keys can be leases by the bucket's TTL of {}", text::human_span(ttl));
    throw Off{"a lease needs a TTL of single keys, or a bucket's of 2s to 1h",
              level_ >= 1 ? fmt::format("natskv edit {} --marker-ttl 1m", *bucket_)
                          : "natskv add locks --ttl 30s makes a bucket for it"};
  }

  std::string atomic() const {
    if (config_.value("allow_atomic", false)) return "batches are stored whole or not at all";
    throw Off{"it takes no atomic batches (import --atomic)",
              mirrors()     ? "its origin may"
              : level_ >= 2 ? fmt::format("natskv edit {} --atomic", *bucket_)
                            : "it needs nats-server 2.12"};
  }

  std::string named() const { return random_ ? "a random key" : fmt::format("key \"{}\"", key_); }

  std::string read() {
    const auto session = connected();
    Bucket bucket(*session, *bucket_);
    const auto found = bucket.entry(key_);
    if (!found) return fmt::format("asked for {}, which is not there", named());
    return fmt::format("{}: revision {}", named(), found->entry.revision);
  }

  std::string list() {
    const auto session = connected();
    Listing entries(*session, *bucket_, {.patterns = parse::patterns({key_}, true), .values = false});
    std::uint64_t count = 0;
    while (entries.next() != nullptr) ++count;
    require_deliveries();
    return fmt::format("listed {}: {} found", named(), count);
  }

  // A listing of one absent key asks for nothing to be delivered.
  void require_deliveries() {
    if (!undelivered_ && !delivery_) {
      try {
        const auto session = connected();
        delivery_ = try_watching(*session, *bucket_, parse::patterns({key_}, true));
      } catch (const Failure& failure) {
        undelivered_ = failure;
      }
    }
    if (undelivered_) throw Failure(*undelivered_);
  }

  std::string watch() {
    require_deliveries();
    if (!delivery_->ack_limit) return fmt::format("watched {}", named());
    return fmt::format("watched {}; {} messages may wait for acknowledgement (max ack pending)", named(),
                       *delivery_->ack_limit);
  }

  std::string write() {
    const auto session = connected();
    Bucket(*session, *bucket_).ask_write(key_);
    return fmt::format("{} may be written; asked without writing, it proves this subject only", named());
  }

  Natskv& natskv_;
  std::optional<std::string> bucket_;
  std::string key_;
  bool random_;
  bool lines_;
  Rows<Check> rows_;
  config::Settings settings_;
  std::unique_ptr<Session> session_;
  std::optional<nats::Greeting> greeting_;
  nlohmann::ordered_json config_;
  int level_ = 0;
  std::optional<Delivered> delivery_;
  std::optional<Failure> undelivered_;
  std::string look_at_, hint_;
  bool over_ = false;
  int status_ = 0;
};

class Doctor final : public Action {
  std::optional<std::string> bucket_, key_;

  void declare(Arguments& a) override {
    a.take({.name = "BUCKET", .kind = Kind::bucket, .help = "look at this bucket too"}, bucket_);
    a.take({.name = "--key", .kind = Kind::key, .help = "ask for this key, not for a random one"}, key_);
  }
  void check() override {
    if (key_ && !bucket_) throw usage("--key belongs to a BUCKET");
  }
  int run(Natskv& natskv) override { return Examination(natskv, bucket_, key_).run(); }
};

}  // namespace

const Verb doctor{
    .name = "doctor",
    .aliases = {},
    .group = Group::tools,
    .summary = "Check step by step what works and what does not",
    .description =
        "Settings and where each value came from, name resolution, TCP, TLS with the certificate's names and "
        "days left, "
        "authentication, the server, the round trip, JetStream and the account's limits; with BUCKET also "
        "whether it can "
        "be read, listed, watched and written, what in its configuration is unusual (warning), and whether a TTL of "
        "single keys, locks and atomic batches work there or what would make them work (off). Each step is a line: ok, "
        "failed or skipped, what was found, and a hint. "
        "The exit status is that of the first failure.\n\nNothing is written: the server is asked with a "
        "publish that it "
        "must refuse, because it expects another stream. That proves the subject of one key only, a random "
        "one or --key; "
        "permissions may differ for others.",
    .output =
        "The columns check, result (ok, failed, skipped, warning, off), detail and hint, in JSON an array of objects with "
        "these.",
    .examples =
        "$ natskv doctor -o tsv | cut -f1,2 | head -3\nsettings\tok\nresolve\tok\ntcp\tok\n"
        "# With a bucket, as JSON:\n"
        "$ natskv doctor config -j | jq -r '.[] | select(.check == \"write\") | .result'\nok\n",
    .make = make_action<Doctor>,
};

}  // namespace natskv::commands
