// What natskv-output(7) says of TSV and JSON, against what the commands print.
#include "docs/fields.hpp"
#include "support/buckets.hpp"
#include "support/folder.hpp"
#include "support/process.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

using namespace natskv;
using namespace natskv::test;
using Json = nlohmann::ordered_json;
using Words = std::vector<std::string>;

namespace {

// A bucket with a key, a value that is no UTF-8, a marker; and a context with all that one may have.
struct Place {
  Place() {
    config.put("key", "value");
    config.put("bytes", "\xff");
    config.put("gone", "", {{"KV-Operation", "DEL"}});
    CHECK(config.put("steady", "value") == 4);
    other.put("key", "another");
    write_file(folder / "editor", "#!/bin/sh\necho edited-$$ > \"$1\"\n", 0700);
    Words add{"context", "add", "all", "--description", "of a test", "-s", "nats://x", "--user", "u"};
    add.insert(add.end(), {"--password", "p", "--tlsfirst", "--js-domain", "hub", "--inbox-prefix", "_I"});
    CHECK(run(add).status == 0);
  }
  Result run(const Words& words) const {
    return bed().server.natskv(words, {.env = {{"XDG_CONFIG_HOME", folder.path().string()},
                                               {"EDITOR", folder / "editor"},
                                               {"TMPDIR", folder.path().string()}}});
  }

  TestBucket config{R"({"max_msgs_per_subject": 5})"}, other;
  TempDir folder;
};

struct Case {
  std::string command;  // as the manual calls it
  Words words;
};

std::vector<Case> cases(const Place& place) {
  const auto &config = place.config.name(), &other = place.other.name();
  return {{"get", {"get", config, "key"}},
          {"get", {"get", config, "bytes", "key"}},
          {"keys -v", {"keys", config, "-v", "--deleted"}},
          {"keys --display-value", {"keys", config, "--display-value"}},
          {"history", {"history", config, "key"}},
          {"watch", {"watch", config, "--initial", "--count", "3"}},
          {"export", {"export", config}},
          {"info", {"info", config}},
          {"add", {"add", config, "--history", "5"}},
          {"ls", {"ls"}},
          {"ls -l", {"ls", "-l"}},
          {"put", {"put", config, "key", "v"}},
          {"create", {"create", config, "gone", "v"}},
          {"update", {"update", config, "steady", "v", "4"}},
          {"edit-value", {"edit-value", config, "key"}},
          {"revert", {"revert", config, "key", "1", "--force"}},
          {"del", {"del", config, "key"}},
          {"purge", {"purge", config, "key"}},
          {"edit", {"edit", config, "--history", "7"}},
          {"edit", {"edit", config, "--ttl", "1h", "--description", "d", "--force"}},
          {"diff", {"diff", config, other}},
          {"diff --values", {"diff", config, other, "--values"}},
          {"doctor", {"doctor", config}},
          {"context ls", {"context", "ls"}},
          {"context show", {"context", "show", "all"}}};
}

// Whether a list of commands behind a title or in front of columns has this one.
bool names(const std::string& list, const std::string& command) {
  return (", " + list + ", ").find(", " + command + ", ") != std::string::npos;
}

const docs::RecordLines* record_of(const std::string& command) {
  static const auto all = docs::records();
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& record) {
    return names(record.title.substr(record.title.find(": ") + 2), command);
  });
  return found == all.end() ? nullptr : &*found;
}

// The fields of `object` are among those documented, of their types and in their order.
void is_documented(const Json& object, const std::vector<docs::FieldLine>& fields) {
  REQUIRE(object.is_object());
  auto next = fields.begin();
  for (const auto& [name, value] : object.items()) {
    CAPTURE(name);
    const auto at =
        std::find_if(next, fields.end(), [&, name = name](const auto& f) { return f.name == name; });
    REQUIRE(at != fields.end());
    next = at + 1;
    if (at->type.starts_with("of ")) continue;
    CHECK(at->type.starts_with(value.type_name()));
    if (at->members.empty()) continue;
    for (const auto& one : value.is_array() ? value : Json::array({value})) is_documented(one, at->members);
  }
}

}  // namespace

TEST_CASE("JSON has the fields that the manual says, of the types it says") {
  const Place place;
  std::set<std::string> records;
  for (auto& [command, words] : cases(place)) {
    CAPTURE(command);
    const auto* record = record_of(command == "keys --display-value" ? "keys -v"
                                   : command == "diff --values"      ? "diff"
                                   : command == "ls -l"              ? "ls"
                                                                     : command);
    REQUIRE(record != nullptr);
    records.insert(record->title);
    if (command != "export") words.emplace_back("-j");
    const auto result = place.run(words);
    INFO(result.err);
    // watch and export write an object a line.
    if (command == "watch" || command == "export") {
      for (std::size_t at = 0; at < result.out.size(); at = result.out.find('\n', at) + 1)
        is_documented(Json::parse(result.out.substr(at, result.out.find('\n', at) - at)), record->fields);
      continue;
    }
    const auto document = Json::parse(result.out);
    CHECK_FALSE(document.empty());
    for (const auto& one : document.is_array() ? document : Json::array({document}))
      is_documented(one, record->fields);
  }
  CHECK(records.size() == docs::records().size());
  CHECK(Json::parse(place.run({"keys", place.config.name(), "--count", "-j"}).out).is_number());
}

TEST_CASE("TSV has the columns that the manual says") {
  const Place place;
  std::set<std::string> met;
  const auto all = docs::columns();
  auto many = cases(place);
  many.push_back({"keys", {"keys", place.config.name(), "--deleted"}});
  for (auto& [command, words] : many) {
    if (command == "export") continue;
    CAPTURE(command);
    const auto line = std::find_if(all.begin(), all.end(), [&, command = command](const auto& one) {
      return names(one.commands, command);
    });
    REQUIRE(line != all.end());
    met.insert(line->commands);
    words.insert(words.end(), {"-o", "tsv"});
    const auto result = place.run(words);
    INFO(result.err);
    const auto first = result.out.substr(0, result.out.find('\n'));
    CHECK_FALSE(first.empty());
    CHECK(std::count(first.begin(), first.end(), '\t') ==
          std::count(line->columns.begin(), line->columns.end(), ' '));
  }
  CHECK(met.size() == all.size());
}
