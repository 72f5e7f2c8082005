#include "config/settings.hpp"
#include "input/arguments.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <utility>

using namespace natskv;
using namespace natskv::config;

namespace {

class Declared final : public Arguments {
 public:
  void add(const Argument& argument, std::function<void(const std::string&)> given) override {
    CHECK_FALSE(argument.help.empty());
    options.emplace(argument.name, std::pair(argument, std::move(given)));
  }
  void flag(std::string_view name, bool& given, std::string_view help) override {
    CHECK_FALSE(help.empty());
    flags.emplace(name, &given);
  }
  void excludes(std::string_view one, std::string_view other) override { excluded.emplace_back(one, other); }

  /// By its long name.
  [[nodiscard]] bool knows(std::string_view name) const {
    const auto is = [&](const auto& entry) {
      return entry.first == name || entry.first.ends_with("," + std::string(name));
    };
    return std::any_of(options.begin(), options.end(), is) || std::any_of(flags.begin(), flags.end(), is);
  }

  std::map<std::string_view, std::pair<Argument, std::function<void(const std::string&)>>> options;
  std::map<std::string_view, bool*> flags;
  std::vector<std::pair<std::string_view, std::string_view>> excluded;
};

}  // namespace

TEST_CASE("each global option is bound to a place of its own") {
  Declared declared;
  Given given;
  declare(declared, given);
  const std::map<std::string_view, std::optional<std::string> Given::*> texts{
      {"-s,--server", &Given::server},
      {"--user", &Given::user},
      {"--password", &Given::password},
      {"--password-file", &Given::password_file},
      {"--token", &Given::token},
      {"--token-file", &Given::token_file},
      {"--creds", &Given::creds},
      {"--nkey", &Given::nkey},
      {"--jwt", &Given::jwt},
      {"--seed", &Given::seed},
      {"--tlscert", &Given::tlscert},
      {"--tlskey", &Given::tlskey},
      {"--tlsca", &Given::tlsca},
      {"--context", &Given::context},
      {"--js-domain", &Given::js_domain},
      {"--js-api-prefix", &Given::js_api_prefix},
      {"--inbox-prefix", &Given::inbox_prefix},
      {"--connection-name", &Given::connection_name},
      {"-o,--output", &Given::output},
      {"--color", &Given::color}};
  for (const auto& text : texts) {
    const auto name = text.first;
    const auto member = text.second;
    CAPTURE(std::string(name));
    REQUIRE(declared.options.contains(name));
    const auto& choices = declared.options.at(name).first.choices;
    const std::string word(choices.empty() ? name : choices.front());
    declared.options.at(name).second(word);
    CHECK(given.*member == word);
  }
  REQUIRE(declared.options.contains("--timeout"));
  declared.options.at("--timeout").second("2s");
  CHECK(given.timeout == seconds(2));
  CHECK(declared.options.size() == texts.size() + 1);

  const std::map<std::string_view, bool Given::*> flags{
      {"--tlsfirst", &Given::tlsfirst}, {"--no-context", &Given::no_context}, {"-j,--json", &Given::json},
      {"--utc", &Given::utc},           {"-q,--quiet", &Given::quiet},        {"--trace", &Given::trace}};
  for (const auto& flag : flags) {
    const auto name = flag.first;
    const auto member = flag.second;
    CAPTURE(std::string(name));
    REQUIRE(declared.flags.contains(name));
    CHECK(declared.flags.at(name) == &(given.*member));
  }
  CHECK(declared.flags.size() == flags.size());
}

TEST_CASE("what excludes each other was declared before") {
  Declared declared;
  Given given;
  declare(declared, given);
  CHECK(declared.excluded.size() == 5);
  for (const auto& [one, other] : declared.excluded) {
    CHECK(declared.knows(one));
    CHECK(declared.knows(other));
  }
}

TEST_CASE("help names the variables that stand for options") {
  Declared declared;
  Given given;
  declare(declared, given);
  std::set<std::string_view> variables;
  for (const auto& [name, option] : declared.options) {
    if (!option.first.environment.empty()) variables.insert(option.first.environment);
  }
  CHECK(variables == std::set<std::string_view>{"NATS_URL", "NATS_USER", "NATS_PASSWORD", "NATS_TOKEN",
                                                "NATS_CREDS", "NATS_NKEY", "NATS_JWT", "NATS_SEED",
                                                "NATS_CERT", "NATS_KEY", "NATS_CA", "NATS_TIMEOUT",
                                                "NATS_CONTEXT", "NO_COLOR, CLICOLOR_FORCE"});
}

TEST_CASE("an empty variable of the process counts as unset") {
  CHECK(::setenv("NATSKV_UNIT_TEST", "", 1) == 0);
  CHECK_FALSE(environment("NATSKV_UNIT_TEST"));
  CHECK(::setenv("NATSKV_UNIT_TEST", "x", 1) == 0);
  CHECK(environment("NATSKV_UNIT_TEST") == "x");
  CHECK(::unsetenv("NATSKV_UNIT_TEST") == 0);
  CHECK_FALSE(environment("NATSKV_UNIT_TEST"));
}
