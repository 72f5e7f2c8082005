// A source that reads a bucket.
#pragma once

#include "app/invocation.hpp"
#include "base/pattern.hpp"
#include "commands/bulk/source.hpp"
#include "commands/bulk/target.hpp"
#include "kv/read/past.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace natskv::commands {

class BucketSource final : public Source {
 public:
  struct Options {
    std::vector<Pattern> patterns = {};
    bool history = false;  ///< every kept revision, with markers
    bool markers = false;  ///< the latest of each key, with markers
    bool values = true;
    bool required = true;             ///< a key that is named must exist
    std::function<void()> idle = {};  ///< before a wait
    std::string place = {};           ///< the server, for failures to name; or ""
    const Past* past = nullptr;       ///< the entries of then
  };
  BucketSource(Session& session, std::string bucket, Options options);

  /// Failure(not_found) at the end if a key that was named does not exist.
  const Item* next() override;
  void rewind() override { entries_.reset(); }
  [[nodiscard]] bool repeats() const override { return options_.history; }
  [[nodiscard]] std::string shown() const override { return "bucket \"" + bucket_ + "\""; }

  /// How many entries there are at most; starts reading.
  std::uint64_t total() { return entries().total(); }
  /// The server's clock.
  Instant now();

 private:
  Entries& entries();
  const Item* read();

  Session& session_;
  std::string bucket_;
  Options options_;
  std::unique_ptr<Entries> entries_;
  std::optional<ServerClock> clock_;
  std::vector<std::string> missing_;  // keys that were named and have not come
  std::uint64_t number_ = 0;
  Item item_;
};

}  // namespace natskv::commands
