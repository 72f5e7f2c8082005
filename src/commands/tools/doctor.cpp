// doctor: what works between here and a bucket, and what does not.
#include "app/invocation.hpp"
#include "base/number_of.hpp"
#include "base/parse.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "cli/verb.hpp"
#include "commands/all.hpp"
#include "commands/tools/finding.hpp"
#include "commands/tools/way_to_server.hpp"
#include "kv/admin/account.hpp"
#include "kv/admin/buckets.hpp"
#include "kv/admin/info.hpp"
#include "kv/claims.hpp"
#include "kv/connect.hpp"
#include "kv/read/listing.hpp"
#include "nats/nkey.hpp"
#include "nats/probe.hpp"
#include "views/check.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <functional>

namespace natskv::commands {
namespace {

class Examination {
 public:
  Examination(Invocation& natskv, std::optional<std::string> bucket, std::optional<std::string> key)
      : natskv_(natskv),
        bucket_(std::move(bucket)),
        key_(key ? *key : "natskv-doctor-" + random_hex(8)),
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
    step("settings", [&] { return way_.settings_from(natskv_.session().settings()); });
    step("resolve", [&] { return way_.resolve(); });
    step("tcp", [&] { return way_.tcp(); });
    step("tls", [&] { return way_.tls(); });
    step("authentication", [&] { return authentication(); });
    step("server", [&] { return server(); });
    step("latency", [&] { return latency(); });
    step("jetstream", [&] { return jetstream(); });
  }

  void bucket_steps() {
    step("bucket", [&] { return bucket(); });
    // From here on each step has its own connection, so that a refusal does not affect the next one.
    const bool found = !over_;
    const auto one = [&](std::string_view name, const std::function<std::string()>& ask) {
      over_ = !found || natskv_.stop();
      step(name, ask);
    };
    one("read", [&] { return read(); });
    one("list", [&] { return list(); });
    one("watch", [&] { return watch(); });
    one("write", [&] { return write(); });
    one("configuration", [&] { return configuration_of(*bucket_, config_); });
    one("key ttl", [&] { return key_ttl_of(*bucket_, config_, level_); });
    one("lock", [&] { return lock_of(*bucket_, config_, level_); });
    one("atomic", [&] { return atomic_of(*bucket_, config_, level_); });
  }

  void step(std::string_view name, const std::function<std::string()>& ask) {
    Check check{.check = name, .result = "ok", .detail = {}, .hint = {}};
    const StopReason before = natskv_.stop().why();
    if (before != StopReason::none && before != StopReason::deadline) throw Stopped{};
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
    } catch (const nats::ProbeTimeout& error) {
      failed(check, Failure(Exit::unreachable, error.what(), way_.hint));
    } catch (const nats::ProbeError& error) {
      failed(check, Failure(name == "tls" ? Exit::not_allowed : Exit::unreachable, error.what(), way_.hint));
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

  // Each result is shown at once, because the next step may take its full time-out.
  void say(const Check& check) {
    if (lines_) {
      natskv_.out().write(line_of(check, natskv_.terminal_style()));
    } else {
      rows_(check);
      rows_.settle();
    }
    natskv_.out().flush();
  }

  std::unique_ptr<Session> connected() {
    auto session = std::make_unique<Session>([this] { return way_.settings; }, natskv_.stop(), natskv_);
    session->give_up_connecting();
    session->connection();
    session->lift_deadline();
    return session;
  }

  std::string authentication() {
    session_ = connected();
    std::string as;
    for (const auto& origin : way_.settings.origins) {
      for (const std::string_view way : {"user", "token", "creds", "nkey", "jwt"}) {
        if (origin.name == way && as.empty())
          as = origin.name == "user" ? "user " + origin.value : "by " + origin.name;
      }
    }
    // What the JWT or key says about itself.
    const auto [jwt, seed] = session_->link().credentials();
    const std::string bearer = bearer_of(jwt.reveal());
    if (!bearer.empty()) {
      as += fmt::format(" ({})", bearer);
    } else if (const auto key = nats::public_key(seed.reveal())) {
      as += fmt::format(" ({})", *key);
    }
    if (as.empty()) as = way_.settings.tls_cert.empty() ? "without credentials" : "by the client certificate";
    try {
      const auto asking = connected();
      const auto answer =
          asking->request_json("$SYS.REQ.USER.INFO", std::min(way_.settings.timeout, seconds(1)));
      if (const auto data = answer.find("data"); data != answer.end() && data->is_object()) {
        const auto user = data->value("user", "");
        return fmt::format("{}: {}account {}", as, user.empty() ? "" : fmt::format("user {}, ", user),
                           data->value("account", "(unknown)"));
      }
    } catch (const nats::Error&) {  // nats-server 2.9 does not tell, and a user may not be allowed to ask
    } catch (const Failure&) {      // nor to have two connections
    }
    return as + "; the server does not say which account";
  }

  std::string server() {
    if (!way_.greeting) return session_->connected_url();
    return fmt::format("nats-server {}, name {}{}, at {}", way_.greeting->version, way_.greeting->name,
                       way_.greeting->cluster.empty() ? "" : ", cluster " + way_.greeting->cluster,
                       session_->connected_url());
  }

  std::string latency() {
    const auto time = session_->round_trip();
    session_.reset();  // a user may be allowed one connection
    return fmt::format("{:.2f} ms there and back", static_cast<double>(time.ns) / 1e6);
  }

  std::string jetstream() {
    try {
      return text_of(account_use(*connected()));
    } catch (const NotAllowedToAsk& refused) {
      throw Skipped{refused.why + " (reading and writing keys does not need it)"};
    }
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

  std::string named() const { return random_ ? "a random key" : fmt::format("key \"{}\"", key_); }

  std::string read() {
    const auto session = connected();
    Bucket bucket(*session, *bucket_);
    const auto found = bucket.entry(key_);
    if (!found) return fmt::format("read {}, which does not exist", named());
    return fmt::format("{}: revision {}", named(), found->entry.revision);
  }

  // None: all keys.
  [[nodiscard]] std::vector<Pattern> patterns() const {
    return random_ ? std::vector<Pattern>{} : parse::patterns({key_}, true);
  }

  // With acknowledgements, as commands list that work on what they read. A large bucket is not read to its
  // end.
  std::string list() {
    constexpr std::uint64_t enough = 1000;
    std::uint64_t read = 0, keys = 0;
    try {
      const auto session = connected();
      Listing entries(*session, *bucket_, {.patterns = patterns(), .values = false, .slow = true});
      for (const Entry* entry = nullptr; read < enough && (entry = entries.next()) != nullptr; ++read)
        keys += entry->marker() ? 0 : 1;
    } catch (const Failure& failure) {
      if (!random_ || failure.exit() != Exit::not_allowed) throw;
      throw failure.advising("all keys were asked for; --key asks for one that you may list");
    }
    require_deliveries();
    if (!random_) return fmt::format("listed {}: {} found", named(), keys);
    return read < enough ? "listed " + number_of(keys, "key")
                         : fmt::format("listed the first {}, and no more", number_of(keys, "key"));
  }

  // A listing that finds nothing asks for nothing to be delivered.
  void require_deliveries() {
    if (!undelivered_ && !delivery_) {
      try {
        const auto session = connected();
        delivery_ = try_watching(*session, *bucket_, patterns());
      } catch (const Failure& failure) {
        undelivered_ = failure;
      }
    }
    if (undelivered_) throw Failure(*undelivered_);
  }

  std::string watch() {
    require_deliveries();
    const std::string what = random_ ? "all keys" : named();
    if (!delivery_->ack_limit) return "watched " + what;
    return fmt::format("watched {}; {} messages may wait for acknowledgement (max ack pending)", what,
                       *delivery_->ack_limit);
  }

  std::string write() {
    const auto session = connected();
    Bucket(*session, *bucket_).ask_write(key_);
    return fmt::format("{} may be written; checked without writing, for this key only", named());
  }

  Invocation& natskv_;
  std::optional<std::string> bucket_;
  std::string key_;
  bool random_;
  bool lines_;
  Rows<Check> rows_;
  WayToServer way_;
  std::unique_ptr<Session> session_;
  nlohmann::ordered_json config_;
  int level_ = 0;
  std::optional<Delivered> delivery_;
  std::optional<Failure> undelivered_;
  bool over_ = false;
  int status_ = 0;
};

class Doctor final : public Action {
  std::optional<std::string> bucket_, key_;

  void declare(Declaration& a) override {
    a.take({"BUCKET", Kind::bucket, "check this bucket, too"}, bucket_);
    a.take({"--key", Kind::key, "use this key instead of a random one"}, key_);
  }
  void check() override {
    if (key_ && !bucket_) throw usage("--key belongs to a BUCKET");
  }
  int run(Invocation& natskv) override { return Examination(natskv, bucket_, key_).run(); }
};

}  // namespace

const Verb doctor{
    .name = "doctor",
    .group = Group::tools,
    .summary = "Check step by step what works and what does not",
    .description =
        R"(Checks, one after the other: the settings and where each value came from, name resolution, TCP, TLS with the
certificate's names and remaining days, authentication, the server, the round trip, JetStream and the account's limits.
With BUCKET also whether it can be read, listed, watched and written, what is unusual in its configuration (warning),
and whether a TTL of single keys, locks and atomic batches work there, or what would make them work (off). All keys are
listed (up to a thousand of them are read) and watched; with --key only that one. Each step is a line: the result, what was found, and a hint. The exit status is that of the first failure.

Nothing is written: the server gets a publish that it must refuse, because it expects another stream. That only proves
the permission for one key, a random one or --key; it may differ for others.)",
    .output =
        R"(The columns check, result (ok, failed, skipped, warning, off), detail and hint; in JSON an array of objects with
these.)",
    .examples =
        R"(# What works, and what to do about the rest:
$ natskv doctor
settings	ok	...
...
# A bucket too; whether it may be written is asked without writing:
$ natskv doctor config -j | jq -r '.[] | select(.check == "write").result'
ok
)",
    .make = make_action<Doctor>,
};

}  // namespace natskv::commands
