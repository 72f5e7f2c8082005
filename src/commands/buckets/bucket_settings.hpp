// Shared by add and edit: the options for a bucket's settings, and carrying out a change.
#pragma once

#include "app/invocation.hpp"
#include "cli/declaration.hpp"
#include "kv/admin/config.hpp"
#include "views/bucket.hpp"
#include "views/settings.hpp"

#include <nlohmann/json_fwd.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace natskv::commands {

class BucketSettings {
 public:
  void declare_add(Declaration& arguments);
  void declare_edit(Declaration& arguments);
  /// Ranges and combinations, and for edit that there is something to change; Failure(usage).
  /// `may_remove`: an empty tag or cluster means none; else it is an error.
  void check(const std::string& bucket, bool may_remove);
  [[nodiscard]] bool forced() const { return force_; }
  [[nodiscard]] const BucketChanges& wishes() const { return wishes_; }
  /// The bucket whose settings are the basis (--like); a file's settings are among the wishes.
  [[nodiscard]] const std::optional<std::string>& like() const { return like_; }

 private:
  void declare(Declaration& arguments);
  void name_buckets();
  void start_from_file();
  void check_numbers() const;
  void check_placement(bool may_remove);
  void check_origins(const std::string& bucket) const;
  void read_metadata();

  BucketChanges wishes_;
  std::vector<std::string> tags_, metadata_;
  std::optional<std::string> like_;
  bool force_ = false;
  bool compress_ = false, no_compress_ = false, atomic_ = false, no_atomic_ = false, editing_ = false;
};

/// A bucket's settings before and after.
struct Changed {
  std::shared_ptr<const nlohmann::ordered_json> before, after;  ///< stream configurations
  std::shared_ptr<const nlohmann::ordered_json> info;           ///< the server's answer; null for a dry run
  std::vector<std::string> fields;  ///< fields of the stream configuration that differ
};

/// Consent to a change that makes the server drop stored values.
enum class Consent { ask, forced, dry_run };

/// Changes what was named in a bucket whose STREAM.INFO is `info`, or only returns what would change
/// (dry_run). `up_to_date`: also changes what early clients set differently. Asks before stored values are
/// dropped: Failure(usage) off a terminal, Failure(1) on no. First refuses what an old server would ignore;
/// Failure(conflict) if another client changed the bucket meanwhile.
Changed change(Invocation& natskv, const std::string& bucket, const BucketChanges& wishes,
               const nlohmann::ordered_json& info, Consent consent, bool up_to_date = false);

/// Failure(1) that names the options that did not take effect, and the server's version; nullopt if all did.
std::optional<Failure> settings_not_applied(Session& session, const std::string& bucket,
                                            const nlohmann::ordered_json& asked,
                                            const nlohmann::ordered_json& answer);

/// Unexpected differences in the answer to an edit: changes that did not take effect, and other fields that
/// differ from what was sent, because another client changed the bucket right before the update.
std::vector<Failure> unexpected_changes(Session& session, const std::string& bucket, const Changed& changed);

/// Prints a bucket as `info` does.
class BucketSheet {
 public:
  /// Checks the format: before connecting.
  /// `wanted` false prints nothing (add --quiet).
  explicit BucketSheet(Invocation& natskv, bool wanted = true);
  void print(const nlohmann::ordered_json& info);

 private:
  Rows<BucketRecord> rows_;
  bool wanted_;
};

}  // namespace natskv::commands
