// __complete: what Tab offers. The shells' scripts call it with the words typed so far, the unfinished one
// last.
//
// The first line says what follows: `words` (each with a tab and its meaning), `files`, `directories` or
// `command` (which the shell completes; followed by how many of the words before the last are the command's).
// Errors are silent, no questions are asked, and after 500 ms it ends.
#include "app/invocation.hpp"
#include "base/text.hpp"
#include "cli/parse.hpp"
#include "commands/all.hpp"
#include "config/context.hpp"
#include "kv/read/listing.hpp"

#include <nlohmann/json.hpp>

#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <set>

namespace natskv::commands {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t most = 200;
constexpr std::chrono::milliseconds enough{300};  // for reading; then whatever came is offered
constexpr Span answer = milliseconds(350);        // for connecting and each answer
constexpr int last_resort_ms = 450;               // then nothing is offered

struct Silent final : Reporter {
  std::shared_ptr<void> waiting(const std::string&) override { return nullptr; }
  void warn(std::string_view) override {}
  void note(std::string_view) override {}
  [[nodiscard]] bool tracing() const override { return false; }
  void trace(std::string_view) override {}
};

// Name resolution has no time-out, nor has a dead server's socket: a timer of the kernel ends the process.
void limit_our_time() {
  struct sigaction action {};
  action.sa_handler = [](int) { ::_exit(0); };
  ::sigaction(SIGALRM, &action, nullptr);
  const itimerval timer{.it_interval = {}, .it_value = {0, last_resort_ms * 1000}};
  ::setitimer(ITIMER_REAL, &timer, nullptr);
}

class Completer {
 public:
  // The unfinished word is the last.
  Completer(const Program& program, const std::vector<std::string>& words, Stop& stop)
      : program_(program),
        stop_(stop),
        current_(words.empty() ? std::string() : words.back()),
        line_(scan(program, {words.begin(), words.end() - (words.empty() ? 0 : 1)})) {
    accept_globals(line_);
  }

  void run() {
    if (line_.no_such_command) return;
    if (line_.bound.verb == nullptr && line_.wrong && line_.unfinished == nullptr) return;
    if (line_.command_begins) {
      kind_ = "command";
      return offer(std::to_string(line_.command.size()), "");
    }
    if (line_.unfinished != nullptr) return values(*line_.unfinished, current_, "");
    if (!line_.only_arguments && current_.starts_with('-')) return option();
    if (line_.bound.verb == nullptr) return commands();
    const Option* argument = line_.next_argument();
    if (argument != nullptr && !argument->argument.hidden)
      values(*argument, current_, "");
    else if (!line_.only_arguments)
      options();
  }

  [[nodiscard]] std::string text() const {
    std::string out = kind_ + "\n";
    for (const auto& [word, meaning] : offers_) out.append(word).append("\t").append(meaning).append("\n");
    return out;
  }

 private:
  struct Offer {
    std::string word, meaning;
  };

  // Names that a terminal might obey, or that a shell would split, are not offered.
  void offer(const std::string& word, std::string_view begin, const std::string& meaning = {}) {
    if (!word.starts_with(begin) || offers_.size() >= most) return;
    const std::string shown = prefix_ + word;
    if (shown.find_first_of(" \t\n") != std::string::npos || text::visible(shown) != shown) return;
    offers_.push_back({shown, text::visible(meaning)});
  }

  // "--output=js", "-ojs": what follows the name is a value.
  void option() {
    const bool is_long = current_.starts_with("--");
    const auto equals = current_.find('=');
    if (is_long ? equals == std::string::npos : current_.size() <= 2) return options();
    const Option* option = declared().option(current_.substr(0, is_long ? equals : 2));
    if (option == nullptr || !option->takes_value()) return;
    const auto begin = is_long ? equals + 1 : 2;
    values(*option, current_.substr(begin), current_.substr(0, begin));
  }

  // The command's own first.
  void options() {
    for (const bool global : {false, true}) {
      for (const auto& option : declared().options()) {
        const bool again = option.argument.many || !line_.has(option);
        const bool version = option.flag == &line_.bound.given->version && line_.bound.verb != nullptr;
        if (!option.is_option() || option.global != global || option.argument.hidden || !again || version)
          continue;
        for (const auto& name : {option.short_name, option.long_name}) {
          if (!name.empty()) offer(name, current_, std::string(option.argument.help));
        }
      }
    }
    for (const Option* argument : declared().arguments()) {
      if (!argument->named.empty() && (argument->argument.many || !line_.has(*argument)))
        offer(argument->named, current_, std::string(argument->argument.help));
    }
  }

  void commands() {
    for (const Verb* verb : program_.verbs) {
      if (verb->group == Group::hidden) continue;
      offer(std::string(verb->name), current_, std::string(verb->summary));
      for (const auto alias : verb->aliases) offer(std::string(alias), current_, std::string(verb->summary));
    }
  }

  // `prefix` is the part of the word that is kept: "--context=".
  void values(const Option& option, const std::string& begin, const std::string& prefix) {
    prefix_ = prefix;
    switch (option.argument.kind) {
      case Kind::bucket_or_file:
        if (begin.find_first_of("./") == std::string::npos) return buckets(begin);
        kind_ = "files";
        return;
      case Kind::bucket:
        return buckets(begin);
      case Kind::key:
      case Kind::pattern:
        return keys(begin);
      case Kind::revision:
        return revisions(begin);
      case Kind::context:
        if (begin.find('/') != std::string::npos) {  // a context's file
          kind_ = "files";
          return;
        }
        for (const auto& name : config::Contexts(config::environment).names()) offer(name, begin);
        return;
      case Kind::choice:
        for (const auto choice : option.argument.choices) offer(std::string(choice), begin);
        return;
      case Kind::file:
        kind_ = "files";
        return;
      case Kind::directory:
        kind_ = "directories";
        return;
      case Kind::topic:
        for (const auto topic : option.argument.choices) offer(std::string(topic), begin);
        return commands();
      case Kind::text:
      case Kind::value:
      case Kind::count:
      case Kind::duration:
      case Kind::size:
      case Kind::command:
        return;
    }
  }

  [[nodiscard]] const Declaration& declared() const { return *line_.bound.declaration; }

  Session& session(const std::optional<std::string>& context = {}) {
    // Standard input is the shell's.
    config::Given& given = *line_.bound.given;
    if (given.password_file == "-" || given.token_file == "-") throw usage("nobody is asked");
    given.timeout = answer;
    session_ = std::make_unique<Session>(
        [this, context] { return config::resolve(*line_.bound.given, config::environment, context); }, stop_,
        silent_);
    return *session_;
  }

  // The argument of this Kind, or "".
  [[nodiscard]] std::string argument(std::initializer_list<Kind> kinds) const {
    for (const auto& word : line_.words) {
      if (word.option == nullptr || word.option->is_option()) continue;
      if (std::find(kinds.begin(), kinds.end(), word.option->argument.kind) != kinds.end()) return word.text;
    }
    return {};
  }

  // For an option of the command that names a context: --to-context.
  [[nodiscard]] std::optional<std::string> other_context() const {
    for (const auto& word : line_.words) {
      const Option* option = word.option;
      if (option != nullptr && !option->global && option->is_option() &&
          option->argument.kind == Kind::context)
        return word.text;
    }
    return {};
  }

  [[nodiscard]] bool late() const { return Clock::now() - started_ > enough; }

  void buckets(const std::string& begin) {
    // cp SRC DST: the second bucket may be another server's.
    Session& names = session(argument({Kind::bucket}).empty() ? std::nullopt : other_context());
    std::uint64_t offset = 0;
    for (;;) {
      const auto page = names.api("STREAM.NAMES", nlohmann::json{{"offset", offset}}.dump());
      const auto at = page.find("streams");
      if (at == page.end() || !at->is_array() || at->empty()) return;
      for (const auto& name : *at) {
        const auto stream = name.get<std::string>();
        if (stream.starts_with("KV_")) offer(stream.substr(3), begin);
      }
      offset += at->size();
      if (offset >= page.value("total", std::uint64_t{0}) || late()) return;
    }
  }

  // The next level below what was typed, not all keys below it.
  void keys(const std::string& begin) {
    const std::string bucket = argument({Kind::bucket});
    if (bucket.empty() || begin.find_first_of("*> \t") != std::string::npos) return;
    const auto dot = begin.rfind('.');
    const std::string above = dot == std::string::npos ? "" : begin.substr(0, dot + 1);
    entries_ = std::make_unique<Listing>(session(), bucket,
                                         ReadOptions{.patterns = {{above + ">", true}}, .values = false});
    std::set<std::string> found;
    while (const Entry* entry = entries_->next()) {
      if (!entry->marker() && entry->key.starts_with(begin)) {
        const auto next = entry->key.find('.', above.size());
        found.emplace(entry->key.substr(0, next == std::string_view::npos ? next : next + 1));
      }
      if (found.size() >= most || late()) break;
    }
    for (const auto& key : found) offer(key, begin);
  }

  // The latest first, because a compare-and-set needs it.
  void revisions(const std::string& begin) {
    const std::string bucket = argument({Kind::bucket});
    const std::string key = argument({Kind::key, Kind::pattern});
    if (bucket.empty() || key.empty()) return;
    entries_ = std::make_unique<Listing>(
        session(), bucket, ReadOptions{.patterns = {{key, false}}, .history = true, .values = false});
    std::vector<Offer> found;
    while (const Entry* entry = entries_->next()) {
      const std::string what = entry->marker() ? std::string(name_of(entry->operation))
                                               : text::human_size(static_cast<std::int64_t>(entry->size));
      found.push_back({std::to_string(entry->revision),
                       text::local_time(entry->created, line_.bound.given->utc) + "  " + what});
      if (late()) break;
    }
    for (auto at = found.rbegin(); at != found.rend(); ++at) offer(at->word, begin, at->meaning);
  }

  const Program& program_;
  Stop& stop_;
  Clock::time_point started_ = Clock::now();
  std::string current_, prefix_, kind_ = "words";
  Scan line_;
  std::vector<Offer> offers_;
  Silent silent_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<Listing> entries_;
};

class Complete final : public Action {
  std::vector<std::string> words_;

  void declare(Declaration& a) override { a.command(words_, "what was typed"); }

  int run(Invocation& natskv) override {
    limit_our_time();
    try {
      Completer completer(natskv.program(), words_, natskv.stop());
      completer.run();
      natskv.out().write(completer.text());
    } catch (...) {  // errors are not shown to someone who presses Tab
      return 0;
    }
    natskv.out().flush();
    return 0;
  }
};

}  // namespace

const Verb complete{
    .name = "__complete",
    .group = Group::hidden,
    .summary = "What Tab offers",
    .description =
        "Called by the completion scripts: natskv __complete -- WORD… with the unfinished word last.",
    .examples = "$ natskv __complete -- pur\nwords\npurge\tRemove keys with their history\n",
    .make = make_action<Complete>,
};

}  // namespace natskv::commands
