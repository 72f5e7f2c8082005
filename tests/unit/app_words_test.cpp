// SPEC 2: how the words of a command line are split before a parser sees them.
#include "app/words.hpp"
#include "base/failure.hpp"
#include "commands/all.hpp"
#include "config/settings.hpp"

#include <doctest/doctest.h>

#include <memory>

using natskv::Declared;
using natskv::Failure;

namespace {

struct Command {
  std::unique_ptr<natskv::Action> action;
  natskv::config::Given given;
  Declared declared;
  explicit Command(const natskv::Verb& verb) : action(verb.make()) {
    action->declare(declared);
    declared.globals();
    natskv::config::declare(declared, given);
  }
};

// "KEY" for an argument, "--option=VALUE", "--flag": one a word, joined by blanks.
std::string shape(const natskv::Verb& verb, const std::vector<std::string>& words) {
  Command command(verb);
  bool help = false;
  std::string out;
  for (const auto& word : natskv::split(words, command.declared, help)) {
    if (!out.empty()) out += ' ';
    if (word.option == nullptr)
      out += "<" + word.text + ">";
    else if (!word.option->takes_value())
      out += word.option->longer;
    else
      out += word.option->longer + "=<" + word.text + ">";
  }
  return help ? "help" : out;
}

std::string refusal(const natskv::Verb& verb, const std::vector<std::string>& words) {
  try {
    return "accepted: " + shape(verb, words);
  } catch (const Failure& failure) {
    CHECK(failure.exit() == natskv::Exit::usage);
    return failure.what();
  }
}

using namespace natskv::commands;

}  // namespace

TEST_CASE("words that only look special are ordinary arguments") {
  CHECK(shape(put, {"b", "k", "++"}) == "<b> <k> <++>");
  CHECK(shape(put, {"b", "k", "-"}) == "<b> <k> <->");
  CHECK(shape(put, {"b", "k", "-5"}) == "<b> <k> <-5>");
  CHECK(shape(put, {"b", "k", "[a,b]"}) == "<b> <k> <[a,b]>");
  CHECK(shape(put, {"b", "k", ""}) == "<b> <k> <>");
}

TEST_CASE("behind -- everything is an argument") {
  CHECK(shape(put, {"b", "k", "--", "--verbose"}) == "<b> <k> <--verbose>");
  CHECK(shape(put, {"--", "b", "k", "-q"}) == "<b> <k> <-q>");
  CHECK(shape(put, {"b", "k", "--", "--"}) == "<b> <k> <-->");
  CHECK(shape(sandbox, {"--store", "x", "--", "sh", "-c", "true"}) == "--store=<x> <sh> <-c> <true>");
}

TEST_CASE("options stand before, between and behind the arguments") {
  CHECK(shape(put, {"-q", "b", "--json", "k", "v", "--timeout=2s"}) ==
        "--quiet <b> --json <k> <v> --timeout=<2s>");
  CHECK(shape(put, {"b", "k", "-Ffile"}) == "<b> <k> --file=<file>");
  CHECK(shape(put, {"b", "k", "-F", "-"}) == "<b> <k> --file=<->");
  CHECK(shape(put, {"b", "k", "-qj", "v"}) == "<b> <k> --quiet --json <v>");
}

TEST_CASE("an empty value is a value") {
  CHECK(shape(put, {"b", "--token=", "k", "v"}) == "<b> --token=<> <k> <v>");
  CHECK(shape(get, {"b", "k", "--default", ""}) == "<b> <k> --default=<>");
}

TEST_CASE("in VALUE's place an option that is none is refused, never stored or skipped") {
  const std::string text =
      "the word in VALUE's place looks like an option and is none; write -- before a value that looks like "
      "an option";
  CHECK(refusal(put, {"b", "k", "--secret-value"}) == text);
  CHECK(refusal(put, {"b", "k", "-x"}) == text);
  CHECK(refusal(create, {"b", "k", "--Xy=1"}) == text);
  CHECK(refusal(update, {"b", "k", "-zzz", "5"}) == text);
}

TEST_CASE("an unknown option proposes the nearest") {
  CHECK(refusal(get, {"b", "k", "--revison", "3"}) ==
        "unknown option \"--revison\"; did you mean --revision?");
  CHECK(refusal(get, {"b", "k", "--zzzzzz"}) == "unknown option \"--zzzzzz\"");
  CHECK(refusal(get, {"b", "k", "-Z"}) == "unknown option \"-Z\"");
}

TEST_CASE("an option without its value is refused, and takes no other option for it") {
  CHECK(refusal(get, {"b", "k", "--revision"}) == "--revision needs a value");
  CHECK(refusal(get, {"b", "k", "--default", "--json"}) ==
        "--default needs a value (one that looks like an option is written --default=VALUE)");
  CHECK(shape(get, {"b", "k", "--default=--json"}) == "<b> <k> --default=<--json>");
  CHECK(refusal(get, {"b", "--raw=yes", "k"}) == "--raw takes no value");
}

TEST_CASE("help wins over whatever is wrong") {
  CHECK(shape(put, {"b", "--nonsense", "--help"}) == "help");
  CHECK(shape(put, {"b", "k", "-h"}) == "help");
  CHECK(shape(put, {"b", "k", "--", "-h"}) == "<b> <k> <-h>");
}

TEST_CASE("the command is the first word that is no global option") {
  Declared globals;
  natskv::config::Given given;
  natskv::config::declare(globals, given);
  CHECK(natskv::find_command({"-s", "get", "put"}, globals) == 2);
  CHECK(natskv::find_command({"--server=x", "-q", "ls"}, globals) == 2);
  CHECK(natskv::find_command({"-q"}, globals) == 1);
  CHECK_THROWS_AS(natskv::find_command({"--bogus", "ls"}, globals), Failure);
}

TEST_CASE("a line that is wrong is looked through for -j, alone and among others") {
  using natskv::asks_for_json;
  for (const std::vector<std::string>& words : {std::vector<std::string>{"get", "b", "k", "-j"},
                                                {"-qj", "get"},
                                                {"del", "b", "x*", "-fqj"},
                                                {"-jq"},
                                                {"--json"},
                                                {"-o", "json"},
                                                {"-ojsonl"},
                                                {"--output=json"}}) {
    CAPTURE(words.back());
    CHECK(asks_for_json(words));
  }
  for (const std::vector<std::string>& words : {std::vector<std::string>{"get", "b", "j"},
                                                {"-q"},
                                                {"-Fj"},
                                                {"-qsj"},
                                                {"--", "-j"},
                                                {"--subject"},
                                                {"-5j"},
                                                {"-o", "tsv"}}) {
    CAPTURE(words.back());
    CHECK_FALSE(asks_for_json(words));
  }
}
