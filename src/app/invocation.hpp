// What a command works with: sessions, formats, rows, questions, all created when first needed.
#pragma once

#include "app/console.hpp"
#include "base/stop.hpp"
#include "cli/bind.hpp"
#include "config/settings.hpp"
#include "kv/bucket.hpp"
#include "kv/session.hpp"
#include "output/rows.hpp"
#include "output/stream.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace natskv {

/// How a command's results look without -o, and which formats it has.
struct Style {
  Format on_terminal = Format::table;
  Format in_pipe = Format::tsv;
  bool raw = false;  ///< -o raw makes sense
  Layout layout = {};

  static Style list(Layout layout = {}) { return {.layout = layout}; }
  static Style object(bool vertical = false) {
    return {.layout = {.shape = Shape::object, .vertical = vertical}};
  }
  static Style live() { return {.layout = {.shape = Shape::live}}; }
  /// A write: its revision, unless a format was asked for.
  static Style write() {
    return {.on_terminal = Format::plain, .in_pipe = Format::plain, .layout = {.shape = Shape::object}};
  }
};

class Invocation final : public Console {
 public:
  /// `verb`: for messages. Does no I/O; throws Failure(usage) for an unknown format or colour.
  Invocation(const Program& program, const config::Given& given, std::string verb, Output& out, Stop& stop);
  ~Invocation() override { stop().on_last_words({}); }

  Bucket bucket(const std::string& name) { return {session(), name}; }
  Session& session();
  /// Another context's session (cp, diff). Lives as long as this.
  Session& session(const std::string& context);
  [[nodiscard]] const Program& program() const { return program_; }

  /// Checks -o against the style (usage). Before connecting.
  [[nodiscard]] Format format(const Style& style) const;
  [[nodiscard]] TerminalStyle terminal_style() const;
  template <class T>
  Rows<T> rows(const View<T>& view, const Style& style) {
    return rows(view, style, out_);
  }
  template <class T>
  Rows<T> rows(const View<T>& view, const Style& style, Output& out) {
    return Rows<T>(view, format(style), style.layout, terminal_style(), out);
  }
  /// Ends a list. On a terminal an empty list is reported: `if_empty`.
  template <class T>
  void finish(Rows<T>& rows, std::string_view if_empty) {
    rows.finish();
    if (rows.empty() && out_.terminal() && !json()) note(if_empty);
  }
  Output& out() { return out_; }

  /// Before connecting: Failure(usage) if it is not forced (-f) and no question can be asked.
  /// `doing`: "emptying bucket \"b\"".
  void require_consent(bool forced, std::string_view doing) const;
  /// Failure(1, "nothing changed") on no.
  void confirm(const std::string& question);
  /// `bucket "b"` for a question: with its server or context, unless that is the default.
  static std::string named(Session& session, std::string_view bucket);
  /// `context "x"`, or the servers' URLs: to tell two servers apart.
  static std::string place(Session& session);
  [[nodiscard]] bool interactive() const;
  /// Asks without refusing off a terminal; only where interactive().
  bool ask(const std::string& question);

  /// For a command that only reads: a reader of stdout that goes away ends it (141), even while there is
  /// nothing to print.
  static void watch_reader();
  /// For a command that moves many messages, before connecting: threads that hand them on do not interrupt
  /// each other for each one, a third of a listing's processor time. On a busy machine a single request is
  /// answered sooner without it.
  static void take_turns();

 private:
  /// For the watchdog's thread, if the main thread hangs where nothing can end it (name resolution, a TLS
  /// handshake).
  int last_words(StopReason why, const Stop::Waiting& waiting);
  [[nodiscard]] std::string timed_out() const;

  const Program& program_;
  std::optional<Format> asked_;
  Output& out_;
  std::unique_ptr<Session> session_;
  std::vector<std::pair<std::string, std::unique_ptr<Session>>> others_;
};

}  // namespace natskv
