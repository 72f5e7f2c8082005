// ctest: impatient
// What `natskv __complete` answers the shells.
#include "commands/all.hpp"
#include "docs/tree.hpp"
#include "support/buckets.hpp"
#include "support/client.hpp"
#include "support/completed.hpp"
#include "support/emulator.hpp"
#include "support/process.hpp"
#include "support/server.hpp"
#include "support/tcp.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

using namespace natskv::test;

namespace {

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("A word, its commands, options and choices are offered without a server") {
  const Place place;
  CHECK(place.offered({"rev"}) == Words{"revert"});
  CHECK(place.offered({"help", "comp"}) == Words{"compact", "completion"});
  CHECK(place.offered({"get", "b", "k", "--rev"}) == Words{"--revision"});
  CHECK(place.offered({"get", "b", "k", "--raw", "--ra"}) == Words{});
  CHECK(place.offered({"get", "--", "b", "k", "--ra"}) == Words{});
  CHECK(place.offered({"get", "-o", "js"}) == Words{"json", "jsonl"});
  CHECK(place.offered({"get", "--output=ra"}) == Words{"--output=raw"});
  CHECK(place.offered({"get", "-ojs"}) == Words{"-ojson", "-ojsonl"});
  CHECK(place.offered({"get", "-jjs"}) == Words{});
  CHECK(place.kind({"put", "config", "k", "-F./"}) == "files");
  CHECK(place.kind({"--context", "./"}) == "files");
  CHECK(place.kind({"--context=../w"}) == "files");
  CHECK(place.offered({"no-such-command", ""}) == Words{});
  CHECK(place.offered({"--no-such-option", ""}) == Words{});
  CHECK(place.offered({"put", "config", "top", ""}) == Words{});
}

TEST_CASE("Every command, alias and option is offered, with what it means") {
  const Place place;
  const auto commands = place.offered({""});
  const auto holds = [](const Words& words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
  };
  for (const auto& command : natskv::docs::commands()) {
    const std::string name(command.verb->name);
    CAPTURE(name);
    CHECK(holds(commands, name));
    for (const auto alias : command.verb->aliases) CHECK(holds(commands, alias));
    const auto options = place.offered({name, "-"});
    for (const auto& option : command.declaration->options()) {
      if (!option.is_option() || option.argument.hidden || option.long_name == "--version") continue;
      CAPTURE(option.long_name);
      CHECK(holds(options, option.long_name));
      CHECK((option.short_name.empty() || holds(options, option.short_name)));
    }
  }
  CHECK(holds(place.offered({"-"}), "--version"));
}

TEST_CASE("natskv completion prints each shell's script") {
  const Place place;
  for (const auto& [shell, file] : std::map<std::string, std::string>{
           {"bash", "natskv.bash"}, {"zsh", "_natskv"}, {"fish", "natskv.fish"}}) {
    const auto result = place.server.natskv({"completion", shell});
    CHECK(result.status == 0);
    CHECK(result.out == read_file(source_path("completions/" + file)));
  }
  CHECK(place.server.natskv({"completion", "tcsh"}).status == 2);
  CHECK(place.server.natskv({"completion"}).status == 2);
}

TEST_CASE("Every option's and argument's value is offered by its kind") {
  const Place place;
  std::filesystem::create_directories(place.folder / "config/nats/context");
  write_file(place.folder / "config/nats/context/work.json", "{}");
  for (const auto& command : natskv::docs::commands()) {
    CAPTURE(command.verb->name);
    Words before{std::string(command.verb->name)};
    const auto looks_right = [&](Words words, const natskv::Option& item) {
      CAPTURE(item.long_name);
      using natskv::Kind;
      switch (item.argument.kind) {
        case Kind::choice: {
          const auto& choices = item.argument.choices;
          CHECK(place.offered(words) == Words(choices.begin(), choices.end()));
          break;
        }
        case Kind::file:
          CHECK(place.kind(words) == "files");
          break;
        case Kind::directory:
          CHECK(place.kind(words) == "directories");
          break;
        case Kind::command:
          words.insert(words.end() - 1, "--");
          CHECK(place.kind(words) == "command");
          break;
        case Kind::context:
          CHECK(place.offered(words) == Words{"work"});
          break;
        case Kind::bucket:
        case Kind::bucket_or_file:
          CHECK(place.offered(words) == Words{"config"});
          break;
        case Kind::key:
        case Kind::pattern:
          if (!item.is_option()) break;
          words.insert(words.begin() + 1, "config");
          CHECK(place.offered(words) == Words{"app.", "mode:y", "mode=x", "top"});
          break;
        case Kind::revision:
          if (!item.is_option()) break;
          words.insert(words.begin() + 1, {"config", "top"});
          CHECK(place.offered(words) == Words{"7", "6"});
          break;
        default:
          break;
      }
    };
    for (const auto& item : command.declaration->options()) {
      // The global ones are the same everywhere.
      if (!item.is_option() || !item.takes_value() || item.argument.hidden) continue;
      if (item.global && command.verb != &natskv::commands::get) continue;
      Words words = before;
      words.insert(words.end(), {item.long_name, ""});
      looks_right(words, item);
    }
    for (const auto* item : command.arguments()) {
      Words words = before;
      words.emplace_back();
      looks_right(words, *item);
      using natskv::Kind;
      if (item->argument.kind == Kind::key || item->argument.kind == Kind::pattern) {
        CAPTURE(item->long_name);
        CHECK(place.offered(words) == Words{"app.", "mode:y", "mode=x", "top"});
      }
      if (item->argument.kind == Kind::revision) CHECK(place.offered(words) == Words{"7", "6"});
      before.emplace_back(item->argument.kind == Kind::bucket ? "config"
                          : item->argument.kind == Kind::key  ? "top"
                                                              : "x");
    }
  }
}

TEST_CASE("Revisions come with time and size, markers with their name; commands with their summary") {
  Place place;
  place.client.put("config", "top", "", {{"KV-Operation", "DEL"}});
  const auto answer = [&](Words words) { return without_times(place.ask(std::move(words)).out); };
  CHECK(answer({"revert", "config", "top", ""}) ==
        "words\n9\t####-##-## ##:##:## +00:00  DEL\n7\t####-##-## ##:##:## +00:00  5 B\n"
        "6\t####-##-## ##:##:## +00:00  5 B\n");
  CHECK(answer({"reve"}) == "words\nrevert\tStore the value of an old revision again\n");
  CHECK(answer({"get", "b", "k", "--consis"}) ==
        "words\n--consistent\task the stream's leader, not a replica that may lag\n");
}

TEST_CASE("A server that dies in the middle of an answer makes no noise") {
  // Of many keys, or of none.
  for (const char* delay : {"0.01", "0.05"}) {
    Server dying;
    Client client(dying.url());
    client.add_bucket("config");
    for (int i = 0; i < 3000; ++i) client.send("$KV.config.many.k" + std::to_string(i), "v");
    client.last_revision("config");
    Process killer(
        {.args = {"sh", "-c", "sleep " + std::string(delay) + "; kill -9 " + std::to_string(dying.pid())}});
    const auto result = natskv::test::natskv({"__complete", "--", "get", "config", "many."},
                                             {.env = {{"NATS_URL", dying.url()}}});
    killer.wait();
    CHECK_FALSE(result.timed_out);
    CHECK(result.status == 0);
    CHECK(result.err == "");
    CHECK((result.out.empty() || result.out.starts_with("words\n")));
  }
}

TEST_CASE("Buckets, levels of keys, revisions and contexts come from where they are") {
  const Place place;
  CHECK(place.offered({"get", ""}) == Words{"config"});
  CHECK(place.offered({"get", "config", ""}) == Words{"app.", "mode:y", "mode=x", "top"});
  CHECK(place.offered({"get", "config", "app."}) == Words{"app.db.", "app.name"});
  CHECK(place.offered({"get", "config", "app.*"}) == Words{});
  CHECK(place.offered({"revert", "config", "top", ""}) == Words{"7", "6"});
  CHECK(place.offered({"get", "config", "top", "--revision="}) == Words{"--revision=7", "--revision=6"});
  CHECK(place.offered({"get", "nobucket", ""}) == Words{});
  std::filesystem::create_directories(place.folder / "config/nats/context");
  write_file(place.folder / "config/nats/context/work.json", "{}");
  CHECK(place.offered({"--context", ""}) == Words{"work"});
  // What was typed counts, not the environment.
  CHECK(place.offered({"-s", "nats://127.0.0.1:1", "get", ""}) == Words{});
  write_file(place.folder / "config/nats/context/there.json", R"({"url": ")" + place.server.url() + "\"}");
  CHECK(place.offered({"-s", "nats://127.0.0.1:1", "cp", "x", "--to-context", "there", ""}) ==
        Words{"config"});
  const auto of_context = patient(place.server.command(
      {"__complete", "--", "--context", "there", "get", ""},
      {.env = {{"NATS_URL", std::nullopt}, {"XDG_CONFIG_HOME", place.folder / "config"}}}));
  CHECK(of_context.out == "words\nconfig\t\n");
  // Nobody is asked: standard input is the shell's.
  const auto asked = place.server.natskv({"__complete", "--", "--password-file", "-", "get", ""},
                                         {.open_stdin = true, .limit = 20});
  CHECK_FALSE(asked.timed_out);
  CHECK(asked.out == "");
}

TEST_CASE("Names that a terminal or a shell could obey are not offered raw") {
  Place place;
  place.client.put("config", "evil.$(touch${IFS}x)", "v");
  place.client.put("config", "evil.\x1b[31m", "v");
  place.client.put("config", "evil.\xe2\x80\xaegnp", "v");
  CHECK(place.offered({"get", "config", "evil."}) == Words{"evil.$(touch${IFS}x)"});
}

TEST_CASE("At most 200 words are offered, of a bucket of any size") {
  Place place;
  for (int i = 0; i < 300; ++i) place.client.send("$KV.config.many.k" + std::to_string(i), "v");
  CHECK(place.offered({"get", "config", "many."}).size() == 200);
}

TEST_CASE("Tab gives up, silently, on a server that does not answer") {
  Place place;
  const Listener silent;
  const auto nothing = [&](Words words) {
    words.insert(words.begin(), {"__complete", "--", "--timeout", "60s"});  // so that the limit tells
    const auto result = place.server.natskv(words, {.env = place.environment(), .limit = 20});
    CHECK_FALSE(result.timed_out);
    CHECK(all(result) == "0||");
  };
  nothing({"-s", silent.url(), "get", ""});
  place.server.pause();
  nothing({"get", "config", ""});
  nothing({"keys", ""});
  place.server.resume();
}

TEST_CASE("Tab gives up by itself, whatever --timeout says, and where names are not resolved") {
  const Listener silent;
  const auto asked = [](const std::string& server) {
    auto what = natskv_command({"__complete", "--", "-s", server, "--timeout", "60s", "get", ""});
    what.limit = 20;
    return what;
  };
  for (const auto& what : {asked(silent.url()), with_slow_names(asked("slow.example"))}) {
    const auto result = run(what);
    CHECK_FALSE(result.timed_out);
    CHECK(result.status == 0);
    CHECK(result.out == "");
    CHECK(result.err == "");
  }
}
