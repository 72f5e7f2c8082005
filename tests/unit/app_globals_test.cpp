#include "app/globals.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <map>
#include <set>
#include <string>

using namespace natskv;
using namespace natskv::config;

namespace {

struct Declared {
  Given given;
  Declaration declaration;
  Declared() { declare_globals(declaration, given); }

  [[nodiscard]] const Option& option(std::string_view name) const {
    const Option* found = declaration.option(spoken(name));
    REQUIRE(found != nullptr);
    return *found;
  }
};

}  // namespace

TEST_CASE("each global option is bound to a place of its own") {
  Declared declared;
  Given& given = declared.given;
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
    const auto& choices = declared.option(name).argument.choices;
    const std::string word(choices.empty() ? name : choices.front());
    declared.option(name).on_value(word);
    CHECK(given.*member == word);
  }
  declared.option("--timeout").on_value("2s");
  CHECK(given.timeout == seconds(2));

  const std::map<std::string_view, bool Given::*> flags{
      {"--tlsfirst", &Given::tlsfirst}, {"--no-context", &Given::no_context}, {"-j,--json", &Given::json},
      {"--utc", &Given::utc},           {"-q,--quiet", &Given::quiet},        {"--trace", &Given::trace},
      {"-h,--help", &Given::help},      {"-V,--version", &Given::version}};
  for (const auto& flag : flags) {
    const auto name = flag.first;
    const auto member = flag.second;
    CAPTURE(std::string(name));
    CHECK(declared.option(name).flag == &(given.*member));
  }
  CHECK(declared.declaration.options().size() == texts.size() + 1 + flags.size());
}

TEST_CASE("what excludes each other is declared") {
  const Declared declared;
  CHECK(declared.declaration.exclusions().size() == 5);
  for (const auto& [one, other, hint] : declared.declaration.exclusions()) {
    CHECK(declared.declaration.option(one) != nullptr);
    CHECK(declared.declaration.option(other) != nullptr);
  }
}

TEST_CASE("help names the variables that stand for options") {
  const Declared declared;
  std::set<std::string_view> variables;
  for (const auto& option : declared.declaration.options()) {
    CHECK_FALSE(option.argument.help.empty());
    if (!option.argument.environment.empty()) variables.insert(option.argument.environment);
  }
  CHECK(variables == std::set<std::string_view>{"NATS_URL", "NATS_USER", "NATS_PASSWORD", "NATS_TOKEN",
                                                "NATS_CREDS", "NATS_NKEY", "NATS_JWT", "NATS_SEED",
                                                "NATS_CERT", "NATS_KEY", "NATS_CA", "NATS_TIMEOUT",
                                                "NATS_CONTEXT", "NATS_PASSWORD_FILE", "NATS_TOKEN_FILE",
                                                "NO_COLOR, CLICOLOR_FORCE"});
}

TEST_CASE("an empty variable of the process counts as unset") {
  CHECK(::setenv("NATSKV_UNIT_TEST", "", 1) == 0);
  CHECK_FALSE(environment("NATSKV_UNIT_TEST"));
  CHECK(::setenv("NATSKV_UNIT_TEST", "x", 1) == 0);
  CHECK(environment("NATSKV_UNIT_TEST") == "x");
  CHECK(::unsetenv("NATSKV_UNIT_TEST") == 0);
  CHECK_FALSE(environment("NATSKV_UNIT_TEST"));
}
