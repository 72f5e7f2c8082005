#include "base/failure.hpp"
#include "commands/keys/watch_state.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

using natskv::Failure;
using natskv::Pattern;
using namespace natskv::commands;

namespace {

const WatchState state{
    .bucket = "b", .created = "2026-11-30T01:55:00.123456789Z", .patterns = {"a.*", "k"}, .revision = 17};
const std::vector<Pattern> same{{"k", false}, {"a.*", true}};

}  // namespace

TEST_CASE("a state is one line of JSON, and is read as it was written") {
  CHECK(to_json(state) == R"({"bucket":"b","created":"2026-11-30T01:55:00.123456789Z",)"
                          R"("patterns":["a.*","k"],"revision":17})"
                          "\n");
  CHECK(parse_watch_state(to_json(state)) == state);
  auto largest = state;
  largest.revision = std::numeric_limits<std::uint64_t>::max();
  largest.patterns.clear();
  CHECK(parse_watch_state(to_json(largest)) == largest);
  CHECK(parse_watch_state(" {\"revision\": 3, \"bucket\":\"b\",\n\"created\":\"c\", \"patterns\":[]}")
            ->revision == 3);
}

TEST_CASE("a state that is torn anywhere is none, nor is anything else") {
  const std::string whole = to_json(state);
  for (std::size_t size = 0; size + 1 < whole.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(parse_watch_state(whole.substr(0, size)));
    CHECK_FALSE(parse_watch_state(whole.substr(0, size) + std::string(whole.size() - size, '\0')));
  }
  for (const char* other :
       {"null", "[]", "17", "{}", R"({"bucket":1,"created":"c","patterns":[],"revision":1})",
        R"({"bucket":"b","created":"c","patterns":"k","revision":1})",
        R"({"bucket":"b","created":"c","patterns":[1],"revision":1})",
        R"({"bucket":"b","created":"c","patterns":[],"revision":-1})",
        R"({"bucket":"b","created":"c","patterns":[],"revision":1.5})",
        R"({"bucket":"b","created":"c","patterns":[],"revision":"1"})",
        R"({"bucket":"b","created":"c","patterns":[],"revision":18446744073709551616})",
        R"({"bucket":"b","created":"c","revision":1})"}) {
    CAPTURE(other);
    CHECK_FALSE(parse_watch_state(other));
  }
  CHECK_FALSE(parse_watch_state(whole + "x"));
  CHECK_FALSE(parse_watch_state(whole + whole));
}

TEST_CASE(
    "patterns are named sorted and once; a key that reads as one, or is not UTF-8, has a name of its own") {
  CHECK(named({}) == std::vector<std::string>{});
  CHECK(named({{"k", false}, {"a.*", true}, {"k", false}}) == std::vector<std::string>{"a.*", "k"});
  CHECK(named({{"*", true}}) != named({{"*", false}}));
  CHECK(named({{"*", false}}) == std::vector<std::string>{"literal *"});
  CHECK(named({{"\xff", false}}) == std::vector<std::string>{"base64 /w=="});
  WatchState written = state;
  written.patterns = named({{"\xff", false}, {">", false}});
  CHECK(parse_watch_state(to_json(written)) == written);
}

TEST_CASE("a watch goes on after the state's revision, whatever the order of the patterns") {
  const auto begin = beginning(state, "b", same, "\"f\"");
  REQUIRE(begin.resume);
  CHECK(begin.resume->created == state.created);
  CHECK(begin.resume->revision == 17);
  CHECK(begin.because == "");
}

TEST_CASE("the state of another bucket begins with the current values, and says so") {
  const auto begin = beginning(state, "c", same, "\"f\"");
  CHECK_FALSE(begin.resume);
  CHECK(begin.because ==
        "state file \"f\" belongs to bucket \"b\"; starting from the current values of \"c\"");
}

TEST_CASE("a state of other patterns is refused") {
  for (const std::vector<Pattern>& other :
       {std::vector<Pattern>{}, {{"k", false}}, {{"k", false}, {"a.*", true}, {"z", false}}}) {
    try {
      (void)beginning(state, "b", other, "\"f\"");
      FAIL("it was not refused");
    } catch (const Failure& failure) {
      CHECK(failure.exit() == natskv::Exit::usage);
      CHECK(std::string(failure.what()) == "state file \"f\" belongs to other keys or patterns");
    }
  }
}
