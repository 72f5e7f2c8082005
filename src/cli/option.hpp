// What a command takes: an argument, or an option.
#pragma once

#include "base/types.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace natskv {

/// What a word means. Determines the check, the placeholder in help and what Tab offers.
/// `value`: the VALUE of put, create and update: taken literally. `pattern`: a key or a PATTERN.
/// `choice`: one of Argument::choices. `topic`: a command, or one of Argument::choices.
/// `command`: a program and its arguments (Declaration::command).
enum class Kind {
  text,
  value,
  bucket,
  key,
  pattern,
  revision,
  count,
  duration,
  size,
  file,
  directory,
  bucket_or_file,
  context,
  choice,
  topic,
  command
};

/// The word that stands for a Kind in help: BUCKET, KEY, DURATION, …
std::string_view placeholder(Kind kind);

/// One thing a command takes. `name` is "BUCKET" for an argument, "--history" or "-F,--file" for an option.
struct Argument {
  std::string_view name;
  Kind kind;
  std::string_view help;
  bool required = false;                       ///< arguments only
  bool many = false;                           ///< the last argument, or an option that may be repeated
  std::vector<std::string_view> choices = {};  ///< Kind::choice
  std::string_view placeholder = {};           ///< overrides the Kind's
  std::string_view environment = {};           ///< the variable that stands for the option, for help only
  bool hidden = false;                         ///< accepted, in neither help nor completion
  std::uint64_t least = 0;                     ///< Kind::count
  std::uint64_t most = 0;                      ///< Kind::count; 0: 2^64-1
  /// The value must not stay in the process's arguments; of a Kind::file only where it is not a file's name.
  bool secret = false;
};

/// An Argument as it was declared.
struct Option {
  Argument argument;
  std::string short_name;  ///< "-n" or ""
  std::string long_name;   ///< "--names", or an argument's "KEY"
  /// A second name for an argument: "--key" for KEY where what follows -- is COMMAND.
  std::string named = {};
  std::function<void(const std::string&)> on_value = {};  ///< throws Failure(usage) for a wrong word
  bool* flag = nullptr;
  bool global = false;  ///< accepted by every command

  [[nodiscard]] bool is_option() const { return long_name.starts_with('-'); }
  [[nodiscard]] bool takes_value() const { return flag == nullptr; }
  [[nodiscard]] bool is_called(std::string_view name) const {
    return long_name == name || short_name == name || named == name;
  }
};

// Failure(usage) if the word is not of the argument's Kind.
void check(const Argument& argument, const std::string& word);
std::uint64_t counted(const Argument& argument, const std::string& word);

/// "-F,--file" -> "--file": the name that messages use.
std::string_view spoken(std::string_view name);

}  // namespace natskv
