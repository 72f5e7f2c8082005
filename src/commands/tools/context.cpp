// context: the saved contexts, which are the nats tool's own files.
#include "config/context.hpp"

#include "app/natskv.hpp"
#include "base/file.hpp"
#include "cli/verb.hpp"
#include "commands/all.hpp"
#include "config/layers.hpp"
#include "config/word.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

namespace natskv::commands {
namespace {

using config::Context;

struct Listed {
  std::string name;
  bool selected = false;
  std::string description, server, path;
};

constexpr Field<Listed> listed_fields[] = {
    {"name", "NAME", [](const Listed& c) { return Value{std::string_view(c.name)}; }, Look::name},
    {"selected", "SELECTED", [](const Listed& c) { return Value{c.selected}; }},
    {"description", "DESCRIPTION",
     [](const Listed& c) { return c.description.empty() ? Value{} : Value{std::string_view(c.description)}; },
     Look::text},
    {"server", "SERVER",
     [](const Listed& c) { return c.server.empty() ? Value{} : Value{std::string_view(c.server)}; },
     Look::text},
};

const View<Listed>& listed() {
  static const View<Listed> view{.fields = listed_fields,
                                 .json = {},
                                 .tsv = {"name", "selected", "description", "server"},
                                 .table = {},
                                 .plain = "name"};
  return view;
}

struct Shown {
  const Context* context;
  bool selected;
  std::string server;
  std::string unsupported;
};

Value text(const std::string& word) { return word.empty() ? Value{} : Value{std::string_view(word)}; }
Value masked(const config::Secret& secret) {
  return secret.empty() ? Value{} : Value{std::string_view("(set)")};
}

/// A secret that was put where a file's name belongs is masked too.
Value file(const std::string& word) {
  return word.empty() || config::names_file(word) ? text(word) : Value{std::string_view("(set)")};
}

constexpr Field<Shown> shown_fields[] = {
    {"name", "Name", [](const Shown& s) { return text(s.context->name); }, Look::name},
    {"path", "File", [](const Shown& s) { return text(s.context->path); }},
    {"selected", "Selected", [](const Shown& s) { return Value{s.selected}; }},
    {"description", "Description", [](const Shown& s) { return text(s.context->description); }},
    {"url", "Server", [](const Shown& s) { return text(s.server); }},
    {"user", "User", [](const Shown& s) { return text(s.context->user); }},
    {"password", "Password", [](const Shown& s) { return masked(s.context->password); }},
    {"token", "Token", [](const Shown& s) { return masked(s.context->token); }},
    {"creds", "Credentials", [](const Shown& s) { return file(s.context->creds); }},
    {"nkey", "NKey", [](const Shown& s) { return file(s.context->nkey); }},
    {"user_jwt", "User JWT", [](const Shown& s) { return masked(s.context->user_jwt); }},
    {"user_seed", "User seed", [](const Shown& s) { return masked(s.context->user_seed); }},
    {"cert", "Certificate", [](const Shown& s) { return text(s.context->cert); }},
    {"key", "Key", [](const Shown& s) { return text(s.context->key); }},
    {"ca", "CA", [](const Shown& s) { return text(s.context->ca); }},
    {"tls_first", "TLS first", [](const Shown& s) { return s.context->tls_first ? Value{true} : Value{}; }},
    {"jetstream_domain", "JetStream domain",
     [](const Shown& s) { return text(s.context->jetstream_domain); }},
    {"jetstream_api_prefix", "JetStream API prefix",
     [](const Shown& s) { return text(s.context->jetstream_api_prefix); }},
    {"inbox_prefix", "Inbox prefix", [](const Shown& s) { return text(s.context->inbox_prefix); }},
    {"unsupported", "Not supported", [](const Shown& s) { return text(s.unsupported); }},
};

const View<Shown>& shown() {
  static const View<Shown> view{.fields = shown_fields, .json = {}, .tsv = {}, .table = {}, .plain = {}};
  return view;
}

/// Without user parts: they may be secrets. A list that is none is not shown at all.
std::string shown_server(const Context& context) {
  try {
    return context.url.empty() ? "" : config::shown(config::servers(context.url, "url"));
  } catch (const Failure&) {
    return "(not a list of URLs)";
  }
}

/// A file as it will be found from every folder; ~ and $VAR stay.
std::string everywhere(const std::string& path) {
  if (path.starts_with('~') || path.starts_with('$')) return path;
  return std::filesystem::absolute(path).lexically_normal().string();
}

/// The word itself, or what the file holds that it names.
std::string word_of(const std::string& word, bool has_form, const std::string& option) {
  if (has_form && !config::names_file(word)) return word;
  constexpr std::size_t most = 65536;
  const std::string shown = config::shown_file(word);
  const std::string path = config::without_scheme(word);
  std::string text = read_all(open_to_read(path, option, shown).fd(), option, shown, most);
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  if (text.empty()) throw usage(option + ": the file is empty");
  return text;
}

/// The options that were typed become the context's fields; the others stay. Credentials are one way: a new
/// one replaces what was there.
void take(const config::Given& given, const config::Layer& options, Context& context) {
  config::check_one_way(options);
  const auto given_word = [&](const char* name) -> const std::string* {
    const auto* found = config::find(options, name);
    return found == nullptr ? nullptr : &found->value;
  };
  const bool credentials = std::any_of(options.begin(), options.end(), [](const auto& one) {
    constexpr std::array names{"user", "token", "creds", "nkey", "jwt"};
    return std::find(names.begin(), names.end(), one.first) != names.end();
  });
  if (credentials) {
    context.user.clear();
    context.creds.clear();
    context.nkey.clear();
    context.password = context.token = context.user_jwt = context.user_seed = config::Secret();
  }
  const auto word = [&](const char* name, std::string& field) {
    if (const auto* value = given_word(name)) field = *value;
  };
  const auto file = [&](const char* name, std::string& field) {
    const auto* value = given_word(name);
    if (value == nullptr) return;
    const std::string path = config::without_scheme(*value);
    if (!path.starts_with('~') && !path.starts_with('$'))
      check_readable(path, config::find(options, name)->from, config::shown_file(*value));
    field = everywhere(path);
  };
  const auto secret = [&](const char* name, config::Secret& field) {
    if (const auto* value = given_word(name)) field = config::Secret(*value);
  };
  if (const auto* list = given_word("server")) {
    (void)config::servers(*list, "--server");
    context.url = *list;
  }
  word("user", context.user);
  secret("password", context.password);
  secret("token", context.token);
  if (given_word("user") != nullptr && given_word("password") == nullptr) {  // as everywhere: it is a token
    context.token = config::Secret(context.user);
    context.user.clear();
  }
  if (!context.password.empty() && context.user.empty()) throw usage("--password needs --user");
  if ((given_word("jwt") == nullptr) != (given_word("seed") == nullptr))
    throw usage("--jwt and --seed belong together");
  if (const auto* jwt = given_word("jwt")) {
    context.user_jwt = config::Secret(word_of(*jwt, config::like_jwt(*jwt), "--jwt"));
    const auto* seed = given_word("seed");
    context.user_seed = config::Secret(word_of(*seed, config::like_seed(*seed), "--seed"));
  }
  file("creds", context.creds);
  file("nkey", context.nkey);
  file("cert", context.cert);
  file("key", context.key);
  file("ca", context.ca);
  if (context.cert.empty() != context.key.empty()) throw usage("--tlscert and --tlskey belong together");
  if (given_word("js_domain") != nullptr) context.jetstream_api_prefix.clear();
  if (given_word("js_api_prefix") != nullptr) context.jetstream_domain.clear();
  for (const auto& [name, one_token] :
       {std::pair("js_domain", true), std::pair("js_api_prefix", false), std::pair("inbox_prefix", false)}) {
    if (const auto* word_given = config::find(options, name))
      (void)config::subject_prefix(*word_given, word_given->from, one_token);
  }
  word("js_domain", context.jetstream_domain);
  word("js_api_prefix", context.jetstream_api_prefix);
  word("inbox_prefix", context.inbox_prefix);
  if (given.tlsfirst) context.tls_first = true;
  const bool other = !context.user.empty() || !context.token.empty() || !context.creds.empty() ||
                     !context.nkey.empty() || !context.user_jwt.empty();
  if ((credentials || given_word("server") != nullptr) && other && context.url.find('@') != std::string::npos)
    throw usage("the user part of the context's url and other credentials exclude each other");
}

class ContextAction final : public Action {
  std::string what_;
  std::optional<std::string> name_, description_;
  bool select_ = false, force_ = false, names_ = false;

  void declare(Arguments& a) override {
    a.take({.name = "ACTION",
            .kind = Kind::choice,
            .help = "ls, show, select, add or rm",
            .required = true,
            .choices = {"ls", "show", "select", "add", "rm"}},
           what_);
    a.take({.name = "NAME", .kind = Kind::context, .help = "of the context"}, name_);
    a.take({.name = "--description", .kind = Kind::text, .help = "add: what it is for"}, description_);
    a.flag("--select", select_, "add: select it too");
    a.flag("-n,--names", names_, "ls: only the names");
    a.flag("-f,--force", force_, "rm: do not ask");
  }

  void check() override {
    const bool lists = what_ == "ls";
    if (lists && name_) throw usage("context ls takes no NAME");
    if (!lists && what_ != "show" && !name_)
      throw usage(fmt::format("NAME is missing (natskv context {} NAME)", what_));
    if (what_ != "add" && description_) throw usage("--description belongs to context add");
    if (what_ != "add" && select_) throw usage("--select belongs to context add");
    if (!lists && names_) throw usage("--names belongs to context ls");
    if (what_ != "rm" && force_) throw usage("--force belongs to context rm");
  }

  int run(Natskv& natskv) override {
    const config::Contexts contexts(config::environment);
    if (what_ == "ls") return list(natskv, contexts);
    if (what_ == "show") return show(natskv, contexts);
    if (what_ == "add") return add(natskv, contexts);
    if (what_ == "rm") return remove(natskv, contexts);
    contexts.select(*name_);
    natskv.note(fmt::format("context \"{}\" is selected", *name_));
    return 0;
  }

  int list(Natskv& natskv, const config::Contexts& contexts) const {
    Style style = Style::list({.shape = Shape::list, .vertical = false, .nul = false, .names = names_});
    if (names_) style.on_terminal = Format::tsv;
    auto rows = natskv.rows(listed(), style);
    const std::string selected = contexts.selected();
    for (const std::string& name : contexts.names()) {
      Listed one{.name = name, .selected = name == selected, .description = {}, .server = {}, .path = {}};
      try {
        const Context context = contexts.load(name);
        one.description = context.description;
        one.server = shown_server(context);
      } catch (const Failure& failure) {
        natskv.warn(failure.what());
      }
      rows(one);
    }
    natskv.finish(rows, "no contexts");
    return 0;
  }

  int show(Natskv& natskv, const config::Contexts& contexts) const {
    const auto style = Style::object(true);
    (void)natskv.format(style);
    const std::string selected = contexts.selected();
    std::string name = name_.value_or(
        natskv.given().context.value_or(config::environment("NATS_CONTEXT").value_or(selected)));
    if (name.empty())
      throw Failure(Exit::not_found, "no context is selected", "natskv context select NAME selects one");
    const Context context = contexts.load(name);
    std::string unsupported;
    for (const auto& field : context.unsupported) unsupported += (unsupported.empty() ? "" : ", ") + field;
    auto rows = natskv.rows(shown(), style);
    rows({&context, context.name == selected, shown_server(context), unsupported});
    rows.finish();
    return 0;
  }

  int add(Natskv& natskv, const config::Contexts& contexts) const {
    std::vector<std::string> warnings;
    const auto options = config::option_layer(natskv.given(), warnings);
    for (const auto& warning : warnings) natskv.warn(warning);
    const auto names = contexts.names();
    const bool exists = std::find(names.begin(), names.end(), *name_) != names.end();
    Context context;
    if (exists)
      context = contexts.load(*name_);
    else if (natskv.given().context)
      context = contexts.load(*natskv.given().context);
    context.name = *name_;
    if (description_) context.description = *description_;
    take(natskv.given(), options, context);
    contexts.save(context);
    natskv.note(fmt::format("context \"{}\" is {}", *name_, exists ? "changed" : "saved"));
    if (select_) contexts.select(*name_);
    return 0;
  }

  int remove(Natskv& natskv, const config::Contexts& contexts) const {
    natskv.require_consent(force_, fmt::format("removing context \"{}\"", *name_));
    const auto names = contexts.names();
    const bool exists = std::find(names.begin(), names.end(), *name_) != names.end();
    if (exists) natskv.confirm(force_, fmt::format("Remove context \"{}\"?", *name_));
    contexts.remove(*name_);
    natskv.note(fmt::format("removed context \"{}\"", *name_));
    return 0;
  }
};

}  // namespace

const Verb context{
    .name = "context",
    .aliases = {"ctx"},
    .group = Group::tools,
    .summary = "List, show, select, add and remove saved contexts",
    .description =
        "The nats tool's own files, in $XDG_CONFIG_HOME/nats/context (else ~/.config/nats/context): what one "
        "saves, "
        "the other uses.\n\nls lists them. show prints one (by default the one in use), secrets masked. "
        "select makes "
        "one the default for commands without --context. add saves the connection options that stand on its "
        "command "
        "line, in a file of mode 0600; of a context that exists it changes those fields only, and a new one "
        "starts as a "
        "copy of --context where that is given. The words of --jwt and --seed are stored, of "
        "other files "
        "the names. rm removes one; on a terminal it asks, elsewhere it needs --force.",
    .output =
        "Of ls the columns name, selected, description and server, with --names the names; of show a line "
        "for each field. JSON: an array, an object. select, add and rm print nothing.",
    .examples =
        "$ natskv -q context add here -s 127.0.0.1:4222 --description 'this machine'\n"
        "$ natskv context ls --names\nhere\n"
        "$ natskv context show here -j | jq -r .description\nthis machine\n",
    .make = make_action<ContextAction>,
};

}  // namespace natskv::commands
