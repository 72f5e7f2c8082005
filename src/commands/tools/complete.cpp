// __complete: what Tab offers. The shells' scripts call it with the words typed so far, the unfinished one
// last.
//
// The first line says what the rest is: `words` (a word, a tab and its meaning each), `files`, `directories`
// or `command` (the shell knows those; how many of the words before the last are the command's follows).
// Nothing is ever said on an error, nobody is asked, and after 500 ms it ends.
#include "app/natskv.hpp"
#include "app/words.hpp"
#include "base/text.hpp"
#include "commands/all.hpp"
#include "config/context.hpp"
#include "kv/read/watch.hpp"

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
constexpr std::chrono::milliseconds enough{300};  // of reading; then what came is offered
constexpr Span answer = milliseconds(350);        // for connecting and each answer
constexpr int last_resort_ms = 450;               // then nothing is

struct Silent final : Notices {
  std::shared_ptr<void> waiting(const std::string&) override { return nullptr; }
  void warn(std::string_view) override {}
  void note(std::string_view) override {}
  [[nodiscard]] bool tracing() const override { return false; }
  void trace(std::string_view) override {}
};

// Name resolution knows no limit, nor does a dead server's socket: the kernel ends what nothing else does.
void limit_our_time() {
  struct sigaction action {};
  action.sa_handler = [](int) { ::_exit(0); };
  ::sigaction(SIGALRM, &action, nullptr);
  const itimerval timer{.it_interval = {}, .it_value = {0, last_resort_ms * 1000}};
  ::setitimer(ITIMER_REAL, &timer, nullptr);
}

class Completer {
 public:
  Completer(std::vector<std::string> words, Stop& stop) : stop_(stop), before_(std::move(words)) {
    if (!before_.empty()) {
      current_ = std::move(before_.back());
      before_.pop_back();
    }
  }

  void run() {
    understand();
    if (pending_ != nullptr) return values(*pending_, current_, "");
    if (!only_arguments_ && current_.starts_with('-')) {
      return option();
    }
    if (verb_ == nullptr) return commands();
    const auto slots = declared_.positionals();
    const Declared::Item* slot = nullptr;
    if (arguments_.size() < slots.size())
      slot = slots[arguments_.size()];
    else if (!slots.empty() && slots.back()->argument.many)
      slot = slots.back();
    if (slot != nullptr && !slot->argument.hidden)
      values(*slot, current_, "");
    else if (!only_arguments_)
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

  // A name that a terminal might obey, or that is several words to a shell, is none to offer.
  void offer(const std::string& word, std::string_view begin, const std::string& meaning = {}) {
    if (!word.starts_with(begin) || offers_.size() >= most) return;
    const std::string shown = prefix_ + word;
    if (shown.find_first_of(" \t\n") != std::string::npos || text::visible(shown) != shown) return;
    offers_.push_back({shown, text::visible(meaning)});
  }

  // Which command, which options, which arguments: as the parser would, but for what is still missing.
  void understand() {
    config::declare(declared_, given_);
    const auto at = find_command(before_, declared_);
    if (at < before_.size() && before_[at] != "--") {
      verb_ = find(before_[at]);
      if (verb_ == nullptr) throw usage("no such command");
      action_ = verb_->make();
      declared_ = {};
      action_->declare(declared_);
      declared_.globals();
      config::declare(declared_, given_);
      before_.erase(before_.begin() + static_cast<std::ptrdiff_t>(at));
    }
    for (std::size_t i = 0; i < before_.size(); ++i) word(i);
  }

  void word(std::size_t& at) {
    const std::string& word = before_[at];
    if (only_arguments_ || !looks_like_option(word)) {
      if (!only_arguments_ && word == "--")
        only_arguments_ = true;
      else
        arguments_.push_back(word);
      return;
    }
    const auto equals = word.find('=');
    const bool longer = word.starts_with("--");
    const auto* item = declared_.option(longer ? word.substr(0, equals) : word.substr(0, 2));
    if (item == nullptr) return;
    typed_.push_back(item);
    if (!item->takes_value()) {
      *item->flag = true;
      return;
    }
    if (longer ? equals != std::string::npos : word.size() > 2)
      take(*item, word.substr(longer ? equals + 1 : 2));
    else if (at + 1 < before_.size())
      take(*item, before_[++at]);
    else
      pending_ = item;
  }

  void take(const Declared::Item& item, const std::string& value) {
    if (item.global) item.given(value);
    if (item.longer == "--to-context") other_context_ = value;
  }

  // "--output=js", "-ojs": what stands behind the name is a value.
  void option() {
    const bool longer = current_.starts_with("--");
    const auto equals = current_.find('=');
    if (longer ? equals == std::string::npos : current_.size() <= 2) return options();
    const auto* item = declared_.option(current_.substr(0, longer ? equals : 2));
    if (item == nullptr || !item->takes_value()) return;
    const auto begin = longer ? equals + 1 : 2;
    values(*item, current_.substr(begin), current_.substr(0, begin));
  }

  void options() {
    for (const auto& item : declared_.items()) {
      const bool again = item.argument.many || std::find(typed_.begin(), typed_.end(), &item) == typed_.end();
      if (item.option() && !item.argument.hidden && again)
        offer(item.longer, current_, std::string(item.argument.help));
    }
  }

  void commands() {
    for (const Verb* verb : table()) {
      if (verb->group == Group::hidden) continue;
      offer(std::string(verb->name), current_, std::string(verb->summary));
      for (const auto alias : verb->aliases) offer(std::string(alias), current_, std::string(verb->summary));
    }
  }

  // `prefix` is the part of the word that stays: "--context=".
  void values(const Declared::Item& item, const std::string& begin, const std::string& prefix) {
    prefix_ = prefix;
    switch (item.argument.kind) {
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
        for (const auto choice : item.argument.choices) offer(std::string(choice), begin);
        return;
      case Kind::file:
        kind_ = "files";
        return;
      case Kind::directory:
        kind_ = "directories";
        return;
      case Kind::command:
        kind_ = "command";
        offer(std::to_string(arguments_.size()), "");
        return;
      case Kind::text:
        if (verb_ == &help && item.longer == "COMMAND") commands();
        return;
      case Kind::value:
      case Kind::count:
      case Kind::duration:
      case Kind::size:
        return;
    }
  }

  Session& session(const std::optional<std::string>& context = {}) {
    // Standard input is the shell's.
    if (given_.password_file == "-" || given_.token_file == "-") throw usage("nobody is asked");
    given_.timeout = answer;
    session_ = std::make_unique<Session>(
        [this, context] { return config::resolve(given_, config::environment, context); }, stop_, silent_);
    return *session_;
  }

  // The word in a slot of this Kind, or "".
  [[nodiscard]] std::string argument(std::initializer_list<Kind> kinds) const {
    const auto slots = declared_.positionals();
    for (std::size_t i = 0; i < slots.size() && i < arguments_.size(); ++i) {
      for (const Kind kind : kinds) {
        if (slots[i]->argument.kind == kind) return arguments_[i];
      }
    }
    return {};
  }

  [[nodiscard]] bool late() const { return Clock::now() - started_ > enough; }

  void buckets(const std::string& begin) {
    // cp SRC DST: the second bucket may be another server's.
    Session& names = session(argument({Kind::bucket}).empty() ? std::nullopt : other_context_);
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
    entries_ = std::make_unique<EntryStream>(session(), bucket,
                                             Listing{.patterns = {{above + ">", true}}, .values = false});
    std::set<std::string> found;
    while (const Entry* entry = entries_->next_current()) {
      if (!entry->marker() && entry->key.starts_with(begin)) {
        const auto next = entry->key.find('.', above.size());
        found.emplace(entry->key.substr(0, next == std::string_view::npos ? next : next + 1));
      }
      if (found.size() >= most || late()) break;
    }
    for (const auto& key : found) offer(key, begin);
  }

  // The latest first: it is what a compare-and-set wants.
  void revisions(const std::string& begin) {
    const std::string bucket = argument({Kind::bucket});
    const std::string key = argument({Kind::key, Kind::pattern});
    if (bucket.empty() || key.empty()) return;
    entries_ = std::make_unique<EntryStream>(
        session(), bucket, Listing{.patterns = {{key, false}}, .history = true, .values = false});
    std::vector<Offer> found;
    while (const Entry* entry = entries_->next_current()) {
      const std::string what = entry->marker() ? std::string(name_of(entry->operation))
                                               : text::human_size(static_cast<std::int64_t>(entry->size));
      found.push_back(
          {std::to_string(entry->revision), text::local_time(entry->created, given_.utc) + "  " + what});
      if (late()) break;
    }
    for (auto at = found.rbegin(); at != found.rend(); ++at) offer(at->word, begin, at->meaning);
  }

  Stop& stop_;
  Clock::time_point started_ = Clock::now();
  std::vector<std::string> before_;
  std::string current_, prefix_, kind_ = "words";
  Declared declared_;
  config::Given given_;
  const Verb* verb_ = nullptr;
  std::unique_ptr<Action> action_;
  const Declared::Item* pending_ = nullptr;
  bool only_arguments_ = false;
  std::vector<std::string> arguments_;
  std::vector<const Declared::Item*> typed_;
  std::optional<std::string> other_context_;
  std::vector<Offer> offers_;
  Silent silent_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<EntryStream> entries_;
};

class Complete final : public Action {
  std::vector<std::string> words_;

  void declare(Arguments& a) override {
    a.take({.name = "WORD", .kind = Kind::command, .help = "what was typed, behind --", .many = true},
           words_);
  }

  int run(Natskv& natskv) override {
    limit_our_time();
    Completer completer(words_, natskv.stop());
    try {
      completer.run();
    } catch (...) {  // whatever it was, a person who presses Tab has not asked for it
      return 0;
    }
    natskv.out().write(completer.text());
    natskv.out().flush();
    return 0;
  }
};

}  // namespace

const Verb complete{
    .name = "__complete",
    .aliases = {},
    .group = Group::hidden,
    .summary = "What Tab offers",
    .description =
        "Called by the completion scripts: natskv __complete -- WORD… with the unfinished word last.",
    .examples = "$ natskv __complete -- pur\nwords\npurge\tRemove keys with their history\n",
    .make = make_action<Complete>,
};

}  // namespace natskv::commands
