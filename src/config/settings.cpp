#include "config/settings.hpp"

#include "base/failure.hpp"
#include "base/file.hpp"
#include "base/quote.hpp"
#include "config/layers.hpp"
#include "input/parse.hpp"

#include <algorithm>

namespace natskv::config {
namespace {

/// One way to authenticate, and the names of its values in a layer. In the nats tool's order.
struct Way {
  std::string_view first, second;
};
constexpr std::array<Way, 6> ways{{{"user", "password"},
                                   {"creds", {}},
                                   {"nkey", {}},
                                   {"jwt", "seed"},
                                   {"user_jwt", "user_seed"},
                                   {"token", {}}}};

bool has_user(const std::string& server) { return server.find('@') != std::string::npos; }

class Resolution {
 public:
  Resolution(const Given& given, const Environment& environment, bool other)
      : given_(given), environment_(environment), other_(other) {}

  Settings run(const std::optional<std::string>& context_override) {
    if (!other_) {
      layers_[from_options] = option_layer(given_, settings_.warnings);
      layers_[from_environment] = environment_layer(environment_);
    }
    use_context(context_override);
    name_servers();
    authenticate();
    secure();
    prefixes();
    limits();
    return std::move(settings_);
  }

 private:
  void note(const char* name, const std::string& value, const std::string& from) {
    settings_.origins.push_back({name, value, from});
  }
  void warn(std::string text) { settings_.warnings.push_back(std::move(text)); }

  void use_context(const std::optional<std::string>& context_override) {
    const Contexts contexts(environment_);
    std::string name;
    std::string from;
    if (context_override) {
      name = *context_override;
      from = "--to-context";
    } else if (given_.no_context) {
      return;
    } else if (given_.context) {
      name = *given_.context;
      from = "--context";
    } else if (auto variable = environment_("NATS_CONTEXT")) {
      name = std::move(*variable);
      from = "NATS_CONTEXT";
    } else {
      name = contexts.selected();
      if (name.empty()) return;
      from = "selected";
      selected_ = true;
    }
    const Context context = contexts.load(name);
    settings_.context = context.name;
    context_tls_first_ = context.tls_first;
    layers_[from_context] = context_layer(context);
    if (context.exposed)
      warn("context " + in_quotes(context.name) + " holds a secret and everyone can read " +
           in_quotes(context.path));
    note("context", context.name, from);
  }

  void name_servers() {
    for (server_layer_ = 0; server_layer_ < layers_.size(); ++server_layer_) {
      const Sourced* list = find(layers_[server_layer_], "server");
      if (list == nullptr) continue;
      settings_.servers = servers(list->value, server_layer_ == from_context
                                                   ? "context " + in_quotes(settings_.context) + ": url"
                                                   : list->from);
      note("server", shown(settings_.servers), list->from);
      return;
    }
    settings_.servers = {"nats://127.0.0.1:4222"};
    note("server", shown(settings_.servers), "default");
  }

  /// The strongest layer with credentials, and the way it names; nothing where the URL's user part is
  /// stronger.
  void authenticate() {
    const bool in_url = std::any_of(settings_.servers.begin(), settings_.servers.end(), has_user);
    for (std::size_t layer = 0; layer < layers_.size(); ++layer) {
      if (in_url && layer > server_layer_) break;
      // A password without a user is an error as an option; a variable or field left over is not.
      const auto given = [&](const Way& way) {
        if (find(layers_[layer], way.first) != nullptr) return true;
        const bool second = !way.second.empty() && find(layers_[layer], way.second) != nullptr;
        return second && (layer == from_options || find(layers_, way.first) != nullptr);
      };
      const auto* way = std::find_if(ways.begin(), ways.end(), given);
      if (way == ways.end()) continue;
      if (layer == from_options) refuse_two(*way, std::find_if(way + 1, ways.end(), given));
      if (in_url && layer == from_options && server_layer_ == from_options) {
        throw usage("the user part of --server and other credentials exclude each other");
      }
      if (in_url && layer < server_layer_) drop_users();
      apply(*way, layer);
      return;
    }
    if (in_url)
      note("user", "(set)",
           "the URL of " +
               (server_layer_ < layers_.size() ? find(layers_[server_layer_], "server")->from : ""));
  }

  void refuse_two(const Way& one, const Way* other) const {
    if (other == ways.end()) return;
    const auto option = [&](const Way& way) {
      const Sourced* word = find(layers_[from_options], way.first);
      return (word != nullptr ? word : find(layers_[from_options], way.second))->from;
    };
    throw usage(option(one) + " and " + option(*other) + " exclude each other");
  }

  void drop_users() {
    for (std::string& server : settings_.servers) server = shown({server});
  }

  /// The value of a way's name for a way found in `layer`. Options and environment complete each other, a
  /// context only itself: but an option or variable may name the password (seed) of a context's user (JWT).
  const Sourced* part(std::string_view name, std::size_t strongest, std::size_t weakest) const {
    for (std::size_t layer = strongest; layer <= weakest; ++layer) {
      if (const Sourced* found = find(layers_[layer], name)) return found;
    }
    return nullptr;
  }

  void apply(const Way& way, std::size_t layer) {
    const bool first_here = find(layers_[layer], way.first) != nullptr;
    const std::size_t weakest = layer == from_context || !first_here ? from_context : from_environment;
    const Sourced* one = part(way.first, layer, weakest);
    const std::size_t other_weakest =
        one != nullptr && one == find(layers_[from_context], way.first) ? from_context : from_environment;
    const Sourced* two = way.second.empty() ? nullptr : part(way.second, from_options, other_weakest);
    const std::string given = first_here ? one->from : find(layers_[layer], way.second)->from;
    if (one == nullptr)
      throw usage(given + " needs " +
                  (way.first == "user"  ? "a user (--user)"
                   : way.first == "jwt" ? "--jwt"
                                        : "user_jwt"));
    warn_of_selected(*one, two);
    if (way.first == "user") {
      take_user(*one, two, layer);
    } else if (way.first == "token") {
      settings_.token = Secret(one->value);
      note("token", "(set)", one->from);
    } else if (way.first == "user_jwt") {
      if (two == nullptr)
        throw usage("context " + in_quotes(settings_.context) + ": user_jwt needs user_seed");
      settings_.jwt = Secret(one->value);
      settings_.seed = Secret(two->value);
      note("jwt", "(set)", one->from);
      note("seed", "(set)", two->from);
    } else {
      if (way.first == "jwt" && two == nullptr) throw usage(one->from + " needs --seed");
      take_file(way.first, *one, way.first != "jwt");
      if (two != nullptr) take_file(way.second, *two, true);
    }
  }

  void take_user(const Sourced& user, const Sourced* password, std::size_t layer) {
    if (password == nullptr &&
        layer != from_context) {  // as the nats tool takes --user, not a context's user
      settings_.token = Secret(user.value);
      note("token", "(set)", user.from);
      return;
    }
    settings_.user = user.value;
    note("user", user.value, user.from);
    if (password == nullptr) return;
    settings_.password = Secret(password->value);
    note("password", "(set)", password->from);
  }

  void take_file(std::string_view name, const Sourced& file, bool secret) {
    const std::string what = file.from.starts_with("context ")
                                 ? "context " + in_quotes(settings_.context) + ": " + std::string(name)
                                 : file.from;
    check_readable(file.value, what);
    if (secret && readable_by_everyone(file.value))
      warn(what + ": everyone can read " + in_quotes(file.value));
    const auto assign = [&](const char* known, std::string& member) {
      if (name != known) return;
      member = file.value;
      note(known, file.value, file.from);
    };
    assign("creds", settings_.creds_file);
    assign("nkey", settings_.nkey_file);
    assign("jwt", settings_.jwt_file);
    assign("seed", settings_.seed_file);
    assign("cert", settings_.tls_cert);
    assign("key", settings_.tls_key);
    assign("ca", settings_.tls_ca);
  }

  /// A merely selected context is easily forgotten: its secret must not reach another server unnoticed.
  void warn_of_selected(const Sourced& one, const Sourced* two) {
    const auto of_context = [](const Sourced& part) { return part.from.starts_with("context "); };
    if (!selected_ || server_layer_ >= from_context ||
        (!of_context(one) && (two == nullptr || !of_context(*two))))
      return;
    const Sourced* own = find(layers_[from_context], "server");
    const auto same = own == nullptr ? std::vector<std::string>{} : servers(own->value, own->from);
    if (shown(same) == shown(settings_.servers)) return;
    warn("the credentials of the selected context " + in_quotes(settings_.context) + " go to " +
         shown(settings_.servers) + " (" + find(layers_[server_layer_], "server")->from +
         "); --context or --no-context decides");
  }

  void secure() {
    const Sourced* cert = nullptr;
    const Sourced* key = nullptr;
    // A certificate and its key come from one place.
    for (const Layer& layer : layers_) {
      if (find(layer, "cert") == nullptr && find(layer, "key") == nullptr) continue;
      cert = find(layer, "cert");
      key = find(layer, "key");
      break;
    }
    if ((cert == nullptr) != (key == nullptr)) {
      throw usage((cert != nullptr ? cert : key)->from + (cert != nullptr
                                                              ? ": a certificate needs its key (--tlskey)"
                                                              : ": a key needs its certificate (--tlscert)"));
    }
    if (cert != nullptr) {
      take_file("cert", *cert, false);
      take_file("key", *key, true);
    }
    const Sourced* ca = find(layers_, "ca");
    if (ca != nullptr) take_file("ca", *ca, false);
    settings_.tls_first = (given_.tlsfirst && !other_) || context_tls_first_;
    if (settings_.tls_first)
      note("tls_first", "true",
           given_.tlsfirst && !other_ ? "--tlsfirst" : "context " + in_quotes(settings_.context));
    settings_.tls_required = settings_.tls_first || cert != nullptr || ca != nullptr ||
                             std::any_of(settings_.servers.begin(), settings_.servers.end(),
                                         [](const std::string& url) { return url.starts_with("tls://"); });
  }

  /// A subject's beginning: tokens without wildcards; one dot at its end is taken off, as the nats tool does.
  static std::string prefix(const Sourced& word, const std::string& what, bool one_token) {
    std::string text = word.value;
    if (!one_token && text.ends_with('.')) text.pop_back();
    const auto wrong = [](char c) {
      return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F || c == '*' || c == '>';
    };
    const bool empty_token =
        text.empty() || text.front() == '.' || text.back() == '.' || text.find("..") != std::string::npos;
    if (empty_token || std::any_of(text.begin(), text.end(), wrong) ||
        (one_token && text.find('.') != std::string::npos)) {
      throw usage(what + ": " + parse::quoted(word.value) +
                  (one_token ? " is not a domain (one token without . * >)"
                             : " is not a subject's prefix (tokens without * and >)"));
    }
    return text;
  }

  std::string spoken(const Sourced& word, const char* field) const {
    return word.from.starts_with("--") ? word.from : "context " + in_quotes(settings_.context) + ": " + field;
  }

  void prefixes() {
    settings_.js_api_prefix = "$JS.API";
    for (const Layer& layer : layers_) {
      const Sourced* domain = find(layer, "js_domain");
      const Sourced* api = find(layer, "js_api_prefix");
      if (domain == nullptr && api == nullptr) continue;
      if (domain != nullptr && api != nullptr) {
        throw usage(spoken(*domain, "jetstream_domain") + " and " + spoken(*api, "jetstream_api_prefix") +
                    " exclude each other");
      }
      settings_.js_api_prefix =
          api != nullptr ? prefix(*api, spoken(*api, "jetstream_api_prefix"), false)
                         : "$JS." + prefix(*domain, spoken(*domain, "jetstream_domain"), true) + ".API";
      note("js_api_prefix", settings_.js_api_prefix, (api != nullptr ? api : domain)->from);
      break;
    }
    if (const Sourced* inbox = find(layers_, "inbox_prefix")) {
      settings_.inbox_prefix = prefix(*inbox, spoken(*inbox, "inbox_prefix"), false);
      note("inbox_prefix", settings_.inbox_prefix, inbox->from);
    }
  }

  void limits() {
    std::string from = "default";
    std::string word = "5s";
    if (given_.timeout) {
      settings_.timeout = *given_.timeout;
      settings_.timeout_given = true;
      from = "--timeout";
      word = std::to_string(given_.timeout->ms()) + "ms";
    } else if (const auto variable = environment_("NATS_TIMEOUT")) {
      settings_.timeout = parse::duration(*variable, "NATS_TIMEOUT");
      from = "NATS_TIMEOUT";
      word = *variable;
    }
    if (settings_.timeout.ns == 0) throw usage(from + ": a timeout is above 0");
    note("timeout", word, from);
    settings_.connection_name = given_.connection_name.value_or("natskv " NATSKV_VERSION);
  }

  const Given& given_;
  const Environment& environment_;
  bool other_;  // another context than the options' (cp --to-context)
  Settings settings_;
  Layers layers_;
  std::size_t server_layer_ = 0;  // layers_.size(): the default
  bool selected_ = false;
  bool context_tls_first_ = false;
};

}  // namespace

Settings resolve(const Given& given, const Environment& environment,
                 const std::optional<std::string>& context_override) {
  return Resolution(given, environment, context_override.has_value()).run(context_override);
}

}  // namespace natskv::config
