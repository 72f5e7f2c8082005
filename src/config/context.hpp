// The `nats` tool's saved contexts: $XDG_CONFIG_HOME/nats/context/NAME.json (else ~/.config/nats/…), the
// selected one named in …/nats/context.txt.
#pragma once

#include "config/settings.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace natskv::config {

/// A context's fields, as saved; unknown fields are kept for writing back (`document`, JSON text).
struct Context {
  std::string name, path;
  std::string description, url, user, creds, nkey, cert, key, ca, jetstream_domain, jetstream_api_prefix,
      inbox_prefix;
  Secret token, password, user_jwt, user_seed;
  bool tls_first = false;
  /// Fields that are set and that natskv cannot use ("nsc", "password (op://)"): show them, but do not
  /// connect.
  std::vector<std::string> unsupported;
  std::string document;
  /// The file is readable by everyone on this machine, and holds a secret.
  bool exposed = false;
};

/// Whether it refers to text that is elsewhere or encoded: env://NAME, data:….
bool refers(std::string_view text);
/// ~, $NAME and ${NAME}. A variable that is not set stays as written, so that the message about the file
/// names it.
std::string expanded(const std::string& text, const Environment& environment);

class Contexts {
 public:
  /// Finds the folder from XDG_CONFIG_HOME and HOME; no I/O yet.
  explicit Contexts(const Environment& environment);

  /// The folder of the contexts' files; "" when neither variable is set.
  [[nodiscard]] const std::string& folder() const { return folder_; }
  /// The file of that name, whether it exists or not. Failure(usage) for a name that no file can have.
  [[nodiscard]] std::string path_of(const std::string& name) const;
  /// Names, sorted; empty where the folder does not exist.
  [[nodiscard]] std::vector<std::string> names() const;
  /// The name of the selected one, or "".
  [[nodiscard]] std::string selected() const;
  /// By name, or by the path of its file (holds a '/' or ends in ".json"). Paths inside are expanded (~,
  /// $VAR). Failure: not_found (3) for an unknown name; usage (2) for a file that is not a context.
  [[nodiscard]] Context load(const std::string& name) const;
  /// Atomically (temporary beside it, rename), mode 0600, folders 0700; keeps the fields natskv does not
  /// know. A path whose expansion is unchanged stays as it was written (~, $VAR). Failure(usage) for a name
  /// that no file can have, never not_found.
  void save(const Context& context) const;
  void remove(const std::string& name) const;  ///< not_found (3); unselects it
  /// not_found (3); atomically. The previous one is kept in previous-context.txt, as the nats tool does.
  void select(const std::string& name) const;
  void unselect() const;
  /// The one that was selected before, or "".
  [[nodiscard]] std::string previous() const;

 private:
  void require(const std::string& name) const;
  [[nodiscard]] std::string named_in(const std::string& file) const;

  std::string root_;    // …/nats
  std::string folder_;  // …/nats/context
  Environment environment_;
};

}  // namespace natskv::config
