// Which credentials are used: one way to authenticate, from the strongest place that names one.
#include "base/failure.hpp"
#include "base/quote.hpp"
#include "config/parameters.hpp"
#include "config/resolution.hpp"
#include "config/word.hpp"

#include <algorithm>

namespace natskv::config {
namespace {

/// In the nats tool's order.
constexpr std::array<AuthMethod, 5> ways{
    {{"user", "password"}, {"creds", {}}, {"nkey", {}}, {"jwt", "seed"}, {"token", {}}}};

bool of_context(const Sourced& part) { return part.from.starts_with("context "); }

bool has_user(const std::string& server) { return server.find('@') != std::string::npos; }

}  // namespace

void Resolution::authenticate() {
  bool in_url = std::any_of(settings_.servers.begin(), settings_.servers.end(), has_user);
  if (in_url && server_layer_ == environment_at_ && context_at_ < environment_at_) {
    drop_users();
    warn("the user part of NATS_URL is not used with --context");
    in_url = false;
  }
  for (std::size_t layer = 0; layer < layers_.size(); ++layer) {
    if (in_url && layer > server_layer_) break;
    // A password without a user is an error as an option, but not as a stray variable or field.
    const auto given = [&](const AuthMethod& way) {
      if (find(layers_[layer], way.first) != nullptr) return true;
      const bool second = !way.second.empty() && find(layers_[layer], way.second) != nullptr;
      return second && (layer == from_options || find(layers_, way.first) != nullptr);
    };
    const auto* way = std::find_if(ways.begin(), ways.end(), given);
    if (way == ways.end()) continue;
    if (layer == from_options) check_one_way(layers_[layer]);
    if (in_url && layer < server_layer_) drop_users();
    apply(*way, layer);
    return;
  }
  // The default server has no user part: one of the layers named it.
  if (in_url) note("user", "(set)", "the URL of " + find(layers_[server_layer_], "server")->from);
}

void check_one_way(const Layer& options) {
  const auto word = [&](const AuthMethod& way) {
    const Sourced* first = find(options, way.first);
    return first != nullptr || way.second.empty() ? first : find(options, way.second);
  };
  const auto given = [&](const AuthMethod& way) { return word(way) != nullptr; };
  const auto* one = std::find_if(ways.begin(), ways.end(), given);
  if (one == ways.end()) return;
  const auto* other = std::find_if(one + 1, ways.end(), given);
  if (other != ways.end())
    throw usage(word(*one)->from + " and " + word(*other)->from + " exclude each other");
  const Sourced* server = find(options, "server");
  if (server != nullptr && has_user(server->value))
    throw usage("the user part of --server and other credentials exclude each other");
}

bool names_secret(const Layer& options) {
  return std::any_of(parameters.begin(), parameters.end(), [&](const Parameter& parameter) {
    return parameter.credential && parameter.name != "user" && find(options, parameter.name) != nullptr;
  });
}

void Resolution::drop_users() {
  for (std::string& server : settings_.servers) server = shown({server});
}

// Options and environment complete each other; a context must be complete in itself, but an option or
// variable may give the password (seed) for a context's user (JWT).
void Resolution::apply(const AuthMethod& way, std::size_t layer) {
  const Sourced* own = find(layers_[layer], way.first);
  const Sourced* one = own != nullptr ? own : find(layers_, way.first);
  const auto second = [&]() -> const Sourced* {
    if (one != nullptr && of_context(*one)) return find(layers_, way.second);
    const Sourced* option = find(layers_[from_options], way.second);
    return option != nullptr ? option : find(layers_[environment_at_], way.second);
  };
  const Sourced* two = way.second.empty() ? nullptr : second();
  if (one == nullptr) {
    const Sourced* given = find(layers_[layer], way.second);
    throw usage((given == nullptr ? std::string(way.second) : given->from) + " needs " +
                (way.first == "user" ? "a user (--user)" : "--jwt"));
  }
  warn_of_selected(*one, two);
  if (way.first == "user") {
    take_user(*one, two, layer);
  } else if (way.first == "token") {
    take_token(*one);
  } else if (way.first == "jwt") {
    if (two == nullptr) {
      throw usage(of_context(*one) ? "context " + in_quotes(settings_.context) + ": user_jwt needs user_seed"
                                   : one->from + " needs --seed");
    }
    if (!take_word(*one, like_jwt(one->value), settings_.jwt, "jwt")) take_file("jwt", *one, false);
    if (!take_word(*two, like_seed(two->value), settings_.seed, "seed")) take_file("seed", *two, true);
  } else if (one->form == Sourced::Form::text) {  // the words of a file, in a context
    settings_.seed = Secret(one->value);
    if (way.first == "creds") settings_.jwt = Secret(one->value);
    note(way.first == "creds" ? "creds" : "nkey", "(set)", one->from);
  } else {
    take_file(way.first, *one, true);
  }
  // As the nats tool does: a context's token goes with whatever else it holds.
  const Sourced* token = find(layers_[layer], "token");
  if (layer == context_at_ && token != nullptr && way.first != "token") take_token(*token);
}

void Resolution::take_token(const Sourced& token) {
  settings_.token = Secret(token.value);
  note("token", "(set)", token.from);
}

// The nats tool takes the text itself, and keeps it in its contexts; elsewhere anything of another form is a
// file.
bool Resolution::take_word(const Sourced& given, bool has_form, Secret& word, const char* name) {
  const bool decorated = given.value.find_first_of(" \t\r\n") != std::string::npos;
  if (given.form != Sourced::Form::text &&
      (names_file(given.value) || !(has_form || decorated || of_context(given))))
    return false;
  word = Secret(given.value);
  note(name, "(set)", given.from);
  return true;
}

void Resolution::take_user(const Sourced& user, const Sourced* password, std::size_t layer) {
  if (password == nullptr && layer != context_at_) {  // as the nats tool takes --user, not a context's user
    take_token(user);
    return;
  }
  settings_.user = user.value;
  note("user", user.value, user.from);
  if (password == nullptr) return;
  settings_.password = Secret(password->value);
  note("password", "(set)", password->from);
}

void Resolution::warn_of_selected(const Sourced& one, const Sourced* two) {
  const bool any_of_context = of_context(one) || (two != nullptr && of_context(*two));
  if (warned_ || !selected_ || server_layer_ >= context_at_ || !any_of_context) return;
  const Sourced* own = find(layers_[context_at_], "server");
  const auto same = own == nullptr ? std::vector<std::string>{} : servers(own->value, own->from);
  if (shown(same) == shown(settings_.servers)) return;
  warned_ = true;
  warn("the credentials of the selected context " + in_quotes(settings_.context) + " go to " +
       shown(settings_.servers) + " (" + find(layers_[server_layer_], "server")->from +
       "); --context or --no-context decides");
}

}  // namespace natskv::config
