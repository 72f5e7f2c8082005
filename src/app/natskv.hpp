// What a command works with; nothing costs before it is asked for.
#pragma once

#include "base/failure.hpp"
#include "base/stop.hpp"
#include "cli/bind.hpp"
#include "config/settings.hpp"
#include "kv/bucket.hpp"
#include "kv/session.hpp"
#include "output/rows.hpp"
#include "output/stream.hpp"
#include "terminal/progress.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace natskv {

/// How a command's results look when -o says nothing, and what it can do.
struct Style {
  Format on_terminal = Format::table;
  Format in_pipe = Format::tsv;
  bool raw = false;  ///< -o raw makes sense
  Layout layout = {};

  static Style list(Layout layout = {}) { return {.layout = layout}; }
  static Style object(bool vertical = false) {
    return {.layout = {.shape = Shape::object, .vertical = vertical, .nul = false, .names = false}};
  }
  static Style live() {
    return {.layout = {.shape = Shape::live, .vertical = false, .nul = false, .names = false}};
  }
  /// A write: its revision, unless a format was asked for.
  static Style write() {
    return {.on_terminal = Format::plain,
            .in_pipe = Format::plain,
            .raw = false,
            .layout = {.shape = Shape::object, .vertical = false, .nul = false, .names = false}};
  }
};

/// The status of a stop: 130, 143, 141; 5 for a deadline.
int status_of(Why why);

class Natskv final : public Notices {
 public:
  /// `verb`: for messages. Does no I/O; throws Failure(usage) for a format or colour that is none.
  Natskv(const Program& program, const config::Given& given, std::string verb, Output& out, Stop& stop);
  ~Natskv() override { stop_.on_last_words({}); }
  Natskv(const Natskv&) = delete;
  Natskv& operator=(const Natskv&) = delete;

  Bucket bucket(const std::string& name) { return {session(), name}; }
  Session& session();
  /// Another context's session (cp, diff). Lives as long as this.
  Session& session(const std::string& context);
  [[nodiscard]] const config::Given& given() const { return given_; }
  [[nodiscard]] const Program& program() const { return program_; }

  /// Checks -o against the style (usage). Before connecting.
  [[nodiscard]] Format format(const Style& style) const;
  [[nodiscard]] Looks looks() const;
  template <class T>
  Rows<T> rows(const View<T>& view, const Style& style) {
    return rows(view, style, out_);
  }
  template <class T>
  Rows<T> rows(const View<T>& view, const Style& style, Output& out) {
    return Rows<T>(view, format(style), style.layout, looks(), out);
  }
  /// Ends a list. On a terminal a list that has nothing to show says so: `if_empty`.
  template <class T>
  void finish(Rows<T>& rows, std::string_view if_empty) {
    rows.finish();
    if (rows.empty() && out_.terminal() && !json()) note(if_empty);
  }
  Output& out() { return out_; }
  Stop& stop() { return stop_; }

  /// SPEC rule 3, before connecting: Failure(usage) where what is not forced (-f) cannot be asked about.
  /// `doing`: "emptying bucket \"b\"".
  void require_consent(bool forced, std::string_view doing) const;
  /// Asks, unless it is forced. Failure(1, "nothing changed") on no.
  void confirm(bool forced, const std::string& question);
  /// `bucket "b"` as a question names it: with its server or context, unless that is the default.
  static std::string named(Session& session, std::string_view bucket);
  /// `context "x"`, or the servers' URLs: which of two servers is meant.
  static std::string place(Session& session);
  [[nodiscard]] bool interactive() const;
  /// Asks without refusing off a terminal; only where interactive().
  bool ask(const std::string& question);
  Progress progress(std::string what, std::uint64_t total);
  /// None where `rows` is a terminal: lines there are progress enough, and a bar would stand between them.
  Progress progress_beside(const Output& rows, std::string what, std::uint64_t total);

  void warn(std::string_view text) override;
  void note(std::string_view text) override;
  void hint(std::string_view text);
  [[nodiscard]] std::shared_ptr<void> waiting(const std::string& what) override;
  [[nodiscard]] bool tracing() const override { return given_.trace; }
  void trace(std::string_view line) override;
  [[nodiscard]] bool quiet() const { return given_.quiet; }

  /// One of several items failed: a line on stderr; the rest goes on. status() is then the first of 7, 6, 5,
  /// 4, 3, 1.
  void report(const Failure& failure);
  [[nodiscard]] int status() const { return status_; }
  /// The same for a failure that stdout shows.
  void status(Exit exit) { status_ = std::max(status_, static_cast<int>(exit)); }
  /// The failure as run() prints it: message and hint, or with -o json and jsonl one line of JSON. `status`:
  /// what natskv ends with, where that is not the failure's own.
  void print(const Failure& failure, std::optional<int> status = {});
  /// Help on stderr, as it is.
  void usage_page(std::string_view text);
  /// Whether JSON was asked for: what is said on standard error is JSON then, too.
  [[nodiscard]] bool json() const;

 private:
  /// The main thread hangs where nothing can end it (name resolution, a TLS handshake): on the watchdog's.
  int last_words(Why why, const Stop::Waiting& waiting);
  void say(std::string_view prefix, std::string_view color, std::string_view text);
  void speaking();
  [[nodiscard]] std::string prefix() const;
  [[nodiscard]] std::string timed_out() const;

  const Program& program_;
  config::Given given_;
  std::string verb_;
  Output& out_;
  Stop& stop_;
  std::optional<Format> asked_;
  std::unique_ptr<Session> session_;
  std::vector<std::pair<std::string, std::unique_ptr<Session>>> others_;
  int status_ = 0;
};

}  // namespace natskv
