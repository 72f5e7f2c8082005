#include "cli/declaration.hpp"
#include "support/failing.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <set>
#include <string>
#include <utility>

using namespace natskv;
using test::failure;

namespace {

/// Plays the command line.
class Declared final : public Declaration {
 public:
  void give(std::string_view name, const std::string& word) { argument_called(name).on_value(word); }
  [[nodiscard]] const Argument& argument(std::string_view name) const {
    return argument_called(name).argument;
  }

 private:
  [[nodiscard]] const Option& argument_called(std::string_view name) const {
    return *std::find_if(options().begin(), options().end(),
                         [&](const Option& option) { return option.is_called(spoken(name)); });
  }
};

std::string refusal(const Argument& argument, const std::string& word) {
  Declared declared;
  std::string text = "untouched";
  declared.take(argument, text);
  std::string result = failure([&] {
    declared.give(argument.name, word);
    return 0;
  });
  CHECK(text == (result == "no failure" ? word : "untouched"));
  return result;
}

}  // namespace

TEST_CASE("each kind has a placeholder of its own") {
  std::set<std::string_view> words;
  for (int kind = 0; kind <= static_cast<int>(Kind::command); ++kind) {
    const std::string_view word = placeholder(static_cast<Kind>(kind));
    CHECK_FALSE(word.empty());
    words.insert(word);
  }
  CHECK(words.size() == static_cast<std::size_t>(Kind::command) + 1);
  CHECK(placeholder(Kind::bucket) == "BUCKET");
  CHECK(placeholder(Kind::size) == "BYTES");
}

TEST_CASE("a bucket and a key are required and checked") {
  Declared declared;
  std::string bucket;
  std::string key;
  std::string source;
  declared.bucket(bucket);
  declared.bucket(source, "SRC");
  declared.key(key);
  CHECK(declared.argument("BUCKET").required);
  CHECK(declared.argument("BUCKET").kind == Kind::bucket);
  CHECK(declared.argument("KEY").required);
  CHECK(declared.argument("KEY").kind == Kind::key);
  declared.give("BUCKET", "b");
  declared.give("KEY", "a.b");
  CHECK(bucket == "b");
  CHECK(key == "a.b");
  CHECK(failure([&] {
          declared.give("SRC", "a.b");
          return 0;
        }).starts_with("2: SRC: \"a.b\" is not a bucket name"));
  CHECK(failure([&] {
          declared.give("KEY", "a..b");
          return 0;
        }).starts_with("2: KEY: \"a..b\" has an empty token"));
}

TEST_CASE("a word is checked by its kind and refused under the option's long name") {
  const auto option = [](Kind kind) { return Argument{.name = "-x,--example", .kind = kind, .help = ""}; };
  CHECK(refusal(option(Kind::bucket), "a b").starts_with("2: --example: \"a b\" is not a bucket name"));
  CHECK(refusal(option(Kind::key), "a*").starts_with("2: --example: \"a*\" holds \"*\""));
  CHECK(refusal(option(Kind::pattern), "a b").starts_with("2: --example: \"a b\" holds \" \""));
  CHECK(refusal(option(Kind::pattern), "tmp*") == "no failure");
  CHECK(refusal(option(Kind::revision), "0").starts_with("2: --example: \"0\" is not a revision"));
  CHECK(refusal(option(Kind::count), "").starts_with("2: --example: \"\" is not a number"));
  CHECK(refusal(option(Kind::duration), "5").starts_with("2: --example: \"5\" is not a duration"));
  CHECK(refusal(option(Kind::size), "1.5K").starts_with("2: --example: \"1.5K\" is not a size"));
  CHECK(refusal(option(Kind::file), "") == "2: --example: \"\" is not a name (an unset variable?)");
  CHECK(refusal(option(Kind::directory), "") == "2: --example: \"\" is not a name (an unset variable?)");
  CHECK(refusal(option(Kind::context), "") == "2: --example: \"\" is not a name (an unset variable?)");
  CHECK(refusal(option(Kind::text), "") == "no failure");
  CHECK(refusal(option(Kind::value), "") == "no failure");
  CHECK(refusal(option(Kind::command), "") == "no failure");
}

TEST_CASE("a choice is one of those named") {
  const Argument storage{
      .name = "--storage", .kind = Kind::choice, .help = "", .choices = {"file", "memory"}};
  CHECK(refusal(storage, "memory") == "no failure");
  CHECK(refusal(storage, "disk") == "2: --storage: \"disk\" is not one of file, memory");
  CHECK(refusal(storage, "") == "2: --storage: \"\" is not one of file, memory");
}

TEST_CASE("words become values of the member's type") {
  Declared declared;
  std::optional<std::string> text;
  std::optional<std::uint64_t> revision;
  std::optional<std::uint64_t> count;
  std::optional<Span> ttl;
  std::optional<Size> limit;
  std::vector<std::string> tags;
  declared.take({.name = "--text", .kind = Kind::text, .help = ""}, text);
  declared.take({.name = "--revision", .kind = Kind::revision, .help = ""}, revision);
  declared.take({.name = "--count", .kind = Kind::count, .help = ""}, count);
  declared.take({.name = "--ttl", .kind = Kind::duration, .help = ""}, ttl);
  declared.take({.name = "--limit", .kind = Kind::size, .help = ""}, limit);
  declared.take({.name = "--tags", .kind = Kind::text, .help = "", .many = true}, tags);

  declared.give("--text", "");
  declared.give("--revision", "18446744073709551615");
  declared.give("--count", "0");
  declared.give("--ttl", "1m");
  declared.give("--limit", "-1");
  declared.give("--tags", "[a,b]");
  declared.give("--tags", "c");
  CHECK(text == "");
  CHECK(revision == std::numeric_limits<std::uint64_t>::max());
  CHECK(count == std::uint64_t{0});
  CHECK(ttl == seconds(60));
  CHECK(limit == Size{-1});
  CHECK(tags == std::vector<std::string>{"[a,b]", "c"});

  CHECK(failure([&] {
          declared.give("--revision", "0");
          return 0;
        }).starts_with("2: --revision: \"0\" is not a revision"));
  CHECK(failure([&] {
          declared.give("--count", "-1");
          return 0;
        }).starts_with("2: --count: \"-1\" is not a number"));
  CHECK(failure([&] {
          declared.give("--ttl", "-1s");
          return 0;
        }).starts_with("2: --ttl: \"-1s\" is negative"));
  CHECK(failure([&] {
          declared.give("--limit", "-2");
          return 0;
        }).starts_with("2: --limit: \"-2\" is not a size"));
}

TEST_CASE("what follows -- is COMMAND, and a KEY before it has a name") {
  Declaration declared;
  std::string bucket;
  std::vector<std::string> keys, command;
  declared.bucket(bucket);
  declared.take({.name = "KEY", .kind = Kind::pattern, .help = "", .many = true}, keys);
  CHECK(declared.command() == nullptr);
  CHECK(declared.option("--key") == nullptr);
  declared.command(command, "what to run", true);
  REQUIRE(declared.command() != nullptr);
  CHECK(declared.arguments().size() == 2);
  CHECK(declared.option("--key") == declared.arguments()[1]);
  declared.command()->on_value("sh");
  declared.command()->on_value("-c");
  CHECK(command == std::vector<std::string>{"sh", "-c"});
}

TEST_CASE("exclusion holds both ways, and for an argument too") {
  Declaration declared;
  std::optional<std::string> value, file;
  bool json = false;
  declared.take({.name = "VALUE", .kind = Kind::value, .help = ""}, value);
  declared.take({.name = "-F,--file", .kind = Kind::file, .help = ""}, file);
  declared.flag("--json", json, "");
  declared.excludes("VALUE", "--file");
  const auto& options = declared.options();
  CHECK(declared.exclusion(options[0], options[1]) != nullptr);
  CHECK(declared.exclusion(options[1], options[0]) != nullptr);
  CHECK(declared.exclusion(options[1], options[2]) == nullptr);
}
