// All that a command takes, declared once: scanner, parser, help, manual and completion read it.
#pragma once

#include "cli/option.hpp"

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace natskv {

class Declaration {
 public:
  /// `on_value` runs once for each word, in the order of the command line, after the whole line was parsed
  /// and only if help was not asked for. It throws Failure(usage) for a wrong word.
  void add(const Argument& argument, std::function<void(const std::string&)> on_value);
  void flag(std::string_view name, bool& given, std::string_view help);
  /// Giving both is a usage error that names them. An argument's name is possible too ("VALUE").
  void excludes(std::string_view one, std::string_view other, std::string_view hint = {});
  /// What follows the first -- is a program and its arguments, as they stand. KEYs then have the name --key
  /// too, for one that begins with -.
  void command(std::vector<std::string>& words, std::string_view help, bool required = false);

  // The functions below check by Kind (base/parse.hpp); the variables that they bind must outlive parsing.
  void bucket(std::string& name, std::string_view argument = "BUCKET");
  void key(std::string& name, std::string_view argument = "KEY");
  void take(const Argument& argument, std::string& text);
  void take(const Argument& argument, std::optional<std::string>& text);
  void take(const Argument& argument, std::vector<std::string>& texts);
  /// Kind::revision (1 … 2^64-1) or Kind::count (least … most).
  void take(const Argument& argument, std::optional<std::uint64_t>& number);
  void take(const Argument& argument, std::optional<Span>& duration);
  void take(const Argument& argument, std::optional<Size>& size);

  /// Whether what is declared from here on is global (accepted by every command).
  void globals(bool global) { global_ = global; }

  /// Options and arguments. Their addresses stay the same when more are declared.
  [[nodiscard]] const std::deque<Option>& options() const { return options_; }
  struct Exclusion {
    std::string one, other, hint;
  };
  [[nodiscard]] const std::vector<Exclusion>& exclusions() const { return exclusions_; }
  /// The option of this name ("-n", "--names"), or null.
  [[nodiscard]] const Option* option(std::string_view name) const;
  /// The arguments in their order, without COMMAND.
  [[nodiscard]] std::vector<const Option*> arguments() const;
  /// COMMAND, or null.
  [[nodiscard]] const Option* command() const;
  /// The rule that forbids giving both, or null.
  [[nodiscard]] const Exclusion* exclusion(const Option& one, const Option& other) const;

 private:
  std::deque<Option> options_;
  std::vector<Exclusion> exclusions_;
  bool global_ = false;
};

}  // namespace natskv
