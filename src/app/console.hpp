// What natskv reports on standard error, and the exit status that follows from it.
#pragma once

#include "base/failure.hpp"
#include "base/stop.hpp"
#include "config/settings.hpp"
#include "kv/session.hpp"
#include "output/stream.hpp"
#include "terminal/progress.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace natskv {

/// The status of a stop: 130, 143, 141; 5 for a deadline.
int status_of(StopReason why);

class Console : public Reporter {
 public:
  /// `verb`: what messages begin with. `json`: every line is a JSON object.
  Console(const config::Given& given, std::string verb, bool json, Stop& stop);
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  [[nodiscard]] const config::Given& given() const { return given_; }
  [[nodiscard]] bool quiet() const { return given_.quiet; }
  /// Whether JSON was asked for: then standard error is JSON, too.
  [[nodiscard]] bool json() const { return json_; }
  Stop& stop() { return stop_; }

  void warn(std::string_view text) override;
  void note(std::string_view text) override;
  void hint(std::string_view text);
  [[nodiscard]] std::shared_ptr<void> waiting(const std::string& what) override;
  [[nodiscard]] bool tracing() const override { return given_.trace; }
  void trace(std::string_view line) override;
  /// Writes text to stderr unchanged.
  void write_stderr(std::string_view text);

  Progress progress(std::string what, std::uint64_t total);
  /// None if `rows` is a terminal: its lines show progress, and a bar would come between them.
  Progress progress_beside(const Output& rows, std::string what, std::uint64_t total);

  /// One of several items failed: prints a line on stderr; the others go on. status() is then the first of 7,
  /// 6, 5, 4, 3, 1.
  void report(const Failure& failure);
  [[nodiscard]] int status() const { return status_; }
  /// The same for a failure that stdout reports.
  void status(Exit exit) { status_ = std::max(status_, static_cast<int>(exit)); }
  /// The failure as run() prints it: message and hint, or with -o json and jsonl one line of JSON. `status`:
  /// what natskv ends with, if that is not the failure's own. Returns what it ends with.
  int print(const Failure& failure, std::optional<int> status = {});

 private:
  void say(std::string_view prefix, std::string_view color, std::string_view text);
  void speaking();
  [[nodiscard]] std::string prefix() const;

  const config::Given given_;
  const std::string verb_;
  const bool json_;
  Stop& stop_;
  int status_ = 0;
};

}  // namespace natskv
