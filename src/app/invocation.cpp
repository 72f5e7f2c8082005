#include "app/invocation.hpp"

#include "base/text.hpp"
#include "terminal/prompt.hpp"
#include "terminal/screen.hpp"
#include "terminal/watchdog.hpp"

#include <fmt/format.h>

#include <sched.h>

namespace natskv {
namespace {

std::optional<Format> asked_format(const config::Given& given) {
  if (!given.output) return given.json ? std::optional(Format::json) : std::nullopt;
  const auto named = format_named(*given.output);
  if (!named) throw usage("--output: formats are table, tsv, json, jsonl and raw");
  if (given.json && *named != Format::json) throw usage("--json and --output name different formats");
  return named;
}

bool is_json(std::optional<Format> format) { return format == Format::json || format == Format::jsonl; }

}  // namespace

Invocation::Invocation(const Program& program, const config::Given& given, std::string verb, Output& out,
                       Stop& stop)
    : Console(given, std::move(verb), is_json(asked_format(given)), stop),
      program_(program),
      asked_(asked_format(given)),
      out_(out) {
  text::only_ascii(terminal::charset() == terminal::Charset::other);
  text::plain_dots(terminal::charset() != terminal::Charset::utf8);
  stop.on_last_words(
      [this](StopReason why, const Stop::Waiting& waiting) { return last_words(why, waiting); });
}

std::string Invocation::timed_out() const {
  return session_ ? "timed out after " + text::human_span(session_->timeout()) : "timed out";
}

int Invocation::last_words(StopReason why, const Stop::Waiting& waiting) {
  if (why == StopReason::deadline) {
    report(Failure(waiting.write ? Exit::unknown : Exit::unreachable,
                   waiting.sentence.empty() ? timed_out() : waiting.sentence));
    return status();
  }
  if (waiting.write) warn(waiting.sentence);
  return status_of(why);
}

Session& Invocation::session() {
  if (!session_) {
    session_ = std::make_unique<Session>([this] { return config::resolve(given(), config::environment); },
                                         stop(), *this);
  }
  return *session_;
}

Session& Invocation::session(const std::string& context) {
  for (auto& [name, other] : others_) {
    if (name == context) return *other;
  }
  others_.emplace_back(
      context,
      std::make_unique<Session>(
          [this, context] { return config::resolve(given(), config::environment, context); }, stop(), *this));
  return *others_.back().second;
}

Format Invocation::format(const Style& style) const {
  if (!asked_) return out_.terminal() ? style.on_terminal : style.in_pipe;
  if (*asked_ == Format::raw && !style.raw)
    throw usage("raw output is not available here", "use -o tsv or -o json");
  return *asked_;
}

TerminalStyle Invocation::terminal_style() const {
  const bool terminal = out_.terminal();
  return {.color = terminal::color(given().color.value_or("auto"), terminal),
          .people = terminal,
          .utc = given().utc,
          .width = terminal ? terminal::width() : 0,
          .measure = terminal::width};
}

bool Invocation::interactive() const { return terminal::interactive(); }

bool Invocation::ask(const std::string& question) {
  // The user may take longer than a server.
  if (session_) session_->lift_deadline();
  const bool yes = terminal::ask(text::visible(question), stop());
  if (stop()) throw Stopped{};
  if (session_) session_->arm_deadline(session_->timeout());
  return yes;
}

void Invocation::require_consent(bool forced, std::string_view doing) const {
  if (forced || interactive()) return;
  throw usage(fmt::format("{} needs confirmation, and this is not a terminal", doing),
              "--force does it without asking");
}

void Invocation::watch_reader() {
  if (Watchdog* const watchdog = Watchdog::current()) watchdog->watch_stdout();
}

// Threads inherit the policy.
void Invocation::take_turns() {
  const sched_param none{};
  (void)::sched_setscheduler(0, SCHED_BATCH, &none);
}

void Invocation::confirm(const std::string& question) {
  if (!ask(question)) throw Failure(Exit::failure, "nothing changed");
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

std::string Invocation::place(Session& session) {
  const auto& settings = session.settings();
  if (source_of_server(settings).starts_with("context"))
    return fmt::format("context \"{}\"", settings.context);
  return config::shown(settings.servers);
}

std::string Invocation::named(Session& session, std::string_view bucket) {
  const std::string from = source_of_server(session.settings());
  if (from == "default") return fmt::format("bucket \"{}\"", bucket);
  return fmt::format("bucket \"{}\" {} {}", bucket, from.starts_with("context") ? "of" : "at",
                     place(session));
}

}  // namespace natskv
