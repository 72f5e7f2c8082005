// How a verb declares what it takes. Implemented twice: app/cli.cpp parses with it, docs/ writes it down.
#pragma once

#include "base/types.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace natskv {

/// What a word means. Gives the check, the placeholder in help and what Tab offers.
/// `value`: the VALUE of put, create and update: taken literally (SPEC 2). `pattern`: a key or a PATTERN.
/// `choice`: one of Argument::choices. `command`: a program and its words (sandbox).
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
  context,
  choice,
  command
};

/// The word that stands for a Kind in help: BUCKET, KEY, DURATION, …
std::string_view placeholder(Kind kind);

/// One thing a verb takes. `name` is "BUCKET" for a positional, "--history" or "-F,--file" for an option.
struct Argument {
  std::string_view name;
  Kind kind;
  std::string_view help;
  bool required = false;  ///< positionals only
  bool many = false;      ///< a positional list (last), or an option that may be repeated
  std::vector<std::string_view> choices = {};  ///< Kind::choice
  std::string_view placeholder = {};           ///< overrides the Kind's
  std::string_view environment = {};           ///< the variable that stands for the option, for help only
  bool hidden = false;                         ///< accepted, in neither help nor completion
  std::uint64_t least = 0;                     ///< Kind::count
  std::uint64_t most = 0;                      ///< Kind::count; 0: 2^64-1
};

class Arguments {
 public:
  virtual ~Arguments() = default;

  /// `given` runs once a word, in the order of the command line, after the whole line was parsed and only if
  /// help was not asked for. It throws Failure(usage) for a word that is wrong.
  virtual void add(const Argument& argument, std::function<void(const std::string&)> given) = 0;
  virtual void flag(std::string_view name, bool& given, std::string_view help) = 0;
  /// Both given is a usage error that names both.
  virtual void excludes(std::string_view one, std::string_view other) = 0;

  // The words below check by Kind (input/parse.hpp); what they are bound to must outlive the parsing.
  void bucket(std::string& name, std::string_view argument = "BUCKET");
  void key(std::string& name, std::string_view argument = "KEY");
  void take(const Argument& argument, std::string& text);
  void take(const Argument& argument, std::optional<std::string>& text);
  void take(const Argument& argument, std::vector<std::string>& texts);
  /// Kind::revision (1 … 2^64-1) or Kind::count (least … most).
  void take(const Argument& argument, std::optional<std::uint64_t>& number);
  void take(const Argument& argument, std::optional<Span>& duration);
  void take(const Argument& argument, std::optional<Size>& size);
};

}  // namespace natskv
