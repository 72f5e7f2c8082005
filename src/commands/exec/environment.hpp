// A bucket's keys as environment variables: what env and run share.
#pragma once

#include "app/invocation.hpp"
#include "cli/declaration.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace natskv::commands {

/// How keys become names.
struct Naming {
  std::optional<std::string> strip = {}, prefix = {};
  bool keep_case = false;
  std::vector<std::string> allow = {};  ///< names that may be set even though they control programs

  /// KEY without the prefix `strip` (if it has that), with `prefix` before it, in upper case; any byte except
  /// letters, digits and _ becomes _, and a leading digit gets a _ before it.
  [[nodiscard]] std::string name_of(std::string_view key) const;
  /// Whether this variable controls what programs do: PATH, LD_PRELOAD, …
  [[nodiscard]] bool steers_programs(std::string_view name) const;
};

/// Variables made from keys, each with its key.
class Variables {
 public:
  Variables(std::string bucket, const Naming& naming) : bucket_(std::move(bucket)), naming_(&naming) {}
  /// A key that comes again has its later value. Throws Failure(1): two keys with one name, a NUL in the
  /// value, a name that controls programs, or an empty one.
  void add(std::string_view key, std::string_view value);
  void remove(std::string_view key);

  struct Variable {
    std::string key, value;
    /// For a program it does not matter from which key it came.
    friend bool operator==(const Variable& one, const Variable& other) { return one.value == other.value; }
  };
  /// By name.
  [[nodiscard]] const std::map<std::string, Variable>& all() const { return variables_; }
  /// Of what was read, a marker too, the highest revision.
  void saw(std::uint64_t revision) { newest_ = std::max(newest_, revision); }
  [[nodiscard]] std::uint64_t newest() const { return newest_; }

 private:
  std::string bucket_;
  const Naming* naming_;
  std::map<std::string, Variable> variables_;
  std::uint64_t newest_ = 0;
};

/// BUCKET [KEY|PATTERN…] and the options of both.
struct EnvironmentArguments {
  std::string bucket;
  std::vector<std::string> words;
  Naming naming;
  bool allow_empty = false;

  void declare(Declaration& arguments);
  void check() const;
  /// Reads them. Throws Failure: 3 for a missing KEY or a PATTERN without a match, 1 as Variables.
  [[nodiscard]] Variables read(Invocation& natskv) const;
};

}  // namespace natskv::commands
