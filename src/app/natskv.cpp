#include "app/natskv.hpp"

#include "app/messages.hpp"
#include "base/text.hpp"
#include "output/ansi.hpp"
#include "terminal/prompt.hpp"
#include "terminal/screen.hpp"
#include "terminal/status_line.hpp"
#include "terminal/watchdog.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace natskv {
namespace {

// One write a line, so that lines of several processes do not mix. stderr's reader is not our concern.
void to_stderr(std::string_view text) {
  terminal::wipe_status_line();
  while (!text.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written < 0 && errno != EINTR) return;
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
}

bool stderr_color(const config::Given& given) {
  return terminal::color(given.color.value_or("auto"), ::isatty(STDERR_FILENO) == 1);
}

}  // namespace

int status_of(Why why) {
  switch (why) {
    case Why::interrupted:
      return 130;
    case Why::terminated:
      return 143;
    case Why::hung_up:
      return 129;
    case Why::quit:
      return 131;
    case Why::user1:
      return 138;
    case Why::user2:
      return 140;
    case Why::reader_gone:
      return 141;
    case Why::deadline:
      return static_cast<int>(Exit::unreachable);
    case Why::none:
      break;
  }
  return static_cast<int>(Exit::failure);
}

Natskv::Natskv(const Program& program, const config::Given& given, std::string verb, Output& out, Stop& stop)
    : program_(program), given_(given), verb_(std::move(verb)), out_(out), stop_(stop) {
  text::only_ascii(terminal::charset() == terminal::Charset::other);
  text::plain_dots(terminal::charset() != terminal::Charset::utf8);
  if (given.output) {
    asked_ = format_named(*given.output);
    if (!asked_) throw usage("--output: formats are table, tsv, json, jsonl and raw");
    if (given.json && *asked_ != Format::json) throw usage("--json and --output are two formats");
  } else if (given.json) {
    asked_ = Format::json;
  }
  if (given.color && *given.color != "auto" && *given.color != "always" && *given.color != "never") {
    throw usage("--color takes auto, always or never");
  }
  stop.on_last_words([this](Why why, const Stop::Waiting& waiting) { return last_words(why, waiting); });
}

std::string Natskv::timed_out() const {
  return session_ ? "timed out after " + text::human_span(session_->timeout()) : "timed out";
}

int Natskv::last_words(Why why, const Stop::Waiting& waiting) {
  if (why == Why::deadline) {
    report(Failure(waiting.write ? Exit::unknown : Exit::unreachable,
                   waiting.sentence.empty() ? timed_out() : waiting.sentence));
    return status_;
  }
  if (waiting.write) warn(waiting.sentence);
  return status_of(why);
}

Session& Natskv::session() {
  if (!session_) {
    session_ = std::make_unique<Session>([this] { return config::resolve(given_, config::environment); },
                                         stop_, *this);
  }
  return *session_;
}

Session& Natskv::session(const std::string& context) {
  for (auto& [name, other] : others_) {
    if (name == context) return *other;
  }
  others_.emplace_back(
      context,
      std::make_unique<Session>(
          [this, context] { return config::resolve(given_, config::environment, context); }, stop_, *this));
  return *others_.back().second;
}

Format Natskv::format(const Style& style) const {
  if (!asked_) return out_.terminal() ? style.on_terminal : style.in_pipe;
  if (*asked_ == Format::raw && !style.raw)
    throw usage("there is no raw output of it", "use -o tsv or -o json");
  return *asked_;
}

bool Natskv::json() const { return asked_ && (*asked_ == Format::json || *asked_ == Format::jsonl); }

Looks Natskv::looks() const {
  const bool terminal = out_.terminal();
  return {.color = terminal::color(given_.color.value_or("auto"), terminal),
          .people = terminal,
          .utc = given_.utc,
          .width = terminal ? terminal::width() : 0,
          .measure = terminal::width};
}

bool Natskv::interactive() const { return terminal::interactive(); }

bool Natskv::ask(const std::string& question) {
  // The user may take longer than a server.
  if (session_) session_->lift_deadline();
  const bool yes = terminal::ask(text::visible(question), stop_);
  if (stop_) throw Stopped{};
  if (session_) session_->arm_deadline(session_->timeout());
  return yes;
}

void Natskv::require_consent(bool forced, std::string_view doing) const {
  if (forced || interactive()) return;
  throw usage(fmt::format("{} needs confirmation, and this is not a terminal", doing),
              "--force does it without asking");
}

void Natskv::confirm(bool forced, const std::string& question) {
  if (!forced && !ask(question)) throw Failure(Exit::failure, "nothing changed");
}

namespace {

/// Where the server's URL comes from: "default", "context \"x\" (…)", "NATS_URL".
std::string source_of_server(const config::Settings& settings) {
  for (const auto& origin : settings.origins) {
    if (origin.name == "server") return origin.from;
  }
  return "default";
}

}  // namespace

std::string Natskv::place(Session& session) {
  const auto& settings = session.settings();
  if (source_of_server(settings).starts_with("context"))
    return fmt::format("context \"{}\"", settings.context);
  return config::shown(settings.servers);
}

std::string Natskv::named(Session& session, std::string_view bucket) {
  const std::string from = source_of_server(session.settings());
  if (from == "default") return fmt::format("bucket \"{}\"", bucket);
  return fmt::format("bucket \"{}\" {} {}", bucket, from.starts_with("context") ? "of" : "at",
                     place(session));
}

Progress Natskv::progress(std::string what, std::uint64_t total) {
  return Progress(std::move(what), total, given_.quiet);
}

Progress Natskv::progress_beside(const Output& rows, std::string what, std::uint64_t total) {
  return Progress(std::move(what), total, given_.quiet || rows.terminal());
}

void Natskv::say(std::string_view prefix, std::string_view color, std::string_view text) {
  to_stderr(fmt::format("{} {}\n", ansi::painted(prefix, color, stderr_color(given_)), text::visible(text)));
}

// A message after a signal: the process ends in time even if nobody reads it.
void Natskv::speaking() {
  if (auto* const watchdog = Watchdog::current(); watchdog != nullptr && stop_) watchdog->speaks();
}

std::string Natskv::prefix() const { return verb_.empty() ? "natskv:" : fmt::format("natskv: {}:", verb_); }

void Natskv::warn(std::string_view text) {
  speaking();
  if (json()) return to_stderr(message_json("warning", text));
  say(prefix() + " warning:", ansi::yellow, text);
}

void Natskv::note(std::string_view text) {
  if (given_.quiet) return;
  speaking();
  if (json()) return to_stderr(message_json("note", text));
  say(prefix(), {}, text);
}

std::shared_ptr<void> Natskv::waiting(const std::string& what) {
  return std::make_shared<Waiting>(what, given_.quiet);
}

void Natskv::hint(std::string_view text) {
  if (given_.quiet) return;
  if (json()) return to_stderr(message_json("note", text));
  say("hint:", ansi::cyan, text);
}

void Natskv::trace(std::string_view line) {
  if (json()) return to_stderr(trace_json(line));
  say("trace:", ansi::faint, line);
}

void Natskv::usage_page(std::string_view text) { to_stderr(text); }

void Natskv::print(const Failure& failure, std::optional<int> status) {
  speaking();
  const int ends_with = status.value_or(static_cast<int>(failure.exit()));
  if (json()) return to_stderr(error_json(failure, ends_with, !given_.quiet));
  say(prefix(), ansi::red, failure.what());
  if (!failure.hint().empty()) hint(failure.hint());
}

void Natskv::report(const Failure& failure) {
  print(failure);
  // The first of 7, 6, 5, 4, 3, 1 that occurred (SPEC 3); 2 can only come from natskv itself and ranks as 1
  // would.
  status(failure.exit());
}

}  // namespace natskv
