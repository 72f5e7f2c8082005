// SPEC 2: how the words of a command line are split before a parser sees them.
#include "app/globals.hpp"
#include "base/failure.hpp"
#include "cli/parse.hpp"
#include "commands/all.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace natskv;

namespace {

const Program program{commands::table(), declare_globals, commands::peers()};

Scan scanned(const Verb& verb, std::vector<std::string> words) {
  words.insert(words.begin(), std::string(verb.name));
  return scan(program, words);
}

// "<KEY>" for an argument, "--option=<VALUE>", "--flag": one a word, joined by blanks; COMMAND behind --.
std::string shape(const Scan& line) {
  std::string out;
  for (const auto& word : line.words) {
    if (!out.empty()) out += ' ';
    if (!word.named)
      out += "<" + word.text + ">";
    else if (!word.option->takes_value())
      out += word.option->long_name;
    else
      out +=
          (word.option->named.empty() ? word.option->long_name : word.option->named) + "=<" + word.text + ">";
  }
  if (line.command_begins) out += " --";
  for (const auto& word : line.command) out += " " + word;
  return line.help ? "help" : out;
}

std::string shape(const Verb& verb, const std::vector<std::string>& words) {
  const Scan line = scanned(verb, words);
  if (!line.help && line.wrong) FAIL(line.wrong->what());
  return shape(line);
}

std::string refusal(const Verb& verb, const std::vector<std::string>& words) {
  const Scan line = scanned(verb, words);
  if (line.help || !line.wrong) return "accepted: " + shape(line);
  CHECK(line.wrong->exit() == Exit::usage);
  return line.wrong->what();
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
  CHECK(shape(sandbox, {"--store", "x", "--", "sh", "-c", "true"}) == "--store=<x> -- sh -c true");
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
  const std::string text = R"(the value starts with "-"; write -- before it)";
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
  CHECK(shape(put, {"b", "k", "v", "-h"}) == "help");
  CHECK(shape(put, {"b", "k", "-F", "x", "-h"}) == "help");
  CHECK(shape(put, {"b", "k", "--", "-h"}) == "<b> <k> <-h>");
}

TEST_CASE("in VALUE's place -h is a value that was meant, not a question") {
  for (const std::string word : {"-h", "--help", "-qh"}) {
    CAPTURE(word);
    CHECK(refusal(put, {"b", "k", word}) == word + " is where VALUE is expected");
    CHECK(refusal(update, {"b", "k", word, "1"}) == word + " is where VALUE is expected");
  }
  CHECK(scanned(create, {"b", "k", "-h"}).wrong->hint() ==
        "natskv create --help shows help; write -- before it to store it");
}

TEST_CASE("the command is the first word that no global option takes") {
  const auto verb = [](const std::vector<std::string>& words) {
    const Scan line = scan(program, words);
    return line.bound.verb == nullptr ? "none" : std::string(line.bound.verb->name);
  };
  CHECK(verb({"-s", "get", "put"}) == "put");
  CHECK(verb({"--server=x", "-q", "ls"}) == "ls");
  CHECK(verb({"new", "b"}) == "add");
  CHECK(verb({"-q"}) == "none");
  CHECK(verb({"--", "ls"}) == "none");
  CHECK(scan(program, {"--bogus", "ls"}).wrong);
  CHECK(scan(program, {"-V"}).version);
  CHECK_FALSE(scan(program, {"get", "-V"}).version);
}

TEST_CASE("a line that is wrong is looked through for -j, alone and among others") {
  const auto asks_for_json = [](const std::vector<std::string>& words) {
    return presentation(scan(program, words)).json;
  };
  for (const std::vector<std::string>& words : {std::vector<std::string>{"get", "b", "k", "-j"},
                                                {"-qj", "get"},
                                                {"del", "b", "x*", "-fqj"},
                                                {"-jq"},
                                                {"--json"},
                                                {"-o", "json"},
                                                {"get", "-ojsonl", "--nonsense"},
                                                {"nonsense", "-j"},
                                                {"--output=json"}}) {
    CAPTURE(words.back());
    CHECK(asks_for_json(words));
  }
  for (const std::vector<std::string>& words : {std::vector<std::string>{"get", "b", "j"},
                                                {"-q"},
                                                {"put", "b", "k", "-Fj"},
                                                {"get", "-qsj"},
                                                {"get", "--", "-j"},
                                                {"sandbox", "--", "natskv", "-j"},
                                                {"--subject"},
                                                {"-5j"},
                                                {"-o", "tsv"}}) {
    CAPTURE(words.back());
    CHECK_FALSE(asks_for_json(words));
  }
}

TEST_CASE("secrets are found in a line that is wrong, too") {
  const auto secrets = [](const std::vector<std::string>& words) {
    std::string found;
    for (const auto& part : scan(program, words).secrets) found += words[part.at].substr(part.from) + ";";
    return found;
  };
  CHECK(secrets({"--user", "u", "get", "b", "k", "--password=p"}) == "u;p;");
  CHECK(secrets({"--token", "t", "nonsense", "--nonsense", "--password", "p"}) == "t;p;");
  CHECK(secrets({"--password", "-p", "get"}) == "-p;");
  CHECK(secrets({"put", "b", "k", "--", "--token=t"}).empty());
  CHECK(secrets({"sandbox", "--", "nats", "--token", "t"}).empty());
}

TEST_CASE("an unfinished line has an option without its value, or a place for an argument") {
  CHECK(scanned(get, {"b", "--revision"}).unfinished->long_name == "--revision");
  CHECK(scanned(get, {"b", "--revision=1"}).unfinished == nullptr);
  CHECK(scanned(put, {"b"}).next_argument()->long_name == "KEY");
  CHECK(scanned(put, {"b", "-q", "k"}).next_argument()->long_name == "VALUE");
  CHECK(scanned(put, {"b", "k", "v"}).next_argument() == nullptr);
}

TEST_CASE("a word of another tool is known") {
  const auto guess = [](const std::vector<std::string>& words) {
    return std::string(scan(program, words).wrong->what());
  };
  CHECK(guess({"set", "b", "k", "v"}) == R"(unknown command "set"; did you mean put?)");
  CHECK(guess({"remove"}) == R"(unknown command "remove"; did you mean rm (a bucket) or del (a key)?)");
  CHECK(guess({"rename"}) == R"(unknown command "rename"; did you mean cp, then del?)");
  CHECK(guess({"restore"}) == R"(unknown command "restore"; did you mean import?)");
  CHECK(guess({"version"}) == R"(unknown command "version"; did you mean --version?)");
  CHECK(guess({"kv", "ls"}) == R"(unknown command "kv"; did you mean ls?)");
  CHECK(guess({"his"}) == R"(unknown command "his"; did you mean history?)");
  CHECK(guess({"zzzz"}) == R"(unknown command "zzzz")");
  CHECK(guess({"get", "b", "k", "--rev", "1"}) == R"(unknown option "--rev"; did you mean --revision?)");
}
