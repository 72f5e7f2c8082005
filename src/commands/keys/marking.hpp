// del and purge: markers for keys, and for what a PATTERN matches.
#pragma once

#include "app/natskv.hpp"
#include "app/verb.hpp"
#include "base/pattern.hpp"
#include "kv/read/watch.hpp"
#include "kv/write/writer.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace natskv::commands {

/// The options and the work that del and purge share.
class Marking {
 public:
  explicit Marking(Operation operation) : operation_(operation) {}

  void declare(Arguments& arguments);
  void check();
  int run(Natskv& natskv);

  [[nodiscard]] bool without_keys() const { return words_.empty(); }
  [[nodiscard]] const std::string& bucket() const { return bucket_; }
  [[nodiscard]] bool conditional() const { return expected_ || older_than_ || must_exist_; }
  [[nodiscard]] bool forced() const { return force_; }
  [[nodiscard]] bool dry() const { return dry_; }
  void ttl(std::optional<Span> ttl) { ttl_ = ttl; }

 private:
  using Refused = std::vector<std::pair<std::string, std::uint64_t>>;  // keys, each with its revision
  int one(Natskv& natskv);
  int many(Natskv& natskv);
  int list(Natskv& natskv);
  [[nodiscard]] bool agreed(Natskv& natskv);
  void note_done(Natskv& natskv, std::uint64_t count) const;
  template <class Push>
  void each_to_mark(Natskv& natskv, Writer& writer, Push&& push);
  void without_markers(Bucket& bucket, Writer& writer, Refused& refused, std::uint64_t& number) const;
  Written mark(Bucket& bucket, Natskv& natskv);
  std::uint64_t count(Natskv& natskv);
  template <class Each>
  void each(Natskv& natskv, Each&& entry_of);
  template <class Each>
  void each_key(Natskv& natskv, Each&& entry_of);
  [[nodiscard]] std::vector<std::string> distinct() const;
  [[nodiscard]] bool old_enough(const Entry& entry, Instant now) const;
  [[nodiscard]] bool listing() const;

  Operation operation_;
  std::string bucket_;
  std::vector<std::string> words_;
  std::vector<Pattern> patterns_;
  std::optional<std::uint64_t> expected_;
  std::optional<Span> older_than_, ttl_;
  std::uint64_t listed_upto_ = 0;  // the last revision when keys were first listed
  std::uint64_t listed_ = 0;       // how many there were, where it was asked about them
  bool force_ = false, dry_ = false, must_exist_ = false, literal_ = false;
};

}  // namespace natskv::commands
