#include "commands/buckets/bucket_settings.hpp"

#include "base/parse.hpp"
#include "commands/buckets/like.hpp"
#include "kv/admin/buckets.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>
#include <set>

namespace natskv::commands {
namespace {

using Json = nlohmann::ordered_json;

// A subject to publish to: no empty token, no space.
void check_subject(const std::optional<std::string>& subject, std::string_view option) {
  if (!subject) return;
  const bool empty_token = subject->empty() || subject->front() == '.' || subject->back() == '.' ||
                           subject->find("..") != std::string::npos;
  const bool unprintable =
      std::any_of(subject->begin(), subject->end(), [](char c) { return c > -1 && c <= ' '; });
  if (empty_token || unprintable)
    throw usage(fmt::format("{}: {} is not a subject", option, parse::quoted(*subject)));
}

void once_each(const std::vector<std::string>& names, std::string_view option) {
  std::set<std::string_view> seen;
  for (const auto& name : names) {
    if (!seen.insert(name).second)
      throw usage(fmt::format("{}: {} is given twice", option, parse::quoted(name)));
  }
}

}  // namespace

void BucketSettings::declare(Declaration& a) {
  a.flag("-f,--force", force_, "do not ask, even if stored values are dropped");
  a.take({"--description", Kind::text, "what the bucket is for"}, wishes_.description);
  a.take({.name = "--history",
          .kind = Kind::count,
          .help = "how many revisions of each key to keep, 1 to 64 (1)",
          .least = 1,
          .most = 64},
         wishes_.history);
  a.take({"--ttl", Kind::duration, "how long values live (0: forever)"}, wishes_.ttl);
  a.take({"--marker-ttl", Kind::duration,
          "allow a TTL for single keys; how long markers of expired keys live, at least 1s "
          "(server 2.11)"},
         wishes_.marker_ttl);
  a.take({.name = "--replicas",
          .kind = Kind::count,
          .help = "number of replicas in a cluster, 1 to 5 (1)",
          .least = 1,
          .most = 5},
         wishes_.replicas);
  a.take({"--max-value-size", Kind::size, "largest value (-1: unlimited)"}, wishes_.max_value_size);
  a.take({"--max-bucket-size", Kind::size, "largest bucket (-1: unlimited)"}, wishes_.max_bucket_size);
  a.flag("--compress", compress_, "compress on disk (server 2.10)");
  a.flag("--atomic", atomic_, "allow atomic batches: stored whole or not at all (server 2.12)");
  a.take({.name = "--tags",
          .kind = Kind::text,
          .help = "place on servers with this tag; repeated for more",
          .many = true,
          .placeholder = "TAG"},
         tags_);
  a.take({.name = "--cluster", .kind = Kind::text, .help = "place in this cluster", .placeholder = "NAME"},
         wishes_.cluster);
  a.take({.name = "--metadata",
          .kind = Kind::text,
          .help = "a key and its value; repeated for more (server 2.10)",
          .many = true,
          .placeholder = "KEY=VALUE"},
         metadata_);
  a.take({.name = "--republish-source",
          .kind = Kind::text,
          .help = "republish these subjects of the bucket (all)",
          .placeholder = "SUBJECT"},
         wishes_.republish_source);
  a.take({.name = "--republish-destination",
          .kind = Kind::text,
          .help = "publish each write to this subject too",
          .placeholder = "SUBJECT"},
         wishes_.republish_destination);
  a.flag("--republish-headers", wishes_.republish_headers, "republish without values");
  a.take({.name = "--source",
          .kind = Kind::bucket,
          .help = "copy another bucket's keys into this one; repeated for more (server 2.10)",
          .many = true},
         wishes_.sources);
}

void BucketSettings::declare_add(Declaration& a) {
  const Argument storage{.name = "--storage",
                         .kind = Kind::choice,
                         .help = "where values are stored (file)",
                         .choices = {"file", "memory"}};
  a.add(storage, [this, storage](const std::string& word) {
    wishes_.storage = word == "f" ? "file" : word == "m" ? "memory" : word;  // as nats kv takes it
    natskv::check(storage, *wishes_.storage);
  });
  declare(a);
  a.flag("--no-compress", no_compress_, "do not compress (the default)");
  a.excludes("--compress", "--no-compress");
  a.take({"--mirror", Kind::bucket, "read-only copy of this bucket"}, wishes_.mirror);
  a.take({.name = "--mirror-domain",
          .kind = Kind::text,
          .help = "the JetStream domain of the mirrored bucket",
          .placeholder = "NAME"},
         wishes_.mirror_domain);
  a.excludes("--mirror", "--source");
  a.take({"--like", Kind::bucket_or_file,
          "start from this bucket's settings, or from what info -j printed into a file (./FILE, -)"},
         like_);
}

void BucketSettings::declare_edit(Declaration& a) {
  editing_ = true;
  declare(a);
  a.flag("--no-compress", no_compress_, "turn compression off");
  a.flag("--no-atomic", no_atomic_, "no longer allow atomic batches");
  a.flag("--no-mirror", wishes_.no_mirror, "stop mirroring and become an ordinary bucket (server 2.12)");
  a.flag("--no-metadata", wishes_.no_metadata, "remove all metadata (before --metadata is set)");
  a.flag("--no-republish", wishes_.no_republish, "stop republishing (before --republish-destination is set)");
  a.take({.name = "--no-source",
          .kind = Kind::bucket,
          .help = "stop copying this bucket's keys; repeated for more",
          .many = true},
         wishes_.no_sources);
  // Known, to give the reason why they are refused.
  a.take({.name = "--storage", .kind = Kind::text, .help = "can't be changed", .hidden = true},
         wishes_.storage);
  a.take({.name = "--mirror", .kind = Kind::text, .help = "can't be changed", .hidden = true},
         wishes_.mirror);
  a.take({.name = "--mirror-domain", .kind = Kind::text, .help = "can't be changed", .hidden = true},
         wishes_.mirror_domain);
  a.excludes("--compress", "--no-compress");
  a.excludes("--atomic", "--no-atomic");
}

void BucketSettings::check_numbers() const {
  constexpr std::int64_t largest_value = std::numeric_limits<std::int32_t>::max();
  if (wishes_.max_value_size && wishes_.max_value_size->bytes > largest_value) {
    throw usage(fmt::format("--max-value-size: at most {} bytes", largest_value));
  }
  if (wishes_.ttl && wishes_.ttl->ns != 0 && *wishes_.ttl < milliseconds(100)) {
    throw usage("--ttl: at least 100ms, or 0 for forever");
  }
  if (wishes_.marker_ttl && wishes_.marker_ttl->ns != 0 && *wishes_.marker_ttl < seconds(1)) {
    throw usage("--marker-ttl: at least 1s, or 0 for no markers");
  }
}

void BucketSettings::check_origins(const std::string& bucket) const {
  if (wishes_.mirror_domain && !wishes_.mirror) throw usage("--mirror-domain needs --mirror");
  if (wishes_.mirror == bucket && !wishes_.mirror_domain)
    throw usage("--mirror: a bucket cannot mirror itself");
  if (wishes_.mirror_domain &&
      (wishes_.mirror_domain->empty() || wishes_.mirror_domain->find_first_of(" .*>") != std::string::npos)) {
    throw usage(
        fmt::format("--mirror-domain: {} is not a domain name", parse::quoted(*wishes_.mirror_domain)));
  }
  if (wishes_.mirror && wishes_.marker_ttl)
    throw usage("--marker-ttl: a mirror gets the markers of its origin");
  once_each(wishes_.sources, "--source");
  once_each(wishes_.no_sources, "--no-source");
  for (const auto& name : wishes_.sources) {
    if (name == bucket) throw usage("--source: a bucket cannot be its own source");
    if (std::find(wishes_.no_sources.begin(), wishes_.no_sources.end(), name) != wishes_.no_sources.end()) {
      throw usage(fmt::format("--source and --no-source both name {}", parse::quoted(name)));
    }
  }
}

void BucketSettings::read_metadata() {
  for (const auto& word : metadata_) {
    const auto end = word.find_first_of("=:");
    if (end == std::string::npos || end == 0) {
      throw usage(fmt::format("--metadata: {} is not KEY=VALUE or KEY:VALUE", parse::quoted(word)));
    }
    const std::string key = word.substr(0, end);
    if (key.starts_with("_nats."))
      throw usage(fmt::format("--metadata: {} is reserved for the server", parse::quoted(key)));
    for (const auto& [other, value] : wishes_.metadata) {
      if (other == key) throw usage(fmt::format("--metadata: {} is given twice", parse::quoted(key)));
    }
    wishes_.metadata.emplace_back(key, word.substr(end + 1));
  }
}

void BucketSettings::check_placement(bool may_remove) {
  if (!tags_.empty()) {
    wishes_.tags = tags_;
    std::erase(*wishes_.tags, "");
    if (!wishes_.tags->empty() && wishes_.tags->size() != tags_.size())
      throw usage("--tags: \"\" removes all tags, so it cannot be combined with others");
  }
  if (may_remove) return;
  if (wishes_.tags && wishes_.tags->empty()) throw usage("--tags: \"\" is not a tag (an unset variable?)");
  if (wishes_.cluster && wishes_.cluster->empty())
    throw usage("--cluster: \"\" is not the name of a cluster (an unset variable?)");
}

// The stream's name means the bucket, as for `nats`.
void BucketSettings::name_buckets() {
  if (wishes_.mirror) wishes_.mirror = bucket_of(*wishes_.mirror);
  for (auto* names : {&wishes_.sources, &wishes_.no_sources}) {
    for (auto& name : *names) name = bucket_of(name);
  }
}

void BucketSettings::start_from_file() {
  if (!like_) return;
  if (!names_a_file(*like_)) {
    (void)parse::bucket(*like_, "--like");
    return;
  }
  wishes_ = merged(wishes_in(*like_), wishes_);
  like_.reset();
}

void BucketSettings::check(const std::string& bucket, bool may_remove) {
  name_buckets();
  if (editing_ && wishes_.storage) {
    throw usage("--storage: the server cannot change a bucket's storage",
                "create a bucket with the other storage and copy the keys");
  }
  if (editing_ && (wishes_.mirror || wishes_.mirror_domain)) {
    throw usage("--mirror: the server cannot make a bucket a mirror or change its origin",
                "create a new bucket with add --mirror");
  }
  if (compress_ || no_compress_) wishes_.compress = compress_;
  if (atomic_ || no_atomic_) wishes_.atomic = atomic_;
  check_placement(may_remove);
  check_numbers();
  check_origins(bucket);
  check_subject(wishes_.republish_source, "--republish-source");
  check_subject(wishes_.republish_destination, "--republish-destination");
  read_metadata();
  start_from_file();
  if (editing_ && wishes_ == BucketChanges{})
    throw usage("edit names nothing to change", "natskv edit --help shows what can be changed");
  // A new bucket has no destination to which the other options could apply.
  if (!editing_) static_cast<void>(bucket_config(bucket, wishes_));
}

BucketSheet::BucketSheet(Invocation& natskv, bool wanted)
    : rows_(natskv.rows(fields::bucket(natskv.format(Style::object(true)) == Format::table),
                        Style::object(true))),
      wanted_(wanted) {}

void BucketSheet::print(const Json& info) {
  if (!wanted_) return;
  rows_(BucketRecord(bucket_info(info)));
  rows_.finish();
}

}  // namespace natskv::commands
