#include "kv/read/ending.hpp"

#include <doctest/doctest.h>

#include <string>
#include <variant>
#include <vector>

using natskv::Ending;
using Ask = Ending::Ask;

namespace {

struct Started {
  std::uint64_t last, waiting;
};
struct Restarted {
  std::uint64_t waiting;
};
struct Delivered {
  std::uint64_t sequence, pending;
};
struct Silence {};
struct StreamAt {
  std::uint64_t last;
};
struct ConsumerAt {
  std::uint64_t delivered, pending;
};
struct HeartbeatAt {
  std::uint64_t delivered, looked_through;
};
using Event = std::variant<Started, Restarted, Delivered, Silence, StreamAt, ConsumerAt, HeartbeatAt>;

struct Tell {
  Ending& ending;
  Ask operator()(Started e) const { return ending.started(e.last, e.waiting); }
  Ask operator()(Restarted e) const { return ending.restarted(e.waiting); }
  Ask operator()(Delivered e) const { return ending.delivered(e.sequence, e.pending); }
  Ask operator()(Silence) const { return ending.silence(); }
  Ask operator()(StreamAt e) const { return ending.stream_at(e.last); }
  Ask operator()(ConsumerAt e) const { return ending.consumer_at(e.delivered, e.pending); }
  Ask operator()(HeartbeatAt e) const { return ending.heartbeat_at(e.delivered, e.looked_through); }
};

struct Step {
  Event event;
  Ask then;
};
struct Race {
  std::string name;
  std::vector<Step> steps;
};

}  // namespace

TEST_CASE("a listing is at its end when nothing is left, whatever is written meanwhile") {
  const std::vector<Race> races{
      {"an empty bucket", {{Started{0, 0}, Ask::end}}},
      {"no key of ours", {{Started{9, 0}, Ask::end}}},
      {"nobody writes",
       {{Started{2, 2}, Ask::more},
        {Delivered{1, 1}, Ask::more},
        {Delivered{2, 0}, Ask::stream},
        {StreamAt{2}, Ask::end}}},
      {"nobody writes, and the last revisions are other keys'",
       {{Started{9, 1}, Ask::more},
        {Delivered{4, 0}, Ask::stream},
        {StreamAt{9}, Ask::consumer},
        {ConsumerAt{1, 0}, Ask::end}}},
      {"a key is written again before its turn: it comes later",
       {{Started{2, 2}, Ask::more},
        {Delivered{2, 0}, Ask::stream},
        {StreamAt{3}, Ask::more},
        {Delivered{3, 0}, Ask::stream},
        {StreamAt{3}, Ask::end}}},
      {"the count of what is pending lags: it is 0 too early",
       {{Started{5, 5}, Ask::more},
        {Delivered{1, 0}, Ask::stream},
        {StreamAt{5}, Ask::consumer},
        {ConsumerAt{1, 4}, Ask::more},
        {Delivered{2, 3}, Ask::more},
        {Delivered{5, 0}, Ask::stream},
        {StreamAt{5}, Ask::end}}},
      {"the last message was overwritten on its way: none says that it is the last",
       {{Started{3, 3}, Ask::more},
        {Delivered{1, 2}, Ask::more},
        {Silence{}, Ask::consumer},
        {ConsumerAt{1, 0}, Ask::end}}},
      {"messages are on their way",
       {{Started{3, 3}, Ask::more},
        {Delivered{1, 2}, Ask::more},
        {Silence{}, Ask::consumer},
        {ConsumerAt{3, 0}, Ask::more},
        {Delivered{2, 1}, Ask::more},
        {Delivered{3, 0}, Ask::stream},
        {StreamAt{3}, Ask::end}}},
      {"others write other keys: nothing left is believed the second time",
       {{Started{3, 1}, Ask::more},
        {Delivered{3, 0}, Ask::stream},
        {StreamAt{7}, Ask::more},
        {Silence{}, Ask::consumer},
        {ConsumerAt{1, 0}, Ask::more},
        {Silence{}, Ask::consumer},
        {ConsumerAt{1, 0}, Ask::end}}},
      {"a key was moved out of the count for a moment",
       {{Started{3, 1}, Ask::more},
        {Delivered{3, 0}, Ask::stream},
        {StreamAt{4}, Ask::more},
        {Silence{}, Ask::consumer},
        {ConsumerAt{1, 0}, Ask::more},
        {Delivered{4, 0}, Ask::stream},
        {StreamAt{4}, Ask::end}}},
      {"a count that stays wrong: another consumer",
       {{Started{3, 3}, Ask::more},
        {Delivered{1, 2}, Ask::more},
        {ConsumerAt{1, 2}, Ask::more},
        {ConsumerAt{1, 2}, Ask::more},
        {ConsumerAt{1, 2}, Ask::more},
        {ConsumerAt{1, 2}, Ask::more},
        {ConsumerAt{1, 2}, Ask::restart},
        {Restarted{2}, Ask::more},
        {Delivered{2, 1}, Ask::more},
        {Delivered{3, 0}, Ask::stream},
        {StreamAt{3}, Ask::end}}},
      {"another consumer that has nothing left: of another bucket by now, perhaps",
       {{Started{3, 3}, Ask::more},
        {Delivered{3, 1}, Ask::stream},
        {Restarted{0}, Ask::stream},
        {StreamAt{3}, Ask::end}}},
      {"another consumer that has nothing left, and the last revisions are other keys'",
       {{Started{9, 3}, Ask::more},
        {Delivered{3, 2}, Ask::more},
        {Restarted{0}, Ask::stream},
        {StreamAt{9}, Ask::consumer},
        {ConsumerAt{0, 0}, Ask::end}}},
      {"a message breaks a row of looks",
       {{Started{9, 9}, Ask::more},
        {ConsumerAt{0, 9}, Ask::more},
        {ConsumerAt{0, 9}, Ask::more},
        {ConsumerAt{0, 9}, Ask::more},
        {ConsumerAt{0, 9}, Ask::more},
        {Delivered{1, 8}, Ask::more},
        {ConsumerAt{1, 8}, Ask::more}}},
      {"messages of an earlier consumer come again: the highest revision counts",
       {{Started{5, 5}, Ask::more},
        {Delivered{5, 3}, Ask::stream},
        {StreamAt{6}, Ask::more},
        {Restarted{3}, Ask::more},
        {Delivered{2, 2}, Ask::more},
        {Delivered{6, 0}, Ask::stream},
        {StreamAt{6}, Ask::end}}},
      {"no permission to ask about consumers: a heartbeat says that nothing is left",
       {{Started{9, 1}, Ask::more},
        {Delivered{4, 0}, Ask::stream},
        {StreamAt{9}, Ask::consumer},
        {HeartbeatAt{0, 0}, Ask::more},
        {HeartbeatAt{1, 8}, Ask::more},
        {HeartbeatAt{2, 9}, Ask::more},
        {HeartbeatAt{1, 9}, Ask::end}}},
  };
  for (const auto& race : races) {
    Ending ending;
    int number = 0;
    for (const auto& step : race.steps) {
      ++number;
      CHECK_MESSAGE(std::visit(Tell{ending}, step.event) == step.then, race.name, ", step ", number);
    }
    CHECK_MESSAGE(ending.ended() == (race.steps.back().then == Ask::end), race.name);
  }
}

TEST_CASE("a bucket that is written without a pause does not keep a listing for ever") {
  Ending ending;
  std::uint64_t last = 1;
  REQUIRE(ending.started(last, 1) == Ask::more);
  int rounds = 0;
  while (!ending.ended()) {
    REQUIRE(++rounds < 20);
    REQUIRE(ending.delivered(last, 0) == Ask::stream);
    (void)ending.stream_at(last + 5);
    last += 5;
  }
  CHECK(rounds == 11);
}
