#include "base/parse.hpp"
#include "support/failing.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace natskv;
using test::failure;

namespace {

std::string key(const std::string& word) {
  return failure([&] { return parse::key(word); });
}
std::string pattern(const std::string& word) {
  return failure([&] { return parse::pattern(word); });
}
std::string common_of(const std::vector<std::string>& words) {
  return covering_filter(parse::patterns(words));
}

const std::string rule = " (keys are tokens of A-Z a-z 0-9 - / _ = joined by single dots)";
const std::string any_rule = " (keys are tokens of printable bytes without space, joined by single dots)";

}  // namespace

TEST_CASE("a key that may be written keeps to KEY") {
  for (const char* word : {"a", "a.b", "A-Z/09_=", "=", "/", "-", "a.b.c.d"}) {
    CAPTURE(word);
    CHECK(parse::key(word) == word);
  }
  CHECK(key("") == "2: KEY: the key is empty" + rule);
  for (const char* word : {".", "..", ".a", "a.", "a..b"}) {
    CAPTURE(word);
    CHECK(key(word) == "2: KEY: " + parse::quoted(word) + " has an empty token" + rule);
  }
  CHECK(key("x~y:z") == "2: KEY: \"x~y:z\" holds \"~\"" + rule);
  CHECK(key("a b") == "2: KEY: \"a b\" holds \" \"" + rule);
  CHECK(key("a.*") == "2: KEY: \"a.*\" holds \"*\"" + rule);
  CHECK(key("a.>") == "2: KEY: \"a.>\" holds \">\"" + rule);
  CHECK(key("k\xC3\xA9y") == "2: KEY: \"k\xC3\xA9y\" holds \"\xC3\xA9\"" + rule);
  CHECK(key("k\xFF") == "2: KEY: \"k\\xFF\" holds \"\\xFF\"" + rule);
  CHECK(key(std::string("a\0b", 3)) == "2: KEY: \"a\\x00b\" holds \"\\x00\"" + rule);
}

TEST_CASE("any key of printable bytes without space can be read") {
  for (const char* word : {"x~y:z", "a*b", "a.*", ">", "k\xC3\xA9y", "\xFF", "!\"#"}) {
    CAPTURE(word);
    CHECK(parse::any_key(word) == word);
  }
  for (const char* word : {"a b", "a\tb", "a\x7F", "\x01"}) {
    CAPTURE(word);
    CHECK(failure([&] { return parse::any_key(word); }).ends_with(any_rule));
  }
  CHECK(failure([] { return parse::any_key("a..b"); }) == "2: KEY: \"a..b\" has an empty token" + any_rule);
  CHECK(failure([] { return parse::any_key("", "PATTERN"); }) == "2: PATTERN: the key is empty" + any_rule);
}

TEST_CASE("a word with * as a token or > as the last one is a pattern, any other is a key") {
  for (const char* word : {"*", ">", "a.*", "a.*.b", "a.>", "*.*", "*.>", "x~y.*"}) {
    CAPTURE(word);
    CHECK(parse::pattern(word) == Pattern{word, true});
  }
  for (const char* word : {"a", "a.b", "x~y:z", "k\xC3\xA9y"}) {
    CAPTURE(word);
    CHECK(parse::pattern(word) == Pattern{word, false});
  }
}

TEST_CASE("a misplaced wildcard is refused, with what was probably meant") {
  const std::string hint = "\nhint: --literal takes it as the name of a key";
  const std::string star = ": * stands for a whole token; did you mean ";
  const std::string rest = ": > stands for one or more whole tokens at the end; did you mean ";
  CHECK(pattern("tmp*") == "2: \"tmp*\"" + star + "\"tmp.*\"?" + hint);
  CHECK(pattern("*tmp") == "2: \"*tmp\"" + star + "\"*.tmp\"?" + hint);
  CHECK(pattern("a*b.c") == "2: \"a*b.c\"" + star + "\"a.*.b.c\"?" + hint);
  CHECK(pattern("a.**") == "2: \"a.**\"" + star + "\"a.>\"?" + hint);
  CHECK(pattern("**") == "2: \"**\"" + star + "\">\"?" + hint);
  CHECK(pattern("a>") == "2: \"a>\"" + rest + "\"a.>\"?" + hint);
  CHECK(pattern("a.>.b") == "2: \"a.>.b\"" + rest + "\"a.*.b\"?" + hint);
  CHECK(pattern("a>b") == "2: \"a>b\"" + rest + "\"a.*.b\"?" + hint);
  CHECK(pattern(">.>") == "2: \">.>\"" + rest + "\"*.>\"?" + hint);
  CHECK(pattern("*.tmp*") == "2: \"*.tmp*\"" + star + "\"*.tmp.*\"?" + hint);
}

TEST_CASE("a proposal that a message could not show whole is left out") {
  CHECK(pattern("abcdefghijklmnopqrstuvwxyz*") ==
        "2: \"abcdefghijklmnopqrst…\": * stands for a whole token\nhint: --literal takes it as the name of a "
        "key");
  CHECK(pattern("a=secret*") ==
        "2: \"a=…\": * stands for a whole token\nhint: --literal takes it as the name of a key");
}

TEST_CASE("a pattern is checked as a key is") {
  CHECK(pattern("") == "2: PATTERN: the key is empty" + any_rule);
  CHECK(pattern("a..*") == "2: PATTERN: \"a..*\" has an empty token" + any_rule);
  CHECK(pattern("*.") == "2: PATTERN: \"*.\" has an empty token" + any_rule);
  CHECK(pattern("a .*") == "2: PATTERN: \"a .*\" holds \" \"" + any_rule);
}

TEST_CASE("where there is no --literal, none is pointed to") {
  CHECK(failure([] { return parse::pattern("tmp*", std::nullopt); }) ==
        "2: \"tmp*\": * stands for a whole token; did you mean \"tmp.*\"?");
  CHECK(parse::patterns({"a.*"}, std::nullopt) == std::vector<Pattern>{{"a.*", true}});
}

TEST_CASE("literal takes every word as a key") {
  for (const char* word : {"tmp*", "*", ">", "a>b", "a.*.b", "a"}) {
    CAPTURE(word);
    CHECK(parse::pattern(word, true) == Pattern{word, false});
  }
  CHECK(failure([] { return parse::pattern("a..b", true); }) ==
        "2: PATTERN: \"a..b\" has an empty token" + any_rule);
  CHECK(parse::patterns({"tmp*", "a"}, true) == std::vector<Pattern>{{"tmp*", false}, {"a", false}});
}

TEST_CASE("a key is matched token by token") {
  CHECK(matches("a", "a"));
  CHECK(matches("a.b", "a.b"));
  CHECK(matches("*", "a"));
  CHECK(matches("a.*", "a.b"));
  CHECK(matches("a.*.c", "a.b.c"));
  CHECK(matches(">", "a"));
  CHECK(matches(">", "a.b.c"));
  CHECK(matches("a.>", "a.b"));
  CHECK(matches("a.>", "a.b.c"));
  CHECK(matches("*.>", "a.b.c"));
  CHECK(matches("*.b", "\xFF.b"));

  CHECK_FALSE(matches("a", "b"));
  CHECK_FALSE(matches("a", "a.b"));
  CHECK_FALSE(matches("a.b", "a"));
  CHECK_FALSE(matches("a", "ab"));
  CHECK_FALSE(matches("ab", "a"));
  CHECK_FALSE(matches("*", "a.b"));
  CHECK_FALSE(matches("a.*", "a"));
  CHECK_FALSE(matches("a.*", "a.b.c"));
  CHECK_FALSE(matches("a.>", "a"));
  CHECK_FALSE(matches("a.>", "b.a"));
  CHECK_FALSE(matches("*.>", "a"));
  CHECK_FALSE(matches("A", "a"));
  CHECK_FALSE(matches(">", ""));
}

TEST_CASE("the common filter is the narrowest one that covers all patterns") {
  CHECK(common_of({}) == ">");
  CHECK(common_of({"a.b"}) == "a.b");
  CHECK(common_of({"a.*"}) == "a.*");
  CHECK(common_of({"a.>"}) == "a.>");
  CHECK(common_of({"a.b", "a.b"}) == "a.b");
  CHECK(common_of({"a.b", "a.c"}) == "a.*");
  CHECK(common_of({"a.b.c", "x.b.d"}) == "*.b.*");
  CHECK(common_of({"a.*.c", "a.b.c"}) == "a.*.c");
  CHECK(common_of({"a", "a.b"}) == ">");
  CHECK(common_of({"a.b", "a.b.c"}) == "a.>");
  CHECK(common_of({"a.b.c", "a.b"}) == "a.>");
  CHECK(common_of({"a.b.c", "a.b.c.d"}) == "a.b.>");
  CHECK(common_of({"a.>", "a.b"}) == "a.>");
  CHECK(common_of({"a.b.c.>", "a.x.c"}) == "a.*.>");
  CHECK(common_of({"a.b", "b.>"}) == "*.>");
  CHECK(common_of({">", "a.b.c"}) == ">");
  CHECK(common_of({"a.b", "a.c", "a.d.e"}) == "a.>");
  CHECK(common_of({"a.b.c", "x", "a.b.c"}) == ">");
}

TEST_CASE("the common filter of keys that hold wildcards is a filter that covers them") {
  CHECK(covering_filter(parse::patterns({"a.>"}, true)) == "a.>");
  CHECK(covering_filter(parse::patterns({"a.>", "a.>"}, true)) == "a.>");
  CHECK(covering_filter(parse::patterns({"a.>.b"}, true)) == "a.>");
  CHECK(covering_filter(parse::patterns({"a.*.b"}, true)) == "a.*.b");
  CHECK(covering_filter(parse::patterns({"tmp*"}, true)) == "tmp*");
  CHECK(covering_filter({Pattern{"a.b", false}, Pattern{"a.>", false}}) == "a.>");
}

TEST_CASE("the common filter covers whatever one of its patterns matches") {
  const std::vector<std::string> words{"a",   "b", "a.b",   "*",     "a.*",  "*.b",
                                       "a.>", ">", "a.b.c", "*.b.>", "a.*.c"};
  const std::vector<std::string> keys{"a", "b", "a.b", "b.b", "a.c", "a.b.c", "a.x.c", "x.b.y.z"};
  for (const auto& one : words) {
    for (const auto& other : words) {
      const std::string filter = common_of({one, other});
      for (const auto& name : keys) {
        CAPTURE(one);
        CAPTURE(other);
        CAPTURE(name);
        if (matches(one, name) || matches(other, name)) CHECK(matches(filter, name));
      }
    }
  }
}
