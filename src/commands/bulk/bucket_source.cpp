#include "commands/bulk/bucket_source.hpp"

#include "kv/explain.hpp"

#include <utility>

namespace natskv::commands {

BucketSource::BucketSource(Session& session, std::string bucket, Options options)
    : session_(session), bucket_(std::move(bucket)), options_(std::move(options)) {}

Entries& BucketSource::entries() {
  if (entries_) return *entries_;
  number_ = 0;
  missing_.clear();
  for (const auto& pattern : options_.patterns) {
    if (!pattern.wild && options_.required) missing_.push_back(pattern.text);
  }
  entries_ = std::make_unique<Entries>(session_, bucket_,
                                       ReadOptions{.patterns = options_.patterns,
                                                   .history = options_.history,
                                                   .values = options_.values,
                                                   .slow = true},
                                       options_.past);
  if (options_.idle) entries_->on_idle(options_.idle);
  clock_.emplace(entries_->server_time());
  return *entries_;
}

Instant BucketSource::now() {
  (void)entries();
  return clock_->now();
}

const Item* BucketSource::next() {
  return naming_server(options_.place, [this] { return read(); });
}

const Item* BucketSource::read() {
  while (const Entry* entry = entries().next()) {
    if (entry->marker() && !options_.history && !options_.markers) continue;
    std::erase(missing_, entry->key);
    item_ = Item{.number = ++number_,
                 .key = entry->key,
                 .value = entry->value.data,
                 .operation = entry->operation,
                 .never_expires = entry->never_expires,
                 .created = entry->created,
                 .revision = entry->revision};
    if (entry->ttl.ns != 0) item_.ttl = entry->ttl;
    return &item_;
  }
  if (!missing_.empty()) throw no_key(bucket_, missing_.front());
  return nullptr;
}

}  // namespace natskv::commands
