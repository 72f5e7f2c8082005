// Every way natskv ends other than success. Printed by run() or, for one of several items, Console::report.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace natskv {

/// Exit statuses, a contract (natskv help exit-status). Only ever added to.
enum class Exit : int {
  ok = 0,
  failure = 1,
  usage = 2,
  not_found = 3,
  conflict = 4,
  unreachable = 5,
  not_allowed = 6,
  unknown = 7,
  timed_out = 124,        ///< wait
  not_executable = 126,   ///< COMMAND
  no_such_command = 127,  ///< COMMAND
};

/// What a failure is about, for the JSON error line; empty and 0 mean "does not apply".
struct About {
  std::string bucket = {};
  std::string key = {};
  std::uint64_t revision = 0;
};

class Failure : public std::runtime_error {
 public:
  /// `message`: one line without the program's name; `hint`: the user's next step, may be empty.
  Failure(Exit exit, const std::string& message, std::string hint = {}, About about = {})
      : std::runtime_error(message),
        exit_(exit),
        code_(exit),
        hint_(std::move(hint)),
        about_(std::move(about)) {}

  /// The status natskv ends with.
  [[nodiscard]] Exit exit() const noexcept { return exit_; }
  /// What went wrong; differs from exit() where a command gives statuses a meaning of their own (diff).
  [[nodiscard]] Exit code() const noexcept { return code_; }
  /// The same failure under another status.
  [[nodiscard]] Failure ending_with(Exit exit) const {
    Failure other = *this;
    other.exit_ = exit;
    return other;
  }
  /// The same failure in other words.
  [[nodiscard]] Failure saying(const std::string& message) const {
    Failure other(exit_, message, hint_, about_);
    other.code_ = code_;
    return other;
  }
  /// The same failure with another hint.
  [[nodiscard]] Failure advising(std::string hint) const {
    Failure other = *this;
    other.hint_ = std::move(hint);
    return other;
  }
  [[nodiscard]] const std::string& hint() const noexcept { return hint_; }
  [[nodiscard]] const About& about() const noexcept { return about_; }
  /// Not empty: every further write to the bucket would fail like this ("the bucket is full"), so that it is
  /// reported once for all keys.
  [[nodiscard]] const std::string& common() const noexcept { return common_; }
  Failure& common(std::string words) {
    common_ = std::move(words);
    return *this;
  }

 private:
  Exit exit_, code_;
  std::string hint_;
  About about_;
  std::string common_;
};

/// "cannot ACT: why", status 1; `error`: an errno.
inline Failure cannot(const std::string& act, int error) {
  return {Exit::failure, "cannot " + act + ": " + std::generic_category().message(error)};
}

/// The command line is wrong: status 2, found before anything is opened.
inline Failure usage(const std::string& message, std::string hint = {}) {
  return {Exit::usage, message, std::move(hint)};
}

}  // namespace natskv
