// The work of import: lines in, writes out.
#pragma once

#include "commands/bulk/prune.hpp"
#include "commands/bulk/tally.hpp"
#include "input/entry_line.hpp"
#include "input/lines.hpp"
#include "kv/read/snapshot.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace natskv::commands {

struct ImportOptions {
  std::string bucket;
  std::string file = "-";
  std::vector<Pattern> prune_patterns;
  bool create = false, update = false, skip_unchanged = false, dry_run = false, keep_going = false,
       ignore_ttl = false, check = false, prune = false, allow_empty = false, force = false;
};

class Importer {
 public:
  /// Opens the input. Failure(usage).
  Importer(Natskv& natskv, const ImportOptions& options);
  int run();

 private:
  void check_lines();
  [[nodiscard]] std::optional<Failure> unfit() const;
  void ask();
  void look_at_bucket();
  void send_lines();
  void send_each(Writer* writer);
  void send_line(Writer* writer, std::string_view text);
  void send_all(Writer& writer);
  bool plan(Writer* writer, Write& write);
  bool plan_ttl(Write& write);
  bool plan_create(Writer* writer, Write& write, bool again);
  void parse(std::string_view text);
  void bad_line(const Failure& failure);
  void refuse(const Failure& failure);
  void settled(const Settled& settled);
  void prune();
  void summary();
  [[nodiscard]] std::string where(std::uint64_t line) const;
  void not_acknowledged(std::uint64_t line);
  [[nodiscard]] Instant server_now() const;

  Natskv& natskv_;
  const ImportOptions& options_;
  Writer* writer_ = nullptr;  // while lines are sent
  Lines lines_;
  EntryParser parser_;
  EntryLine line_;
  Bucket bucket_;
  Prune prune_;
  Tally tally_;
  Seen keys_;                         // of the input
  Seen refused_;                      // --create: keys that were there before
  std::optional<Snapshot> snapshot_;  // --skip-unchanged, --dry-run
  std::optional<Progress> progress_;
  std::uint64_t total_ = 0;          // lines, where they were counted
  std::uint64_t read_ = 0;           // lines that are not blank
  std::uint64_t handled_ = 0;        // lines sent, or done with otherwise
  std::uint64_t first_missing_ = 0;  // the first line that was not acknowledged
  bool all_read_ = false, checked_ = false, warned_ = false, halted_ = false, invalid_ = false;
  bool ttl_allowed_ = false;
  std::uint64_t max_value_ = 0, max_payload_ = 0;  // of the bucket and the server, in bytes; 0: none
  Instant server_time_;
  std::chrono::steady_clock::time_point server_time_taken_;
};

}  // namespace natskv::commands
