#include "app/natskv.hpp"

#include "base/text.hpp"
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

std::string_view code_name(Exit exit) {
  switch (exit) {
    case Exit::timed_out:
      return "timeout";
    case Exit::not_executable:
      return "not_executable";
    case Exit::no_such_command:
      return "no_such_command";
    default:
      break;
  }
  constexpr std::array names{"ok",       "failure",     "usage",       "not_found",
                             "conflict", "unreachable", "not_allowed", "unknown"};
  const auto at = static_cast<std::size_t>(exit);
  return at < names.size() ? names[at] : names[1];
}

std::string error_json(const Failure& failure, int status) {
  std::string line = fmt::format(R"({{"error":{{"exit":{},"code":"{}")", status, code_name(failure.exit()));
  const auto text = [&](std::string_view name, const std::string& value) {
    if (value.empty()) return;
    line += fmt::format(",\"{}\":", name);
    text::json_string(value, line);
  };
  text("bucket", failure.about().bucket);
  if (const std::string& key = failure.about().key; text::valid_utf8(key)) {
    text("key", key);
  } else {
    line += ",\"key_base64\":\"";
    text::base64(key, line);
    line += '"';
  }
  if (failure.about().revision != 0) line += fmt::format(",\"revision\":{}", failure.about().revision);
  text("message", failure.what());
  return line + "}}\n";
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

int Natskv::last_words(Why why, const Stop::Waiting& waiting) {
  if (why == Why::deadline) {
    report(Failure(waiting.write ? Exit::unknown : Exit::unreachable,
                   waiting.sentence.empty() ? "no end within the time-out" : waiting.sentence));
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

void Natskv::say(std::string_view prefix, std::string_view text) {
  if (auto* const watchdog = Watchdog::current(); watchdog != nullptr && stop_) watchdog->speaks();
  to_stderr(fmt::format("natskv: {}{}\n", prefix, text::visible(text)));
}

void Natskv::warn(std::string_view text) { say(verb_ + ": warning: ", text); }
void Natskv::note(std::string_view text) {
  if (!given_.quiet) say(verb_ + ": ", text);
}
std::shared_ptr<void> Natskv::waiting(const std::string& what) {
  return std::make_shared<Waiting>(what, given_.quiet);
}
void Natskv::hint(std::string_view text) {
  if (!given_.quiet) to_stderr(fmt::format("hint: {}\n", text::visible(text)));
}
void Natskv::trace(std::string_view line) { to_stderr(fmt::format("trace: {}\n", text::visible(line))); }

void Natskv::usage_page(std::string_view text) { to_stderr(text); }

void Natskv::print(const Failure& failure, std::optional<int> status) {
  say(verb_.empty() ? std::string() : verb_ + ": ", failure.what());
  if (!failure.hint().empty()) hint(failure.hint());
  if (json()) to_stderr(error_json(failure, status.value_or(static_cast<int>(failure.exit()))));
}

void Natskv::report(const Failure& failure) {
  print(failure);
  // The first of 7, 6, 5, 4, 3, 1 that occurred (SPEC 3); 2 can only come from natskv itself and ranks as 1
  // would.
  status(failure.exit());
}

}  // namespace natskv
